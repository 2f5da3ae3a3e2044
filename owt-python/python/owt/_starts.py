"""Has no thread fork while another one starts a process.

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
from ._interrupted import at_end

#: Seconds to wait for a thread that hangs in a start; then others start as in plain Python.
PATIENCE_S = 2.0


class _Starts:
    """The threads that start a process now: one that forks, or any number that start a program."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.Lock())
        self.programs: set[int] = set()
        self.fork: int | None = None
        self.waiting_forks = 0

    def enter(self, *, forks: bool) -> bool:
        """Wait until it may start; false for who does already, and for who has waited in vain."""
        me = threading.get_ident()
        if me in self.programs or me == self.fork:
            return False
        with self.changed:
            if not self._wait(forks=forks):
                return False
            if forks:
                self.fork = me
            else:
                self.programs.add(me)
            return True

    def _wait(self, *, forks: bool) -> bool:
        if not forks:
            return self.changed.wait_for(
                lambda: self.fork is None and not self.waiting_forks, PATIENCE_S
            )
        self.waiting_forks += 1
        try:
            return self.changed.wait_for(
                lambda: self.fork is None and not self.programs, PATIENCE_S
            )
        finally:
            self.waiting_forks -= 1

    def leave(self) -> None:
        """It has started. For a thread that does not start anything this is nothing."""
        me = threading.get_ident()
        if me not in self.programs and me != self.fork:
            return
        with self.changed:
            self.programs.discard(me)
            if self.fork == me:
                self.fork = None
            self.changed.notify_all()


_starts = _Starts()


class _Forks(threading.local):
    """Whether each fork of this thread that goes on, the innermost last, has to leave."""

    def __init__(self) -> None:
        self.leave: list[bool] = []


_forks = _Forks()


def install() -> None:
    """Guard forks and the starts of programs from now on. Call it once."""
    at_end(_starts.leave)
    os.register_at_fork(
        before=lambda: _forks.leave.append(_starts.enter(forks=True)),
        after_in_parent=_after_fork,
        after_in_child=_in_child,
    )
    _guard(subprocess.Popen, "__init__", forks=False)
    for module, forks in ("fork", True), ("spawn_posix", False), ("forkserver", False):
        work = functools.partial(_guard_launch, forks=forks)
        after_import(f"multiprocessing.popen_{module}", work)


def _guard_launch(module: Any, *, forks: bool) -> None:
    _guard(module.Popen, "_launch", forks=forks)


def _guard(owner: type, name: str, *, forks: bool) -> None:
    work: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(work)
    def starts(*args: Any, **named: Any) -> Any:
        entered = _starts.enter(forks=forks)
        try:
            return work(*args, **named)
        finally:
            if entered:
                _starts.leave()

    setattr(owner, name, starts)


def _after_fork() -> None:
    if _forks.leave and _forks.leave.pop():
        _starts.leave()


def _in_child() -> None:
    # No other thread is here, and a child that multiprocessing starts never leaves the function
    # that started it.
    _starts.__init__()  # type: ignore[misc]
    _forks.leave.clear()
