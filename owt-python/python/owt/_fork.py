"""A child that an adaptor forks is no server: what it inherited of one is taken from it, once.

What is forked off such a child is its own affair: descriptors, signal handlers and streams that
it has are those that it wants, and stay. Programs that a child starts without Python's own fork
(`subprocess`, `os.posix_spawn`, the servers of multiprocessing's `forkserver` and `spawn`) inherit
nothing of the server, for it opens all with close-on-exec.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import sys
import threading
from collections.abc import Callable

from . import _log

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Hook:
    """What the hook, which can be registered but never removed, is to do."""

    def __init__(self) -> None:
        self.forked: Callable[[], None] | None = None
        self.end: int | str = 0
        self.registered = False

    def __call__(self) -> None:
        # An exception here would only be printed; each step stands alone so that one failing
        # does not keep the others from being done.
        for step in (_become_main_thread, _forget_executors):
            with contextlib.suppress(Exception):
                step()
        forked, self.forked = self.forked, None
        if forked is None:
            return
        for step in (forked, _log.leave_server, _reset_signals, self._close_sockets):
            with contextlib.suppress(Exception):
                step()

    def _close_sockets(self) -> None:
        close_sockets(self.end)


_hook = _Hook()


def install(forked: Callable[[], None], end: int | str) -> None:
    """From now on every forked child calls `forked`, gets the real stdio and default signals,
    and closes the server's sockets: its listener and its clients' connections at `end`, a TCP
    port or the path of a Unix socket."""
    _hook.forked, _hook.end = forked, end
    if not _hook.registered:
        os.register_at_fork(after_in_child=_hook)
        _hook.registered = True


def _become_main_thread() -> None:
    """Makes the thread that forked a main thread that can be ended.

    Python 3.11 and 3.12 take a thread that Python has not started for the main thread as it is,
    a dummy; `threading` fails at its end, and with it the child of multiprocessing that ran well.
    """
    main = threading.main_thread()
    if isinstance(main, threading._DummyThread) and hasattr(main, "_tstate_lock"):
        threading._active.pop(threading.get_ident(), None)  # type: ignore[attr-defined]
        threading._main_thread = threading._MainThread()  # type: ignore[attr-defined]


def _forget_executors() -> None:
    """Forgets the threads of executors: they are not in the child, or are its main thread, which
    waits for itself at its end when the fork was on one of them (`asyncio.to_thread`)."""
    executors = sys.modules.get("concurrent.futures.thread")
    if executors is not None:
        executors._threads_queues.clear()


def _reset_signals() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    # The thread that forked may have blocked them; exec would hand that on.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def close_sockets(end: int | str) -> None:
    """Closes every socket of this process whose own end is that TCP port, or that path."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            fd = int(name)
            if stat.S_ISSOCK(os.fstat(fd).st_mode) and _own_end(fd) == end:
                os.close(fd)


def _own_end(fd: int) -> int | str | None:
    found = socket.socket(fileno=fd)
    try:
        if found.type != socket.SOCK_STREAM:
            return None
        if found.family == socket.AF_UNIX:
            return str(found.getsockname())
        if found.family not in (socket.AF_INET, socket.AF_INET6):
            return None
        return int(found.getsockname()[1])
    finally:
        found.detach()
