"""Waits in system calls that a cancelled call can be taken out of, on threads of owt's own.

Like `_waits`, in slices, and only on a thread that runs a call. Python's main thread needs none
of it: a signal reaches it in any system call. What waits elsewhere in native code, for a plain
`Lock` for instance, goes on until it has what it waits for, and keeps its thread so long.

Replaced are `select.select`, `select.poll` and `select.epoll` (and so `selectors`, asyncio and
all that is made with them), `queue.SimpleQueue`, and what receives from a blocking socket.
"""

from __future__ import annotations

import _socket
import itertools
import queue
import select
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

from ._waits import SLICE

_select, _poll, _epoll = select.select, select.poll, select.epoll


def install(is_call: Callable[[], bool]) -> None:
    """From now on threads wait in slices while `is_call()` is true on them."""
    module: Any = select
    module.select = _Select(is_call)
    module.poll = _polling(_poll, 1e-3, is_call)
    module.epoll = _polling(_epoll, 1.0, is_call)
    found: Any = selectors
    found.PollSelector._selector_cls = module.poll
    found.EpollSelector._selector_cls = module.epoll
    queues: Any = queue
    queues.SimpleQueue = _simple_queue(is_call)
    for name in ("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "_accept"):
        setattr(socket.socket, name, _receiving(getattr(_socket.socket, name), is_call))
    secure: Any = ssl.SSLSocket
    secure.read = _reading(secure.read, is_call)


def _slices(seconds: float | None) -> Iterator[float]:
    """Cut that time, or all time, into slices; the last one is 0."""
    if seconds is None:
        yield from itertools.repeat(SLICE)
        return
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        yield min(left, SLICE)
    yield 0


class _Select:
    """In the place of `select.select`: a callable that is no method of whoever keeps it."""

    def __init__(self, is_call: Callable[[], bool]) -> None:
        self._is_call = is_call

    def __call__(self, *args: Any) -> Any:
        timeout = args[3] if len(args) == 4 else None
        if len(args) < 3 or not self._is_call() or not _is_long(timeout):
            return _select(*args)
        for part in _slices(timeout):
            ready = _select(args[0], args[1], args[2], part)
            if any(ready):
                break
        return ready

    def __repr__(self) -> str:
        return repr(_select)


def _is_long(seconds: Any) -> bool:
    """Whether it needs slices. False for what the originals refuse: they do it best."""
    return seconds is None or (isinstance(seconds, (int, float)) and seconds > SLICE)


def _polling(kind: Any, unit: float, is_call: Callable[[], bool]) -> Any:
    """Give a class like `select.poll` or `select.epoll`, whose times are in that unit."""

    class Polling:
        def __init__(self, *args: Any, **named: Any) -> None:
            self._own = kind(*args, **named)

        @classmethod
        def fromfd(cls, fd: int) -> Any:
            made = cls.__new__(cls)
            made._own = kind.fromfd(fd)
            return made

        def poll(self, timeout: Any = None, *rest: Any, **named: Any) -> Any:
            own = self._own
            if not is_call():
                return own.poll(timeout, *rest, **named)
            ends = isinstance(timeout, (int, float)) and timeout >= 0
            seconds = timeout * unit if ends else None
            if not (ends or timeout is None or isinstance(timeout, (int, float))) or not _is_long(
                seconds
            ):
                return own.poll(timeout, *rest, **named)
            for part in _slices(seconds):
                ready = own.poll(part / unit, *rest, **named)
                if ready:
                    break
            return ready

        def __enter__(self) -> Any:
            self._own.__enter__()
            return self

        def __exit__(self, *why: object) -> None:
            self._own.__exit__(*why)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._own, name)

    Polling.__name__ = Polling.__qualname__ = kind.__name__
    Polling.__module__ = "select"
    return Polling


def _simple_queue(is_call: Callable[[], bool]) -> Any:
    original: Any = queue.SimpleQueue

    class SimpleQueue(original):  # type: ignore[misc]
        __slots__ = ()

        def get(self, block: bool = True, timeout: Any = None) -> Any:
            if not block or not is_call() or not _is_long(timeout):
                return super().get(block, timeout)
            for part in _slices(timeout):
                try:
                    return super().get(part > 0, part or None)
                except queue.Empty:
                    pass
            raise queue.Empty

    SimpleQueue.__qualname__, SimpleQueue.__module__ = "SimpleQueue", "_queue"
    return SimpleQueue


def _receiving(original: Any, is_call: Callable[[], bool]) -> Any:
    def receive(self: Any, *args: Any, **named: Any) -> Any:
        if is_call() and _is_long(self.gettimeout()):
            _await_bytes(self)
        return original(self, *args, **named)

    receive.__name__, receive.__doc__ = original.__name__, original.__doc__
    return receive


def _reading(original: Any, is_call: Callable[[], bool]) -> Any:
    def read(self: Any, *args: Any, **named: Any) -> Any:
        if is_call() and _is_long(self.gettimeout()) and not (self._sslobj and self.pending()):
            _await_bytes(self)
        return original(self, *args, **named)

    read.__name__, read.__doc__ = original.__name__, original.__doc__
    return read


def _await_bytes(self: Any) -> None:
    """Wait until there is something to receive. Raises TimeoutError as the original does."""
    waiting = _poll()
    try:
        waiting.register(self.fileno(), select.POLLIN)
    except ValueError:  # closed: receiving says so
        return
    if not any(waiting.poll(part * 1e3) for part in _slices(self.gettimeout())):
        raise TimeoutError("timed out")
