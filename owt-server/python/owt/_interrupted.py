"""What an interrupted call may leave behind: locks of the interpreter's own that it holds.

An exception raised from outside can land between taking such a lock and the `try` that gives it
back. Every later import, or log line, of every call would wait for it for ever.
"""

from __future__ import annotations

import _imp
import contextlib
import importlib
import logging
import threading
from typing import Any


def mop_up() -> None:
    """Release what this thread still owns of import's and logging's locks.

    Called on the thread of a call that was interrupted, once nothing of it is on the stack.
    """
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
    for lock in [own._lock, *[handler.lock for handler in handlers if handler]]:
        while lock is not None and lock._is_owned():
            lock.release()
