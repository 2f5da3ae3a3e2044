"""Connections on asyncio's loop, kept open from one call to the next."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from typing import Any
from weakref import WeakKeyDictionary

from ._connection import Connection, Limits, Server
from ._errors import Closed, Cut, OwtError
from ._pool import LONGEST, MOST, is_quiet

#: What is held for a reader that is slow, in bytes; then the server waits.
_HELD = 1 << 20


class AsyncConnection(asyncio.Protocol):
    """A connection of one loop. What waits on it waits within limits of time."""

    def __init__(self, server: Server, limits: Limits) -> None:
        """Take the server, and how long the call waits."""
        self.server = server
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._pieces: list[bytes] = []
        self._held = 0
        self._is_full = self._is_paused = False
        self._ended = self._is_cut = False
        self._error: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Connect. Raises `Unreachable`, of which `ConnectTimedOut` is one."""
        limit = self.limits.connecting(self.server.called)
        begun = time.monotonic()
        try:
            sock = await self._tunnel() if self.server.tunnel() is not None else None
            left = None if limit is None else max(0.0, limit - (time.monotonic() - begun))
            opening = asyncio.ensure_future(self._opening(sock))
            try:
                done, _ = await asyncio.wait({opening}, timeout=left)
            except BaseException:
                opening.cancel()
                raise
            if not done:
                opening.cancel()
                raise self.server.unreachable(TimeoutError())
            await opening
        except OwtError:
            self.abort()
            raise
        except (OSError, ValueError) as error:
            self.abort()
            cause = error if isinstance(error, OSError) else OSError(str(error))
            raise self.server.unreachable(cause) from error
        except BaseException:
            self.abort()
            raise

    async def _opening(self, sock: Any) -> None:
        address, proxy = self.server.address, self.server.proxy
        tls = self.server.tls()
        name = address.host if tls is not None else None
        if address.socket is not None:
            await self.loop.create_unix_connection(lambda: self, address.socket)
        elif sock is not None:
            await self.loop.create_connection(
                lambda: self, sock=sock, ssl=tls, server_hostname=name
            )
        else:
            host, port = (proxy.host, proxy.port) if proxy else (address.host, address.port)
            await self.loop.create_connection(
                lambda: self, host, port, ssl=tls, server_hostname=name
            )

    async def _tunnel(self) -> Any:
        """A socket through the proxy: its few words are said on a thread."""
        plain = Connection(self.server)
        plain.limits = self.limits
        opening = self.loop.run_in_executor(None, plain.tunnel)
        try:
            sock = await asyncio.shield(opening)
        except asyncio.CancelledError:
            plain.hang_up()
            opening.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise
        sock.setblocking(False)
        return sock

    def connection_made(self, transport: Any) -> None:
        """Take what asyncio made."""
        self._transport = transport
        if self._is_cut:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Hold what has come until it is read."""
        self._pieces.append(data)
        self._held += len(data)
        if self._held > _HELD and not self._is_full:
            self._is_full = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._wake()

    def connection_lost(self, error: BaseException | None) -> None:
        """Neither will anything be taken."""
        self._ended = True
        self._error = error
        self._wake()

    def pause_writing(self) -> None:
        """Wait with what is to be sent."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """Send on."""
        self._is_paused = False
        self._wake()

    @property
    def has_ended(self) -> bool:
        """Whether the other end has."""
        return self._ended

    @property
    def has_more(self) -> bool:
        """Whether something has come that nobody has read."""
        return bool(self._pieces)

    @property
    def is_fresh(self) -> bool:
        """Whether it can be used once more: nothing has come unasked, and no end."""
        if self._ended or self._pieces or self._transport is None or self._transport.is_closing():
            return False
        return is_quiet(self._transport.get_extra_info("socket"))

    async def send(self, piece: Any) -> None:
        """Write all of it. What is not taken is noticed by who reads the answer."""
        while self._is_paused and not self._ended:
            await self._wait()
        self._raise_cut()
        if not self._ended:
            self._transport.write(piece)

    async def receive(self) -> bytes:
        """Some bytes, none at the end."""
        while not self._pieces:
            self._raise_cut()
            if self._error is not None:
                raise Cut(f"the connection to {self.server.called} ended: {self._error}")
            if self._ended:
                return b""
            await self._wait()
        self._raise_cut()
        found, self._pieces = b"".join(self._pieces), []
        self._held = 0
        if self._is_full:
            self._is_full = False
            self._transport.resume_reading()
        return found

    def abort(self) -> None:
        """End it at once; who waits for it gets `Closed`."""
        self._is_cut = True
        if self._transport is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                self._transport.abort()
        self._wake()

    def _raise_cut(self) -> None:
        if self._is_cut:
            raise Closed("the call was closed while it was under way")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self) -> None:
        limit = self.limits.next(self.server.called)
        self._waiter = self.loop.create_future()
        done, _ = await asyncio.wait({self._waiter}, timeout=limit)
        if not done:
            raise self.limits.passed(self.server.called)


class AsyncPool:
    """Connections to one server, which calls take and give back. Each loop has its own."""

    def __init__(self, server: Server) -> None:
        """Take the server."""
        self._server = server
        self._homes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Home] = WeakKeyDictionary()

    async def lease(self, limits: Limits) -> AsyncConnection:
        """A connection for one call: one that was kept, or a new one."""
        loop = asyncio.get_running_loop()
        home = self._homes.get(loop)
        if home is None:
            home = self._homes[loop] = _Home()
            # A loop that ends closes the generators that were begun on it.
            home.end = _until_the_end(home)
            await home.end.__anext__()
        if kept := home.take():
            kept.limits = limits
            return kept
        fresh = AsyncConnection(self._server, limits)
        await fresh.open()
        return fresh

    def keep(self, connection: AsyncConnection) -> None:
        """Take a connection back whose answer was read to its end."""
        home = self._homes.get(connection.loop)
        if home is None:
            connection.abort()
        else:
            home.keep(connection)

    def close(self) -> None:
        """End the connections that no call has."""
        for loop, home in list(self._homes.items()):
            with contextlib.suppress(RuntimeError):  # the loop is closed, and they with it
                loop.call_soon_threadsafe(home.close)


class _Home:
    """The idle connections of one loop."""

    def __init__(self) -> None:
        self.end: AsyncGenerator[None, None] | None = None
        #: With the time since when, the oldest first.
        self._idle: list[tuple[float, AsyncConnection]] = []

    def take(self) -> AsyncConnection | None:
        while self._idle:
            since, kept = self._idle.pop()
            if time.monotonic() - since < LONGEST and kept.is_fresh:
                return kept
            kept.abort()
        return None

    def keep(self, connection: AsyncConnection) -> None:
        self._idle.append((time.monotonic(), connection))
        surplus, self._idle = self._idle[:-MOST], self._idle[-MOST:]
        for _, old in surplus:
            old.abort()

    def close(self) -> None:
        idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.abort()


async def _until_the_end(home: _Home) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        home.close()
