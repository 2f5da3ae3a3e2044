"""Has one thread at a time start a process.

A fork copies every descriptor, also the ends of pipes that another thread has just opened for the
process that it starts. While such a copy lives, that thread waits for an end that does not come:
`subprocess.run` for the program's beginning, whoever reads its output for the end of it. Python
leaves that to its callers, who here know nothing of one another.
"""

from __future__ import annotations

import functools
import os
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from ._after_import import after_import
from ._interrupted import release_at_end

#: How long one that hangs is waited for, in seconds; then others start theirs as Python does.
PATIENCE_S = 2.0

_lock = threading.RLock()


class _Forks(threading.local):
    """Whether each fork of this thread that goes on, the innermost last, has the lock."""

    def __init__(self) -> None:
        self.have_it: list[bool] = []


_forks = _Forks()


def install() -> None:
    """From now on processes are started one after the other. Once."""
    release_at_end(_lock)
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
    _have_alone(subprocess.Popen, "__init__")
    after_import("multiprocessing.process", lambda module: _have_alone(module.BaseProcess, "start"))


def _have_alone(owner: type, name: str) -> None:
    work: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(work)
    def alone(*args: Any, **named: Any) -> Any:
        has_it = _lock.acquire(timeout=PATIENCE_S)
        try:
            return work(*args, **named)
        finally:
            if has_it:
                _lock.release()

    setattr(owner, name, alone)


def _before_fork() -> None:
    _forks.have_it.append(_lock.acquire(timeout=PATIENCE_S))


def _after_fork() -> None:
    if _forks.have_it and _forks.have_it.pop():
        _lock.release()


def _in_child() -> None:
    # No other thread is here to give it back, and a child that multiprocessing starts never leaves
    # the function that started it.
    _lock._at_fork_reinit()  # type: ignore[attr-defined]
    _forks.have_it.clear()
