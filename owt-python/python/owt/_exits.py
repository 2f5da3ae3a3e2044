"""The end of Python: `atexit`, and what is built on it, run without the interpreter's own end.

The interpreter is never finalized, because threads may still run in it. So that finalizers and
handlers run all the same, this does what Python does before it: it ends executors and
multiprocessing's processes, and calls the handlers on the main thread. Python waits for threads
and processes for as long as they like; here each wait has a bound.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from . import _log
from ._errors import Cancelled

_logger = logging.getLogger("owt.exits")

# A handler that waits is interrupted after these parts of the time, so that others have their turn.
_PATIENCE = (0.5, 0.7, 0.85)
# Ends a wait of the main thread, by a Python handler that raises.
_INTERRUPT = signal.SIGALRM
# How long executors, and pools of multiprocessing, may take to end what they do, in seconds.
_WAITING = 1.0


def run_exits(seconds: float, leave: Callable[[], None]) -> None:
    """Runs on the main thread, once, what was registered for the end of Python.

    What takes long is interrupted, if it waits; the log says where it was. After `seconds`
    `leave()` is called on another thread: it ends the process.
    """
    until = time.monotonic() + seconds
    with contextlib.suppress(ValueError):  # not the main thread: nothing can be interrupted
        signal.signal(_INTERRUPT, _interrupted)
    over = threading.Event()
    watch = (over, seconds, threading.get_ident(), leave)
    threading.Thread(target=_watch, args=watch, name="owt-exits", daemon=True).start()
    waiting = min(_WAITING, seconds / 4)
    _end_executors(waiting)
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        # It would wait for processes without a bound.
        atexit.unregister(util._exit_function)
    atexit._run_exitfuncs()
    if util is not None:
        _end_processes(min(waiting, max(until - time.monotonic(), 0) / 2), util)
    over.set()
    with contextlib.suppress(ValueError):
        signal.signal(_INTERRUPT, signal.SIG_IGN)
    _log.flush_call("")


def _watch(over: threading.Event, seconds: float, main: int, leave: Callable[[], None]) -> None:
    began = time.monotonic()
    for part in _PATIENCE:
        if over.wait(max(began + part * seconds - time.monotonic(), 0)):
            return
        _tell(main, "is interrupted, for it takes long")
        with contextlib.suppress(OSError):
            signal.pthread_kill(main, _INTERRUPT)
    if not over.wait(max(began + seconds - time.monotonic(), 0)):
        _tell(main, "does not end, and is left")
        leave()


def _tell(main: int, what: str) -> None:
    frame = sys._current_frames().get(main)
    place = traceback.format_stack(frame)[-2:] if frame is not None else []
    _logger.error("an exit handler (atexit) %s; it is here:\n%s", what, "".join(place).rstrip())


def _interrupted(*_: object) -> None:
    raise Cancelled("this exit handler takes too long")


def _end_executors(seconds: float) -> None:
    """What `concurrent.futures` does first at the end: no more work is taken, and it is waited
    for what runs."""
    until = time.monotonic() + seconds
    calls: list[Callable[[], Any]] = getattr(threading, "_threading_atexits", [])
    for call in reversed(list(calls)):
        _bounded(call, until, "an executor (concurrent.futures)")
    calls.clear()


def _end_processes(seconds: float, util: Any) -> None:
    """What `multiprocessing` does at its end. Processes that go on are killed and not waited for,
    as all that a worker has started."""
    until = time.monotonic() + seconds
    process = sys.modules.get("multiprocessing.process")
    if process is not None:
        # Pools and managers end theirs.
        _bounded(lambda: util._run_finalizers(0), until, "a pool or manager (multiprocessing)")
        for child in process.active_children():
            child.kill()
    _bounded(util._exit_function, until + seconds, "multiprocessing")


def _bounded(call: Callable[[], Any], until: float, what: str) -> None:
    """Calls it on a thread of its own, which is left alone when it takes too long."""

    def run() -> None:
        try:
            call()
        except BaseException:
            _logger.exception("%s did not end well", what)

    thread = threading.Thread(target=run, name="owt-exits-bounded", daemon=True)
    thread.start()
    thread.join(max(until - time.monotonic(), 0))
    if thread.is_alive():
        _logger.warning("%s goes on at the end, and is left", what)
