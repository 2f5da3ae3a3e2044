"""Connections that are kept open from one call to the next."""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from typing import Final

from ._connection import Connection, Limits, Server

#: Connections that are kept while no call has them.
MOST: Final = 8
#: For how many seconds: servers and proxies end idle ones, and rarely sooner.
LONGEST: Final = 15.0


class Pool:
    """Connections to one server, which calls take and give back. For several threads."""

    def __init__(self, server: Server) -> None:
        """Take the server."""
        self._server = server
        self._begin()

    def _begin(self) -> None:
        # Reentrant: a signal's handler may call, or close, in the middle of it.
        self._lock = threading.RLock()
        self._process = os.getpid()
        #: With the time since when, the oldest first.
        self._idle: list[tuple[float, Connection]] = []

    def lease(self, limits: Limits) -> Lease:
        """A connection for one call: one that was kept, or one that its request opens."""
        while kept := self._take():
            if kept.sock is not None and is_quiet(kept.sock):
                kept.limits = limits
                return Lease(self, kept)
            kept.close()
        fresh = Connection(self._server)
        fresh.limits = limits
        return Lease(self, fresh)

    def _take(self) -> Connection | None:
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

    def keep(self, connection: Connection) -> None:
        """Take a connection back whose answer was read to its end."""
        if self._process != os.getpid():
            connection.close()  # leased before the fork: the parent goes on with it
            return
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

    def __init__(self, pool: Pool, connection: Connection) -> None:
        """Take the connection, and the pool that it may go back to."""
        self.connection = connection
        self._pool = pool
        self._lock = threading.RLock()
        self._is_cut = self._is_over = False

    def hang_up(self) -> None:
        """End both directions, so that a thread that waits for the server goes on.

        From any thread, and harmless when the call is over.
        """
        with self._lock:
            if not self._is_over:
                self._is_cut = True
                self.connection.hang_up()

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


def is_quiet(idle: socket.socket) -> bool:
    """False for a connection that the server has ended, or where it said what nobody asked."""
    with selectors.DefaultSelector() as selector:
        selector.register(idle, selectors.EVENT_READ)
        return not selector.select(0)


def _close(idle: list[tuple[float, Connection]]) -> None:
    for _, connection in idle:
        connection.close()
