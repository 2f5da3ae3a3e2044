"""Calls functions that a server publishes, from a program on asyncio's loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Generator, Mapping
from typing import TYPE_CHECKING, Any

from ._answer import Result
from ._errors import BadCall, NotFound
from ._named import FUNCTIONS, NamedFunction, Options, Source, in_source, path_of, signature
from ._named_results import LINES, STREAM, accept, decoder, value
from ._names import Description

if TYPE_CHECKING:
    from ._async_client import AsyncAnswer, AsyncClient
    from ._connection import Limits


class AsyncFunction(NamedFunction):
    """A function that the server publishes, as `Function`; its calls are awaited.

    What a generator gives is iterated by `async for`.
    """

    def __init__(self, client: AsyncClient, *named: Any) -> None:
        """Take the client, and what `NamedFunction` takes."""
        super().__init__(*named)
        self._client = client

    def __call__(self, *args: object, **named: object) -> AsyncCalled:
        """What the function gives, once it is awaited or iterated."""
        return AsyncCalled(self, args, named)

    async def with_response(self, *args: object, **named: object) -> Result:
        """What the function gives, with status, headers, the request's id and the timings."""
        async with await self._sent(args, named, accept()) as answer:
            given = value(
                await answer.read(), answer.content_type, answer.media, await self._known()
            )
            return Result(given, answer.status, answer.headers, answer.request_id, answer.timings)

    async def stream(self, *args: object, **named: object) -> AsyncAnswer:
        """The answer as it comes, as `AsyncClient.stream` gives it."""
        return await self._sent(args, named, "*/*")

    async def _known(self) -> Description | None:
        if self._told is None and self._source is None:
            self._told = await known(self._client, self.__qualname__)
            if self._told is not None:
                self.__signature__ = signature(self._told)
        return self._told

    async def _sent(
        self, args: tuple[object, ...], named: Mapping[str, object], asked: str
    ) -> AsyncAnswer:
        client = self._client
        await self._known()
        request = self._request(client, args, named, asked)
        limits = client.limits_of(self._options.timeout)
        try:
            return await client.deliver(request, limits)
        except BadCall as error:
            if self._is_nobody(client, error):
                raise client._names.missing(client._address.shown, self.__qualname__) from error
            raise
        except NotFound as error:
            if self._source is None or not self._is_gone(error):
                raise
            await put(client, self._source, limits)
            if request.body is not None and not request.body.is_lasting:
                raise
        return await client.deliver(request, limits)


class AsyncCalled:
    """A call that is made when it is awaited, or iterated by `async for` where it streams."""

    def __init__(
        self, function: AsyncFunction, args: tuple[object, ...], named: Mapping[str, object]
    ) -> None:
        """Take the function and its arguments."""
        self._function = function
        self._args = args
        self._named = named

    def __await__(self) -> Generator[Any, None, Any]:
        """What the function gives; an asynchronous iterator of what a generator gives."""
        return self._value().__await__()

    async def _value(self) -> Any:
        function = self._function
        told = await function._known()
        if function._streams:
            return aiter_of(await function._sent(self._args, self._named, STREAM))
        async with await function._sent(self._args, self._named, accept()) as answer:
            return value(await answer.read(), answer.content_type, answer.media, told)

    async def __aiter__(self) -> AsyncIterator[Any]:
        """The values of a generator, as they come."""
        function = self._function
        told = await function._known()
        if told is not None and not function._streams:
            raise TypeError(f"{function.__qualname__} gives one value: await it")
        async with await function._sent(self._args, self._named, STREAM) as answer:
            async for item in aiter_of(answer):
                yield item


async def aiter_of(answer: AsyncAnswer) -> AsyncIterator[Any]:
    """The values of JSON lines, events, pieces of text, or pieces of bytes."""
    async with answer:
        if answer.media in LINES:
            async for one in answer.lines():
                yield one
        elif answer.media == "text/event-stream":
            async for event in answer.events():
                yield event
        elif answer.media.startswith("text/"):
            text = decoder(answer.content_type)
            async for piece in answer:
                if decoded := text.decode(piece):
                    yield decoded
        else:
            async for piece in answer:
                yield piece


class AsyncModule:
    """A module that the server publishes, or a function of which nothing is known yet.

    Which of them it is nobody knows before the catalogue is read: the first call does that, and so
    does `await client.functions()`.
    """

    def __init__(self, client: AsyncClient, name: str) -> None:
        """Take the client and the name."""
        self._client = client
        self.__name__ = name

    def __call__(self, *args: object, **named: object) -> AsyncCalled:
        """Call the function of that name."""
        return self._client.function(self.__name__)(*args, **named)

    def __getattr__(self, name: str) -> Any:
        """The function or the module of that name."""
        if name.startswith("_"):
            raise AttributeError(name)
        return attribute(self._client, f"{self.__name__}.{name}")

    def __dir__(self) -> list[str]:
        """What is in it, as far as the catalogue was read."""
        return self._client._names.below(self.__name__)

    def __repr__(self) -> str:
        """Show its name and whose it is."""
        return f"<the functions {self.__name__} of {self._client!r}>"


class AsyncPublished:
    """Code that was sent, as `Published`; its functions' calls are awaited."""

    def __init__(self, client: AsyncClient, source: Source, told: list[Description]) -> None:
        """Take the client, the code, and what the server tells of it."""
        #: What the server calls it by: SHA-256 in hex.
        self.hash = source.hash
        self._functions = {
            name: AsyncFunction(client, name, path, one, Options.of(client, {}), source)
            for name, (path, one) in in_source(source, told).items()
        }

    def __getitem__(self, name: str) -> AsyncFunction:
        """The function of that name. Raises `KeyError`."""
        return self._functions[name]

    def __getattr__(self, name: str) -> AsyncFunction:
        """The function of that name; one that is called `hash` is `published["hash"]`."""
        if name.startswith("_") or name not in self._functions:
            has = ", ".join(self.__dict__.get("_functions", ())) or "none"
            raise AttributeError(f"the code publishes no {name}; its functions are: {has}")
        return self._functions[name]

    def __dir__(self) -> list[str]:
        """What is in it."""
        return sorted({"hash", *self._functions})


async def catalogue(client: AsyncClient) -> Any:
    """What the server publishes, read anew."""
    request = client.request_to("GET", FUNCTIONS, None, {"Accept": "application/json"})
    async with await client.deliver(request, client.limits_of(client._timeout)) as answer:
        told = await answer.json()
    client._names.keep(told)
    return told


async def known(client: AsyncClient, name: str) -> Description | None:
    """What is told of a function; the catalogue is read when it is wanted."""
    for pause in client._names.readings(name):
        await asyncio.sleep(pause)
        await catalogue(client)
    return client._names.get(name)


def function(client: AsyncClient, name: str, options: Mapping[str, Any]) -> AsyncFunction:
    """A function by its name. Raises `ValueError` for what is no name."""
    told = client._names.get(name)
    return AsyncFunction(client, name, path_of(name), told, Options.of(client, options))


def attribute(client: AsyncClient, name: str) -> AsyncFunction | AsyncModule:
    """The function of that name where it is known, else what may be one or a module."""
    if client._names.get(name) is not None:
        return function(client, name, {})
    return AsyncModule(client, name)


async def put(client: AsyncClient, source: Source, limits: Limits) -> list[Description]:
    """Sends code; gives what is told of its functions."""
    async with await client.deliver(source.request(client), limits) as answer:
        told: list[Description] = (await answer.json())["functions"]
        return told


async def publish(
    client: AsyncClient, code: str | os.PathLike[str], name: str | None, keep: bool
) -> AsyncPublished:
    """Sends code to be called by its hash."""
    source = Source.of(code, name, keep)
    told = await put(client, source, client.limits_of(client._timeout))
    return AsyncPublished(client, source, told)
