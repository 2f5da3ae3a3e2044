"""Errors that come of a call's running on another thread than its adaptor's body."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import re
import threading
from _thread import get_ident, get_native_id
from types import TracebackType
from typing import Any, NamedTuple

#: How libraries say that an object is for the thread that made it.
_WORDS = re.compile(
    r"\bthreads?\b|greenlet|event loop in|(invalid|INVALID)[ _](device )?(context|CONTEXT)"
    r"|not an element of this graph"
    r"|no such table",  # in a database in memory, of which each thread has its own
    re.IGNORECASE,
)
#: How they say that there are too many.
_OTHER = re.compile(r"start new thread", re.IGNORECASE)


class _Thread(NamedTuple):
    ident: int
    name: str


def mark(module: dict[str, Any]) -> None:
    """Note that this thread runs the body of an adaptor's module."""
    module["__owt_thread__"] = _here()


def is_marked(module: dict[str, Any]) -> bool:
    """Whether these are the names of a module whose code was sent or published."""
    return "__owt_thread__" in module


def hint(message: str, traceback: TracebackType | None) -> str:
    """Give what to add to an error that speaks of threads, raised on another one than the body's.

    Empty for every other error. Called on the thread that raised it.
    """
    body = _body(traceback)
    if body is None or body.ident == get_ident():
        return ""
    if not _WORDS.search(message) or _OTHER.search(message):
        return ""
    if asyncio._get_running_loop() is not None:
        way = "All async calls run there: make in the call what works only on its own thread."
    else:
        way = (
            "What works only on the thread that made it needs "
            '`__owt__ = {"threads": 1}` in the code: the body and all calls then run on one '
            "thread, one after another."
        )
    return f" (The module body ran on {body.name}, this call on {_here().name}. {way})"


def _body(traceback: TracebackType | None) -> _Thread | None:
    """The thread of the module body of the innermost adaptor that the error passed."""
    found = None
    while traceback is not None:
        found = traceback.tb_frame.f_globals.get("__owt_thread__", found)
        traceback = traceback.tb_next
    return found if isinstance(found, _Thread) else None


def _here() -> _Thread:
    """The calling thread, by its name and the number that the system has for it."""
    if get_ident() == threading.main_thread().ident:
        return _Thread(get_ident(), "the main thread")
    number = get_native_id()
    names = [thread.name for thread in threading.enumerate() if thread.ident == get_ident()]
    if not names or names[0].startswith("Dummy"):  # the server's own, which Python has no name for
        with contextlib.suppress(OSError):
            names = [pathlib.Path(f"/proc/self/task/{number}/comm").read_text().strip()]
    return _Thread(get_ident(), f"{''.join(names)} ({number})")
