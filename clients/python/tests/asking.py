"""Both clients by the same words, so that a test holds for either."""

from __future__ import annotations

import asyncio
from typing import Any

from owt.client import AsyncClient, Client


class Sync:
    """`Client`."""

    def __init__(self, address: str, **options: Any) -> None:
        self.client = Client(address, **options)

    def call(self, code: str, *values: object, **options: Any) -> Any:
        """The plain call."""
        return self.client(code, *values, **options)

    def ask(self, how: str, code: str, *values: object, **options: Any) -> list[Any]:
        """What the answer's method `how` gives; of what streams each item as it comes."""
        got: list[Any] = []
        self.into(got, how, code, *values, **options)
        return got

    def into(self, got: list[Any], how: str, code: str, *values: object, **options: Any) -> None:
        """The same, appended to `got`, which has what came before an error."""
        with self.client.stream(code, *values, **options) as answer:
            found = getattr(answer, how)()
            if how in ("lines", "events"):
                for item in found:
                    got.append(item)
            else:
                got.append(found)


class Async(Sync):
    """`AsyncClient`, each call on a loop of its own."""

    def __init__(self, address: str, **options: Any) -> None:
        self.client = AsyncClient(address, **options)  # type: ignore[assignment]

    def call(self, code: str, *values: object, **options: Any) -> Any:
        async def call() -> Any:
            return await self.client(code, *values, **options)

        return asyncio.run(call())

    def into(self, got: list[Any], how: str, code: str, *values: object, **options: Any) -> None:
        async def ask() -> None:
            async with self.client.stream(code, *values, **options) as answer:  # type: ignore
                found = getattr(answer, how)()
                if how in ("lines", "events"):
                    async for item in found:
                        got.append(item)
                else:
                    got.append(await found)

        asyncio.run(ask())


BOTH = [Sync, Async]
