"""Waits that a cancelled call can be taken out of.

An exception raised from outside lands between two bytecodes, and a thread that waits runs none. So
a thread on which a call runs waits in slices, and the exception lands after the slice under way.
Every other thread waits as ever, and is not woken. As little is replaced as will do:

- `time.sleep`, by an object that sleeps slice after slice until the clock says that it is enough.
- `threading._allocate_lock`, by which `Condition.wait` makes the lock that it then waits for. A
  call gets one whose `acquire` takes slices. `Condition` itself is left alone: its waiter stays in
  the row from the first slice to the last, so that no notify is lost between two, and its own
  `finally` takes the condition's lock back and the waiter out. `Event`, `Queue`, `Future`,
  `Semaphore` and `Barrier` all wait there.
- `Thread.join`, which waits for something that stays true, and can be asked again and again.

What waits in C alone is not reached: `Lock.acquire`, `SimpleQueue.get`, a socket.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
import threading
import time
from _thread import allocate_lock
from collections.abc import Callable, Iterator
from typing import Any

#: The longest that a call waits without looking up, in seconds.
SLICE = 0.05

_sleep = time.sleep
_join = threading.Thread.join


def install(is_call: Callable[[], bool]) -> None:
    """From now on threads wait in slices while `is_call()` is true on them."""
    clock: Any = time
    clock.sleep = _Sleep(is_call)
    module: Any = threading
    module._allocate_lock = lambda: _Waiter() if is_call() else allocate_lock()
    module.Thread.join = _joiner(is_call)


def _seconds(value: Any) -> float:
    """Take a time as the originals do, which refuse what is neither a float nor an integer."""
    return value if isinstance(value, float) else operator.index(value)


def _is_long(seconds: float) -> bool:
    """Whether it needs slices. False for what the originals refuse, too: they do it best."""
    return SLICE < seconds <= threading.TIMEOUT_MAX


# The clock is bound here: whoever freezes time for a test does not mean these waits.
def _slices(seconds: float, now: Callable[[], int] = time.monotonic_ns) -> Iterator[float]:
    """Cut that time, from now on, into slices; the last ends not before it is over."""
    until = now() + math.ceil(seconds * 1e9)
    while (left := until - now()) > 0:
        yield min(left / 1e9, SLICE)


class _Sleep:
    """In the place of `time.sleep`: like it a callable that is no method of whoever keeps it."""

    def __init__(self, is_call: Callable[[], bool]) -> None:
        self._is_call = is_call
        functools.update_wrapper(self, _sleep)

    def __call__(self, /, *args: Any, **named: Any) -> None:
        if len(args) != 1 or named or not self._is_call():
            return _sleep(*args, **named)
        seconds = _seconds(args[0])
        if not _is_long(seconds):
            return _sleep(seconds)
        for part in _slices(seconds):
            _sleep(part)
        return None

    def __repr__(self) -> str:
        return repr(_sleep)

    def __reduce__(self) -> str:
        return _sleep.__name__


class _Waiter:
    """A lock like any other, but for its `acquire`."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = allocate_lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        acquire = self._lock.acquire
        seconds = _seconds(timeout)
        if blocking and seconds == -1:
            return any(acquire(True, SLICE) for _ in itertools.repeat(None))
        if not blocking or not _is_long(seconds):
            return acquire(blocking, seconds)
        # Whoever notifies at the last moment is heard.
        return any(acquire(True, part) for part in _slices(seconds)) or acquire(False)

    __enter__ = acquire

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lock, name)


def _joiner(is_call: Callable[[], bool]) -> Callable[..., None]:
    @functools.wraps(_join)
    def join(self: threading.Thread, timeout: float | None = None) -> None:
        if not is_call() or not (timeout is None or _is_long(_seconds(timeout))):
            return _join(self, timeout)
        # Says what is wrong with joining it, if anything is.
        _join(self, 0)
        for part in itertools.repeat(SLICE) if timeout is None else _slices(timeout):
            if _has_ended(self, part):
                return _join(self)
        return None

    return join


def _has_ended(thread: Any, seconds: float) -> bool:
    """Wait that long for the end of a thread."""
    if not hasattr(thread, "_tstate_lock"):  # from 3.13 on
        _join(thread, seconds)
        return not thread.is_alive()
    # Until 3.12 an exception that lands in the original's own wait makes it believe that the
    # thread has ended. So the lock that is free when it has is waited for here, and given back;
    # no exception can land between taking it and the list that says so.
    taken: list[bool] = []
    lock = thread._tstate_lock
    if lock is None:
        return True
    try:
        taken.extend(map(lock.acquire, [True], [seconds]))
    finally:
        if any(taken):
            lock.release()
    return any(taken)
