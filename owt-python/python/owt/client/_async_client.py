"""The client on asyncio: many calls at once on one thread. Nothing but the standard library."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Generator, Mapping
from typing import TYPE_CHECKING, Any, cast, overload

from . import _errors, _events, _values
from ._answer import MOST_ERROR, PIECE, Head, Result, unpacker
from ._async_connection import AsyncConnection, AsyncPool
from ._call import Call
from ._caller import JSON, LAST_CHUNK, PLAIN, Caller, Request, chunk, with_accept
from ._connection import Limits
from ._errors import OwtError
from ._events import Event, EventReader, Lines
from ._http import Incoming
from ._multipart import Data, File, is_in_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import TypeVar

    from typing_extensions import ParamSpec, Self

    from ._async_functions import AsyncFunction, AsyncModule, AsyncPublished

    P = ParamSpec("P")
    R = TypeVar("R")


class AsyncAnswer(Head):
    """A response whose body is read as it comes, once, by one of its methods.

    To iterate it by `async for` gives pieces of bytes. The end of an `async with` block, or
    `close()`, ends it, and the server cancels a call that still runs. Everything that reads raises
    `Cut` when the body was cut: the call failed in the middle.
    """

    def __init__(
        self,
        pool: AsyncPool,
        connection: AsyncConnection,
        incoming: Incoming,
        *,
        is_taken: bool = True,
    ) -> None:
        """Take the connection, the pool it goes back to, and the response, whose head has come.

        `is_taken` is false when the server has not read all of the request.
        """
        super().__init__(incoming, connection.server.called)
        self._pool = pool
        self._connection = connection
        self._incoming = incoming
        self._is_taken = is_taken
        self._is_over = False
        self._unpack = unpacker(incoming.headers.get("Content-Encoding"), self._called)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Pieces of the body, as they come."""
        try:
            while piece := await self.read(PIECE):
                yield piece
        finally:
            self.close()

    async def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, as soon as there are some; by default all that is left."""
        if size < 0:
            return b"".join([piece async for piece in self])
        while size:
            if self._unpack is None:
                return await self._take(size)
            if unpacked := self._unpack(b"", size):
                return unpacked
            piece = await self._take(PIECE)
            if not piece:
                self._unpack.end()
                break
            if unpacked := self._unpack(piece, size):
                return unpacked
        return b""

    async def _take(self, size: int) -> bytes:
        try:
            while (piece := self._incoming.take(size)) is None:
                self._incoming.feed(await self._connection.receive())
        except BaseException:
            self.close()
            raise
        return piece

    async def text(self) -> str:
        """The body as text."""
        return _values.text(await self.read(), self.content_type)

    async def json(self) -> Any:
        """The body as JSON, parsed."""
        return _values.parsed_json(await self.read(), self.content_type)

    async def lines(self) -> AsyncIterator[Any]:
        """The values of a body of JSON lines, each as soon as it is there."""
        async for line in self.text_lines():
            if line.strip():
                yield _values.parsed_json(line, self.content_type)

    def events(self) -> AsyncIterator[Event]:
        """Server-sent events (WHATWG HTML, 9.2), each as soon as it is there.

        Raises `BadAnswer` for what is no event stream, and the problem that an event named
        `error` brings.
        """
        _events.refuse_others(self.media, self.content_type)
        return self._events()

    async def _events(self) -> AsyncIterator[Event]:
        reader = EventReader()
        async for line in self._lines("utf-8"):
            event = reader.read(line)
            if event is not None:
                yield event

    def text_lines(self) -> AsyncIterator[str]:
        """The lines of the body, each as soon as it is there, without their ends.

        A line ends with CR, LF or both.
        """
        return self._lines(_values.charset(self.content_type))

    async def _lines(self, charset: str) -> AsyncIterator[str]:
        lines = Lines(charset)
        try:
            while piece := await self.read(PIECE):
                for line in lines.feed(piece):
                    yield line
            for line in lines.end():
                yield line
        finally:
            self.close()

    async def value(self) -> Any:
        """The body by its type: parsed JSON, text, or bytes."""
        return _values.value(await self.read(), self.content_type, self.media)

    async def result(self) -> Result:
        """The value, with what the answer said beside it."""
        value = await self.value()
        return Result(value, self.status, self.headers, self.request_id, self.timings)

    async def error(self) -> OwtError:
        """The body as an error. Of one that was cut, what came."""
        body = b""
        try:
            while len(body) < MOST_ERROR and (piece := await self.read(PIECE)):
                body += piece
        except OwtError as error:
            if not body and isinstance(error, _errors.TimedOut):
                return error
        self.close()
        text = _values.text(body, self.content_type)
        return _errors.of_body(self.status, self.media, text, self.headers)

    def close(self) -> None:
        """Ends the answer; the server cancels a call that still runs.

        The connection ends with it, unless the body was read to its end.
        """
        if self._is_over:
            return
        self._is_over = True
        if self._is_taken and self._incoming.is_reusable:
            self._pool.keep(self._connection)
        else:
            self._connection.abort()

    async def aclose(self) -> None:
        """Close."""
        self.close()

    async def __aenter__(self) -> Self:
        """Give itself; the end of the block closes it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        self.close()


class Begun:
    """A call whose answer is awaited, or entered by `async with`, which closes it."""

    def __init__(self, send: Callable[[], Any]) -> None:
        """Take what sends the call."""
        self._send = send
        self._answer: AsyncAnswer | None = None

    def __await__(self) -> Generator[Any, None, AsyncAnswer]:
        """Wait for the answer's head."""
        answer: AsyncAnswer = yield from self._send().__await__()
        return answer

    async def __aenter__(self) -> AsyncAnswer:
        """Wait for the answer's head."""
        self._answer = await self
        return self._answer

    async def __aexit__(self, *_: object) -> None:
        """Close the answer."""
        if self._answer is not None:
            self._answer.close()


class AsyncClient(Caller):
    """Calls the owt at `address`, as `Client` does and with the same options, on asyncio's loop.

    A task that is cancelled cancels its call on the server. A client may be used by many tasks at
    once, of any loop. It keeps connections for the next calls, some seconds long, until it is
    closed: by `close`, or the end of an `async with` block.
    """

    def _begin(self) -> None:
        self._pool = AsyncPool(self._server)

    @classmethod
    def like(cls, other: Caller) -> Self:
        """A client of the same server, with the same keys and limits."""
        made = cls.__new__(cls)
        made._share(other)
        return made

    async def __call__(
        self,
        code: str,
        /,
        *values: object,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Any:
        """What the call gives: a value of Python's, text, or bytes. Takes what `stream` takes."""
        asking = with_accept(PLAIN, headers)
        async with self.stream(code, *values, headers=asking, **options) as answer:
            return await answer.value()

    async def json(
        self,
        code: str,
        /,
        *values: object,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Any:
        """What the call gives as JSON, parsed, which the server is asked for: a frame is records.

        Takes what `stream` takes.
        """
        asking = with_accept(JSON, headers)
        async with self.stream(code, *values, headers=asking, **options) as answer:
            return await answer.json()

    async def with_response(
        self,
        code: str,
        /,
        *values: object,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Result:
        """What the call gives, with status, headers, the request's id and the server's timings.

        Takes what `stream` takes.
        """
        asking = with_accept(PLAIN, headers)
        async with self.stream(code, *values, headers=asking, **options) as answer:
            return await answer.result()

    def stream(
        self,
        code: str,
        /,
        *values: object,
        method: str = "POST",
        data: Data | None = None,
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, File | list[File]] | None = None,
        **options: Any,
    ) -> Begun:
        """The call's answer as it comes: `async with client.stream(...) as answer`, or awaited.

        Takes what `Client.stream` takes; `data` may be an async iterable of bytes, too.
        """
        call = self.prepare(code, *values, **options)
        return Begun(lambda: self.send(call, method, data, headers, files))

    @overload
    def remote(self, function: type[Any], /) -> type[Any]: ...

    @overload
    def remote(
        self, function: Callable[P, Coroutine[Any, Any, R]], /
    ) -> Callable[P, Coroutine[Any, Any, R]]: ...

    # Of what is no coroutine, an iterator is the special case.
    @overload
    def remote(  # type: ignore[overload-overlap]
        self, function: Callable[P, AsyncIterator[R]], /
    ) -> Callable[P, AsyncIterator[R]]: ...

    @overload
    def remote(  # type: ignore[overload-overlap]
        self, function: Callable[P, Iterator[R]], /
    ) -> Callable[P, AsyncIterator[R]]: ...

    @overload
    def remote(self, function: Callable[P, R], /) -> Callable[P, Coroutine[Any, Any, R]]: ...

    @overload
    def remote(self, /, **options: Any) -> Callable[[Callable[P, Any]], Callable[P, Any]]: ...

    def remote(self, function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Have a function of this program run on the server, as `Client.remote` does.

        What it makes is awaited, or iterated by `async for`, whatever the function is here.
        """
        from ._remote import remote_async

        if function is None:
            return lambda function: remote_async(self, function, options)
        return remote_async(self, function, options)

    async def functions(self) -> Any:
        """What the server publishes, as its catalogue tells it: `functions`, `errors`, `ready`.

        Names, `dir()`, `help()` and signatures of what is called by its name are known from then
        on.
        """
        from . import _async_functions

        return await _async_functions.catalogue(self)

    def function(self, name: str, /, **options: Any) -> AsyncFunction:
        """The function of that name, as `Client.function`. Its calls are awaited."""
        from . import _async_functions

        return _async_functions.function(self, name, options)

    async def publish(
        self, code: str | os.PathLike[str], /, *, name: str | None = None, keep: bool = False
    ) -> AsyncPublished:
        """Sends code whose functions are then called by the code's hash, as `Client.publish`."""
        from . import _async_functions

        return await _async_functions.publish(self, code, name, keep)

    def __getattr__(self, name: str) -> AsyncModule:
        """A module that the server publishes: `await client.tools.add(1, y=2)`."""
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        from . import _async_functions

        found: Any = _async_functions.attribute(self, name)
        return cast("AsyncModule", found)

    def __dir__(self) -> list[str]:
        """What the client has, and the modules that were read of the catalogue."""
        return sorted({*super().__dir__(), *self._names.below("")})

    def close(self) -> None:
        """Ends the connections that no call has. The next call opens a new one."""
        self._pool.close()

    async def aclose(self) -> None:
        """Close."""
        self.close()

    async def __aenter__(self) -> Self:
        """Give itself; the end of the block closes it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        self.close()

    async def send(
        self,
        call: Call,
        method: str = "POST",
        data: Data | None = None,
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, File | list[File]] | None = None,
    ) -> AsyncAnswer:
        """Sends a call that was prepared. Takes what `stream` takes."""
        request = self.request(call, method, data, headers, files)
        return await self.deliver(request, self.limits(call))

    async def deliver(self, request: Request, limits: Limits) -> AsyncAnswer:
        """Sends a request, and again where nothing of it has run."""
        attempt = 0
        while True:
            try:
                return await self._send(request, limits)
            except OwtError as error:
                pause = self.pause(error, request, limits, attempt)
                if pause is None:
                    raise
            attempt += 1
            await asyncio.sleep(pause)

    async def _send(self, request: Request, limits: Limits) -> AsyncAnswer:
        connection = await self._pool.lease(limits)
        try:
            incoming = Incoming(self._server.called)
            is_taken = await _write(connection, request, incoming)
            while not incoming.begin():
                incoming.feed(await connection.receive())
            answer = AsyncAnswer(self._pool, connection, incoming, is_taken=is_taken)
        except BaseException:
            connection.abort()
            raise
        try:
            if refusal := answer.refusal():
                raise refusal
            if answer.status >= 400:
                raise await answer.error()
        except BaseException:
            answer.close()
            raise
        return answer


async def _write(connection: AsyncConnection, request: Request, incoming: Incoming) -> bool:
    """Send it all, unless the server answers or ends before: then it gives False."""
    await connection.send(request.head)
    if request.body is None:
        return True
    async for piece in _pieces(request.body.pieces):
        if connection.has_more:
            incoming.feed(await connection.receive())
            if incoming.begin():
                return False
        if connection.has_ended:
            return False
        await connection.send(chunk(piece) if request.is_chunked else piece)
    if request.is_chunked:
        await connection.send(LAST_CHUNK)
    return True


async def _pieces(pieces: Any) -> AsyncIterator[Any]:
    """The pieces of a body; a file's are read on a thread."""
    if hasattr(pieces, "__aiter__"):
        async for piece in pieces:
            yield piece
        return
    if is_in_memory(pieces):
        for piece in pieces:
            yield piece
        return
    reader = iter(pieces)
    while (piece := await asyncio.to_thread(next, reader, None)) is not None:
        yield piece
