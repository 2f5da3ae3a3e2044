"""A connection to a server: opened, written and read within limits of time."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ._address import Address
from ._errors import (
    BadAnswer,
    Closed,
    ConnectTimedOut,
    Cut,
    Disconnected,
    OwtError,
    TimedOut,
    Unreachable,
)
from ._http import Incoming, request_head
from ._proxy import Proxy

if TYPE_CHECKING:
    import ssl

#: The most that is read at once.
PIECE = 256 << 10


class Server:
    """What a connection needs to know of its server."""

    def __init__(
        self, address: Address, proxy: Proxy | None, context: ssl.SSLContext | None
    ) -> None:
        """Take the address, the proxy on the way there, and what TLS trusts."""
        self.address = address
        self.proxy = proxy
        self._context = context

    @property
    def called(self) -> str:
        """The server for messages."""
        through = f" (through the proxy {self.proxy.host}:{self.proxy.port})" if self.proxy else ""
        return f"{self.address.shown}{through}"

    def tls(self) -> ssl.SSLContext | None:
        """What TLS trusts, None for plain HTTP."""
        if self.address.scheme != "https" or self.address.socket is not None:
            return None
        if self._context is None:
            import ssl

            self._context = ssl.create_default_context()
        return self._context

    def tunnel(self) -> bytes | None:
        """What a proxy is sent before TLS begins, None where nothing is."""
        if self.proxy is None or self.address.scheme != "https":
            return None
        host = f"[{self.address.host}]" if ":" in self.address.host else self.address.host
        target = f"{host}:{self.address.port}"
        headers = {"Host": target}
        if self.proxy.key:
            headers["Proxy-Authorization"] = self.proxy.key
        return request_head("CONNECT", target, headers)

    def refused(self, status: int) -> Unreachable:
        """The error of a proxy that opens no tunnel."""
        return Unreachable(f"{self.called}: the proxy answered {status} instead of a connection")

    def unreachable(self, error: OSError) -> Unreachable:
        """The error of a connection that did not come about."""
        if isinstance(error, (TimeoutError, socket.timeout)):
            return ConnectTimedOut(f"{self.called}: no connection in time", error)
        return Unreachable(f"no answer at {self.called}: {error}", error)


class Limits(NamedTuple):
    """How long a call waits, in seconds; None is for ever."""

    #: For a connection.
    connect: float | None
    #: For the next bytes.
    silence: float | None
    #: `time.monotonic()` at which the answer has to be whole.
    deadline: float | None

    def next(self, called: str) -> float | None:
        """How long to wait for what comes next. Raises `TimedOut` when the time is over."""
        if self.deadline is None:
            return self.silence
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimedOut(f"{called} did not answer within the call's timeout")
        return left if self.silence is None else min(left, self.silence)

    def connecting(self, called: str) -> float | None:
        """How long to wait for a connection."""
        return self._replace(silence=self.connect).next(called)

    def passed(self, called: str) -> TimedOut:
        """The error of a wait that was too long."""
        is_over = self.deadline is not None and time.monotonic() >= self.deadline
        if self.silence is None or is_over:
            return TimedOut(f"{called} did not answer within the call's timeout")
        return TimedOut(f"{called} was silent for {self.silence:g} s")


class Connection:
    """A connection that is opened by the first call that needs it."""

    def __init__(self, server: Server) -> None:
        """Take the server."""
        self.server = server
        self.sock: socket.socket | None = None
        self.limits = Limits(None, None, None)
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._is_cut = False
        self._users = 0
        self._closing: socket.socket | None = None

    def open(self) -> None:
        """Connect, unless it is connected. Raises `Unreachable`."""
        if self.sock is not None:
            return
        self._opened(is_whole=True)

    def tunnel(self) -> socket.socket:
        """The socket of a new connection through the proxy, before TLS begins."""
        self._opened(is_whole=False)
        if self.sock is None:
            raise Closed("the call was closed while it was under way")
        return self.sock

    def _opened(self, *, is_whole: bool) -> None:
        limit = self.limits.connecting(self.server.called)
        try:
            self._connect(limit)
            self._enter_tunnel()
            context = self.server.tls() if is_whole else None
            if context is not None and self.sock is not None:
                self.sock = context.wrap_socket(self.sock, server_hostname=self.server.address.host)
        except OwtError:
            self.close()
            raise
        except (OSError, ValueError) as error:
            self.close()
            self._raise_cut()
            cause = error if isinstance(error, OSError) else OSError(str(error))
            raise self.server.unreachable(cause) from error
        self._raise_cut()

    def send(self, piece: bytes | bytearray | memoryview) -> None:
        """Write all of it. Raises `BrokenPipeError` or `ConnectionResetError` as they come."""
        try:
            with self._using() as sock:
                sock.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            self._raise_cut()
            raise
        except socket.timeout as error:
            raise self.limits.passed(self.server.called) from error
        except OSError as error:
            self._raise_cut()
            raise Disconnected(f"{self.server.called} took no more: {error}") from error

    def receive(self) -> bytes:
        """Some bytes, none at the end."""
        try:
            with self._using() as sock:
                piece = sock.recv(PIECE)
        except socket.timeout as error:
            raise self.limits.passed(self.server.called) from error
        except (OSError, ValueError) as error:
            self._raise_cut()
            raise Cut(f"the connection to {self.server.called} ended: {error}") from error
        self._raise_cut()
        return piece

    def hang_up(self) -> None:
        """End both directions, so that a thread that waits for the server goes on.

        From any thread, and for good.
        """
        with self._lock:
            self._is_cut = True
            # Of a connection that a fork copied, the parent's end goes on.
            if self.sock is not None and self._process == os.getpid():
                with contextlib.suppress(OSError):  # the other end may have ended it
                    # TLS's own would have plain bytes read from now on.
                    socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket, as soon as no thread is at it: its number may be another's then."""
        with self._lock:
            closing, self.sock = self.sock, None
            if self._users:
                self._closing = closing
                return
        if closing is not None:
            closing.close()

    def _raise_cut(self) -> None:
        if self._is_cut:
            raise Closed("the call was closed while it was under way")

    @contextlib.contextmanager
    def _using(self) -> Iterator[socket.socket]:
        limit = self.limits.next(self.server.called)
        with self._lock:
            self._raise_cut()
            if self.sock is None:
                raise Closed("the answer is closed")
            self._users += 1
            used = self.sock
        try:
            used.settimeout(limit)
            yield used
        finally:
            with self._lock:
                self._users -= 1
                closing, self._closing = self._closing, None
            if closing is not None:
                closing.close()

    def _connect(self, limit: float | None) -> None:
        address, proxy = self.server.address, self.server.proxy
        if address.socket is not None:
            self._take(socket.socket(socket.AF_UNIX), limit).connect(address.socket)
            return
        host, port = (proxy.host, proxy.port) if proxy else (address.host, address.port)
        failure: OSError | None = None
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        for family, kind, protocol, _, place in found:
            try:
                sock = self._take(socket.socket(family, kind, protocol), limit)
                sock.connect(place)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return
            except OSError as error:
                failure = failure or error
                self.close()
                self._raise_cut()
        raise failure or OSError(f"{host} has no address")

    def _take(self, sock: socket.socket, limit: float | None) -> socket.socket:
        """Note the socket before it is connected, so that another thread can end it."""
        with self._lock:
            self.sock = sock
        self._raise_cut()
        sock.settimeout(limit)
        return sock

    def _enter_tunnel(self) -> None:
        tunnel = self.server.tunnel()
        if tunnel is None or self.sock is None:
            return
        self.sock.sendall(tunnel)
        answer = Incoming(self.server.called)
        try:
            while not answer.begin():
                # Byte by byte: what follows is TLS's.
                answer.feed(self.sock.recv(1))
        except (BadAnswer, Cut, Disconnected) as error:
            raise Unreachable(f"no connection through the proxy: {error}") from error
        if answer.status != 200:
            raise self.server.refused(answer.status)
