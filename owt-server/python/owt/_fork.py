"""A child that an adaptor forks is no server: what it inherited of one is taken from it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
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
        if self.forked is None:
            return
        for step in (self.forked, _log.leave_server, _reset_signals, self._close_sockets):
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
