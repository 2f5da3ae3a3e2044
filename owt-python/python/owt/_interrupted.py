"""Interrupting a call: where its thread is, and what the exception may leave behind.

The exception is raised from outside, between any two bytecodes. It can land between taking a lock
and the `try` that gives it back: then every later import, log line or progress bar of every call
would wait for that lock for ever. It can land in the middle of an import: then every later caller
finds half a library. So it is not raised while the thread is in such code, and what an
interrupted call still holds afterwards is released.
"""

from __future__ import annotations

import _imp
import contextlib
import importlib
import itertools
import logging
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any

from . import _taking
from ._errors import Cancelled, raised

__all__ = ["Cancelled", "at_end", "kept_processes", "listen", "mop_up", "pause", "whereabouts"]

#: Where a thread is.
FREE, DELICATE, AT_LOCK, CLEANING, IMPORTING, STARTING = range(6)

# Functions in which a lock is taken or given back, or whose exceptions nobody sees.
_DELICATE = frozenset(
    (
        "acquire",
        "release",
        "__enter__",
        "__exit__",
        "_acquire_restore",
        "_release_save",
        "__del__",
        "enter_context",
    )
)
_DELICATE_FILES = (threading.__file__, logging.__file__)
# Functions in which processes are started that their caller notes a moment later, and their files.
_STARTERS = {
    "submit": ("concurrent/futures/process.py", "loky/process_executor.py"),
    "starts": ("owt/_starts.py",),
}
_OWN = __file__.rpartition("/")[0] + "/_"
_WAITS = _OWN + "waits.py"
_IMPORT = "<frozen importlib._bootstrap>"
# Callers of the innermost function that are looked at, too.
_NEAR = 4
_CONTEXTS = 8

#: Reentrant locks that Python's own module has made.
_locks: weakref.WeakSet[Any] = weakref.WeakSet()
#: What else a thread may hold that all others need.
_releases: list[Callable[[], None]] = []


def listen(number: int) -> None:
    """Have this signal wake the main thread from system calls. On the main thread.

    An exception that was sent to it is raised in the handler then, and ends the system call.
    """
    signal.signal(number, _on_signal)
    _note_locks()


def at_end(release: Callable[[], None]) -> None:
    """Call this on the thread of each interrupted call, once the call has unwound."""
    _releases.append(release)


def _note_locks() -> None:
    make: Any = threading.RLock

    def noted(*args: Any, **named: Any) -> Any:
        lock = make(*args, **named)
        with contextlib.suppress(TypeError):  # an implementation that cannot be referred to weakly
            _locks.add(lock)
        return lock

    if getattr(make, "__name__", "") != noted.__name__:
        module: Any = threading
        module.RLock = noted


def _on_signal(number: int, frame: FrameType | None) -> None:
    del number, frame


def whereabouts(thread: int) -> tuple[int, int]:
    """Say where that thread is, and give a number that changes when it goes on.

    What keeps `Cancelled` to itself and waits again at the same place has gone on.
    """
    frame = sys._current_frames().get(thread)
    if frame is None:  # between two frames, where nothing is held
        return FREE, 0
    at = frame.f_lasti
    mark = hash((id(frame), at, raised[thread])) & 0xFFFF_FFFF_FFFF_FFFF
    place = _place(frame, at, thread)
    now = sys._current_frames().get(thread)
    # Nothing is called from here on, so the thread stays where it is.
    if place == FREE and (now is not frame or frame.f_lasti != at):
        place = DELICATE  # it went on meanwhile: who knows where to
    return place, mark


def _place(frame: FrameType, at: int, thread: int) -> int:
    for outer in _outwards(frame):
        if outer.f_code.co_filename == _IMPORT:
            return IMPORTING
        code = outer.f_code
        if code.co_filename.endswith(_STARTERS.get(code.co_name, ())):
            return STARTING
    file = frame.f_code.co_filename
    if file == _WAITS:
        return CLEANING if _cleans(thread) else FREE
    if frame.f_code.co_name == "acquire" or at in _taking.places(frame.f_code):
        return AT_LOCK
    near = zip(_outwards(frame), range(_NEAR), strict=False)
    if file in _DELICATE_FILES or file.startswith(_OWN):
        return DELICATE
    if any(outer.f_code.co_name in _DELICATE for outer, _ in near):
        return DELICATE
    return CLEANING if _cleans(thread) else FREE


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _cleans(thread: int) -> bool:
    """Whether that thread handles the exception: in a `finally`, most likely."""
    handled: Any = sys._current_exceptions().get(thread)
    error = handled[1] if isinstance(handled, tuple) else handled  # until 3.11
    for _ in range(_CONTEXTS):
        if error is None or isinstance(error, Cancelled):
            break
        error = error.__context__
    return isinstance(error, Cancelled)


def pause() -> None:
    """Do nothing: an exception that was sent to this thread is raised here, at the latest."""


def mop_up() -> None:
    """Release what this thread still owns of locks that everybody uses.

    Called on the thread of a call that was interrupted, once nothing of it is on the stack.
    """
    raised.pop(threading.get_ident(), None)
    with contextlib.suppress(RuntimeError):  # says that this thread is not the owner
        while True:
            _imp.release_lock()
    me = threading.get_ident()
    bootstrap: Any = importlib._bootstrap
    for reference in list(bootstrap._module_locks.values()):
        lock = reference()
        while lock is not None and lock.owner == me:
            lock.release()
    if isinstance(bootstrap._blocking_on, dict):  # cleans itself from 3.12 on
        bootstrap._blocking_on.pop(me, None)
    own: Any = logging
    handlers = [reference() for reference in own._handlerList]
    for lock in [own._lock, *[handler.lock for handler in handlers if handler], *_locks]:
        while lock is not None and lock._is_owned():
            lock.release()
    _release_semaphores()
    for release in _releases:
        release()


def _release_semaphores() -> None:
    """Release the reentrant locks between processes that this thread owns."""
    synchronize: Any = sys.modules.get("multiprocessing.synchronize")
    util: Any = sys.modules.get("multiprocessing.util")
    if synchronize is None or util is None:
        return
    # Each lock is noted there, to be told of a fork.
    for lock in list(util._afterfork_registry.values()):
        while isinstance(lock, synchronize.RLock) and lock._semlock._is_mine():
            lock.release()


# Of a list that a module holds, so many are looked at.
_LOOKED_AT = 1000
# What a module holds, what is in that, and what is in that in turn.
_DEPTH = 3
_HOLDS_NOTHING = (type, ModuleType, str, bytes, int, float)


def kept_processes() -> list[int]:
    """Give the child processes that modules hold, themselves or in a pool: no call's own.

    A pool that a module keeps is for all of its calls, whichever of them has made it start a
    process. What Python's own modules hold is everybody's.
    """
    own = sys.stdlib_module_names
    multiprocessing: Any = sys.modules.get("multiprocessing.process")
    kinds = (subprocess.Popen, *((multiprocessing.BaseProcess,) if multiprocessing else ()))
    found: set[int] = set()
    for process in _held(kinds, _values_of_modules(own)):
        with contextlib.suppress(AssertionError, ValueError):  # another's, or closed
            found.add(process.pid or 0)
    found.update(_helpers())
    return list(found)


def _helpers() -> Iterator[int]:
    """Give the processes that multiprocessing starts once, for all that start others."""
    for module, held, number in (
        ("resource_tracker", "_resource_tracker", "_pid"),
        ("forkserver", "_forkserver", "_forkserver_pid"),
    ):
        helper = getattr(sys.modules.get(f"multiprocessing.{module}"), held, None)
        if pid := getattr(helper, number, None):
            yield pid


def _values_of_modules(own: frozenset[str]) -> list[Any]:
    values: list[Any] = []
    for name, module in sys.modules.copy().items():  # making pairs may let another thread import
        if isinstance(module, ModuleType) and name.partition(".")[0] not in own:
            values.extend(list(vars(module).values()))
    return values


def _held(kinds: tuple[type, ...], values: list[Any]) -> Iterator[Any]:
    """Give what is of these kinds among the values, in them, and in what is in them.

    Where much is imported there are a hundred thousand of them, most of a type that holds nothing,
    or known already from another module.
    """
    idle: set[type] = set()  # types of which none holds anything
    seen: dict[int, Any] = {}  # each as long as it is known by its number
    for depth in range(_DEPTH):
        inner: list[Any] = []
        for value in values:
            kind = type(value)  # a proxy's own word for its class may run anything
            if kind in idle or id(value) in seen:
                continue
            seen[id(value)] = value
            if issubclass(kind, kinds):
                yield value
                continue
            is_container = issubclass(kind, (list, tuple, set, dict))
            if not is_container and (issubclass(kind, _HOLDS_NOTHING) or callable(value)):
                idle.add(kind)
                continue
            attributes = _attributes(value)
            # Pools of processes: of concurrent.futures, loky, multiprocessing.
            pooled = attributes.get("_processes") or attributes.get("_pool")
            if isinstance(pooled, (dict, list)):
                yield from (member for member in _items(pooled) if isinstance(member, kinds))
            elif depth + 1 < _DEPTH:
                inner += _items(value if is_container else attributes)
        values = inner


def _items(container: Any) -> list[Any]:
    """Give the first of what is in it, which others may change meanwhile."""
    items = dict.values(container) if isinstance(container, dict) else container
    return list(itertools.islice(items, _LOOKED_AT))


def _attributes(value: Any) -> dict[str, Any]:
    held = None
    with contextlib.suppress(Exception):  # a proxy's, of what is not there now
        held = getattr(value, "__dict__", None)
    return held if type(held) is dict else {}
