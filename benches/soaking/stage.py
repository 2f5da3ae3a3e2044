"""Scenes: calls that belong together, beside those of all others."""

import asyncio
import itertools
import json
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .calls import CUT, LOST, RIGHT, suffered
from .wire import Client, Reply, WrongError

FIND = """
import importlib.util
def run(n):
    return [name for name in {names!r} if importlib.util.find_spec(name)]
"""


class SufferedError(Exception):
    """A worker died, as they do in this run: the scene is over, and nothing is wrong."""


@dataclass
class Stage:
    """What scenes share: a server, the folder that it serves, and one that it does not."""

    port: int
    library: Path
    aside: Path
    workers_die: bool = False
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def call(self, code: str, n: int = 0, **fields: Any) -> Reply:
        """The answer to a call on a connection of its own."""
        return await self._with(lambda client: client.call(code, n, **fields))

    async def upload(self, code: str, n: int, data: bytes, path: str) -> Reply:
        return await self._with(lambda client: client.upload(code, n, data, path=path))

    async def right(self, code: str, texts: str | Iterable[str], n: int = 0, **fields: Any) -> str:
        """A call whose answer must be that text, or one of those."""
        return self.is_right(await self.call(code, n, **fields), texts)

    def is_right(self, reply: Reply, texts: str | Iterable[str]) -> str:
        """Which of the texts it is."""
        texts = [texts] if isinstance(texts, str) else [*texts]
        told = reply.body.decode(errors="replace")
        if reply.status == 200 and not reply.cut and told in texts:  # noqa: PLR2004
            return told
        self._refuse(reply)
        raise WrongError(f"{' or '.join(map(repr, texts))} wanted, but: {reply}")

    async def cut(self, code: str, timeout: float, n: int = 0, **fields: Any) -> None:
        """A call whose deadline passes."""
        reply = await self.call(code, n, timeout=timeout, **fields)
        if reply.slug != CUT:
            self._refuse(reply)
            raise WrongError(f"{fields}: a deadline wanted, but: {reply}")

    async def maybe_cut(self, code: str, text: str, *, most: float) -> bool:
        """A call whose deadline passes at some time of its first seconds, or is met."""
        reply = await self.call(code, timeout=round(random.uniform(0.01, most), 3))
        if reply.slug != CUT:
            self.is_right(reply, text)
        return reply.slug == CUT

    async def has(self, *names: str) -> list[str]:
        """Those of the packages that adaptors find."""
        reply = await self.call(FIND.format(names=names))
        if reply.status != 200:  # noqa: PLR2004
            self._refuse(reply)
            raise WrongError(str(reply))
        found: list[str] = json.loads(reply.body)
        return found

    async def _with(self, ask: Callable[[Client], Awaitable[Reply]]) -> Reply:
        client = Client(self.port)
        try:
            return await ask(client)
        finally:
            client.leave()

    def _refuse(self, reply: Reply) -> None:
        if self.workers_die and (reply.cut or suffered(reply)):
            raise SufferedError


@dataclass(frozen=True)
class Scene:
    """It begins again `pause_s` after it ended; `keeps` processes of it may stay in each worker.

    What `play` gives is how it ended, if there is more to say than that it was right.
    """

    name: str
    play: Callable[[Stage], Awaitable[str | None]]
    pause_s: float = 0.05
    keeps: int = 0

    async def act(self, stage: Stage) -> str:
        try:
            return await self.play(stage) or RIGHT
        except SufferedError:
            return LOST


async def together(*calls: Awaitable[Any]) -> list[Any]:
    """All of them at once, each to its end; the first that was wrong is told."""
    ended = await asyncio.gather(*calls, return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one
    return ended
