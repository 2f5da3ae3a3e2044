"""Runs TARP's asynchronous calls in processes or threads, and keeps their results until fetched."""

from __future__ import annotations

import multiprocessing
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Final

from ._pickles import packed

#: Calls that run side by side.
_AT_ONCE: Final = 10
#: Calls that are known at once: those that run, that wait, and whose results nobody has fetched.
KNOWN: Final = 1000
#: Seconds for which a result is kept that nobody fetches.
KEPT_S: Final = 3600.0


class TooMany(Exception):
    """As many calls are known as may be."""


@dataclass
class Later:
    """An asynchronous call."""

    future: Future[str]
    suggested_wait: float
    ended: float | None = None

    @property
    def status(self) -> str:
        """Say how it stands, in TARP's words."""
        if not self.future.done():
            return "in_progress"
        return "failed" if self.future.exception() else "completed"


# What a forked process calls, by its index: also what no pickle could carry.
_callbacks: list[Callable[..., Any]] = []


def forked(callback: Callable[..., Any]) -> int:
    """Have processes that are forked from now on know this function; gives its index."""
    for at, known in enumerate(_callbacks):
        if known is callback:
            return at
    _callbacks.append(callback)
    return len(_callbacks) - 1


def _called(at: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    return packed(_callbacks[at](*args, **kwargs))


class Calls:
    """The asynchronous calls of one server."""

    def __init__(self, *, threads: bool) -> None:
        """Run them in threads, which share globals, else in processes, which do not."""
        self._threads = threads
        self._executor: Executor | None = None
        self._has_forked = 0
        self._known: dict[str, Later] = {}
        self._lock = threading.Lock()

    def start(
        self,
        callback: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        suggested_wait: float,
    ) -> str:
        """Begin a call; gives its ID. Raises `TooMany`."""
        with self._lock:
            self._forget_old()
            if len(self._known) >= KNOWN:
                raise TooMany
            future = self._submit(forked(callback), args, kwargs)
            key = str(uuid.uuid4())
            self._known[key] = later = Later(future, suggested_wait)
        future.add_done_callback(lambda _: setattr(later, "ended", time.monotonic()))
        return key

    def _submit(self, at: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[str]:
        for _ in range(2):
            if self._executor is None or at >= self._has_forked:
                if self._executor is not None:
                    self._executor.shutdown(wait=False)
                self._has_forked = len(_callbacks)
                self._executor = self._pool()
            try:
                return self._executor.submit(_called, at, args, kwargs)
            except BrokenProcessPool:
                # One of its processes was killed; what it ran has failed by that.
                self._executor = None
        raise RuntimeError("the processes for asynchronous calls cannot be started")

    def _pool(self) -> Executor:
        if self._threads:
            return ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="tarp")
        # Forked, so that they have the functions as the program has defined them.
        return ProcessPoolExecutor(_AT_ONCE, mp_context=multiprocessing.get_context("fork"))

    def _forget_old(self) -> None:
        now = time.monotonic()
        for key, later in list(self._known.items()):
            if later.ended is not None and now - later.ended > KEPT_S:
                del self._known[key]

    def look(self, key: str) -> Later | None:
        """Give the call with this ID, if it is known."""
        with self._lock:
            return self._known.get(key)

    def take(self, key: str) -> Later | None:
        """Give it, and forget it once it has ended."""
        with self._lock:
            later = self._known.get(key)
            if later is not None and later.future.done():
                del self._known[key]
            return later
