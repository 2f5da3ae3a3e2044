"""The working directory and the umask: a call that changes them does so for its own thread.

The server gives each thread that runs calls, and the event loop's, a directory and a umask of its
own, which Linux can do. Here is seen to it that a call or a module body leaves them as they were.
Calls on the event loop share a thread, and so a directory: it is as it was when the last of them
that went elsewhere is over.
"""

from __future__ import annotations

import asyncio
import functools
import os
import pathlib
import re
import weakref
from _thread import get_ident
from collections.abc import Callable
from typing import Any, NamedTuple

from . import _state


class _Home(NamedTuple):
    """How it was before any call."""

    folder: str
    umask: int

    def restore(self) -> None:
        _umask(self.umask)
        _chdir(self.folder)


_chdir = os.chdir
_umask = os.umask
#: Calls that went elsewhere in a thread that is not theirs alone.
_elsewhere: weakref.WeakSet[_state.State] = weakref.WeakSet()


def install(is_call: Callable[[], bool]) -> None:
    """From now on what calls change is noted; `is_call()` says whether the thread runs one."""
    status = pathlib.Path("/proc/self/status").read_text()
    mask = re.search(r"^Umask:\s*([0-7]+)$", status, re.MULTILINE)
    home = _Home(os.getcwd(), int(mask[1], 8) if mask else 0o022)
    module: Any = os
    for name in ("chdir", "fchdir", "umask"):
        setattr(module, name, _noting(getattr(os, name), home, is_call))
    # Sets of the functions that take a descriptor.
    os.supports_fd.add(os.chdir)


def _noting(
    change: Callable[..., Any], home: _Home, is_call: Callable[[], bool]
) -> Callable[..., Any]:
    change = getattr(change, "__wrapped__", change)

    @functools.wraps(change)
    def noting(*args: Any, **named: Any) -> Any:
        state = _state.own()
        if state is not None:
            _note(state, home, is_call)
        return change(*args, **named)

    return noting


def _note(state: _state.State, home: _Home, is_call: Callable[[], bool]) -> None:
    if is_call():
        thread = get_ident()
        state.undoing[f"cwd of {thread}"] = lambda _: _back(thread, home)
    else:
        _elsewhere.add(state)
        state.undoing["cwd"] = lambda over: _back_aside(state, home) if over else None


def _back(thread: int, home: _Home) -> None:
    if get_ident() == thread:
        home.restore()


def _back_aside(state: _state.State, home: _Home) -> None:
    _elsewhere.discard(state)
    on_loop = asyncio._get_running_loop() is not None
    if not (on_loop and _elsewhere):
        home.restore()
