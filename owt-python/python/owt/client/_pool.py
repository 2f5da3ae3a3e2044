"""Connections that are kept open from one call to the next."""

from __future__ import annotations

import contextlib
import http.client
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

#: Connections that are kept while no call has them.
MOST: Final = 8
#: For how many seconds: servers and proxies end idle ones, and rarely sooner.
LONGEST: Final = 15.0

Connect = Callable[[float | None], http.client.HTTPConnection]


class Pool:
    """Connections to one server, which calls take and give back. For several threads."""

    def __init__(self, connect: Connect) -> None:
        """Take what makes a connection, not open yet, with a timeout in seconds."""
        self._connect = connect
        self._begin()

    def _begin(self) -> None:
        # Reentrant: a signal's handler may call, or close, in the middle of it.
        self._lock = threading.RLock()
        self._process = os.getpid()
        #: With the time since when, the oldest first.
        self._idle: list[tuple[float, http.client.HTTPConnection]] = []

    def lease(self, timeout: float | None) -> Lease:
        """A connection for one call: one that was kept, or one that its request opens."""
        while kept := self._take():
            if _is_quiet(kept.sock):
                kept.timeout = timeout
                kept.sock.settimeout(timeout)
                return Lease(self, kept)
            kept.close()
        return Lease(self, self._connect(timeout))

    def _take(self) -> http.client.HTTPConnection | None:
        if self._process != os.getpid():
            # Forked off, perhaps while the lock was held. What is idle is the parent's.
            idle = self._idle
            self._begin()
            _close(idle)
        with self._lock:
            fresh = time.monotonic() - LONGEST
            old = [one for one in self._idle if one[0] < fresh]
            self._idle = self._idle[len(old) :]
            kept = self._idle.pop()[1] if self._idle else None
        _close(old)
        return kept

    def keep(self, connection: http.client.HTTPConnection) -> None:
        """Take a connection back whose answer was read to its end."""
        with self._lock:
            self._idle.append((time.monotonic(), connection))
            surplus = self._idle[:-MOST]
            self._idle = self._idle[-MOST:]
        _close(surplus)

    def close(self) -> None:
        """End the connections that no call has."""
        with self._lock:
            idle, self._idle = self._idle, []
        _close(idle)


class Lease:
    """A connection, for as long as one call has it."""

    def __init__(self, pool: Pool, connection: http.client.HTTPConnection) -> None:
        """Take the connection, and the pool that it may go back to."""
        self.connection = connection
        #: Noted when the request is sent: a connection that is to end forgets its socket.
        self.socket: socket.socket | None = connection.sock
        self._pool = pool
        self._lock = threading.RLock()
        self._is_cut = self._is_over = False

    def hang_up(self) -> None:
        """End both directions, so that a thread that waits for the server goes on.

        From any thread, and harmless when the call has no connection yet or any more.
        """
        with self._lock:
            open_socket = self.socket or self.connection.sock
            if open_socket is not None and not self._is_over:
                self._is_cut = True
                with contextlib.suppress(OSError):  # the other end may have ended it
                    open_socket.shutdown(socket.SHUT_RDWR)

    def end(self, *, whole: bool = False) -> None:
        """The call needs it no longer; when its answer was `whole`, another may have it."""
        if not whole:
            self.hang_up()
        with self._lock:
            was_over, self._is_over = self._is_over, True
        if was_over:
            return
        if whole and not self._is_cut and self.connection.sock is not None:
            self._pool.keep(self.connection)
        else:
            self.connection.close()


def _is_quiet(idle: socket.socket) -> bool:
    """False for a connection that the server has ended, or where it said what nobody asked."""
    with selectors.DefaultSelector() as selector:
        selector.register(idle, selectors.EVENT_READ)
        return not selector.select(0)


def _close(idle: list[tuple[float, http.client.HTTPConnection]]) -> None:
    for _, connection in idle:
        connection.close()
