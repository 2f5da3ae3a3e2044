"""Gathers what concurrent callers ask for, runs it as batches, and gives each its own answer."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import copy
import functools
import time
import types
import weakref
from _queue import Empty, SimpleQueue
from _thread import start_new_thread
from collections.abc import Awaitable, Callable
from typing import Any

from ._errors import Refused
from ._words import with_article

#: How long a batch whose callers have all gone may keep the next one waiting, in seconds.
_PATIENCE = 10.0
#: So many batches that nobody waits for may run beside the one that is waited for.
_LOST = 4

_STREAMS = (types.GeneratorType, types.AsyncGeneratorType)


class Item:
    """One caller's arguments, and where its answer goes."""

    __slots__ = ("answered", "args", "left", "named")

    def __init__(self, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.args = args
        self.named = named
        #: The answer, or what is raised.
        self.answered: concurrent.futures.Future[Any] = concurrent.futures.Future()
        #: Its caller has gone.
        self.left = False

    def leave(self) -> None:
        self.left = True
        self.answered.cancel()

    def joins(self) -> bool:
        """Whether it is to be in the batch that gathers now; its caller may have gone."""
        return self.answered.set_running_or_notify_cancel()


class OnThread:
    """Runs the batches of an ordinary function, on a thread of their own.

    No caller's thread runs them: a caller that is cancelled would take the others along. The
    thread holds nothing of the function while it waits, so that an adaptor can be let go.
    """

    def __init__(
        self, function: Callable[..., Any], max_size: int, max_wait: float, max_waiting: int
    ) -> None:
        self._function = function
        self._max_size, self._max_wait, self._max_waiting = max_size, max_wait, max_waiting
        self._queue: SimpleQueue[Any] = SimpleQueue()  # of these and their items; None ends it
        self._threads = 0
        #: The batch that runs, and when all of its callers were first seen to have gone.
        self._running: list[Item] = []
        self._lost_since: float | None = None

    def answer(self, item: Item) -> Any:
        """Wait on the calling thread, from which a cancelled call is taken out."""
        try:
            self._add(item)
            return item.answered.result()
        except BaseException:
            item.leave()
            raise

    async def later(self, item: Item) -> Any:
        try:
            self._add(item)
            return await asyncio.wrap_future(item.answered)
        except BaseException:
            item.leave()
            raise

    def _add(self, item: Item) -> None:
        if self._queue.qsize() >= self._max_waiting:
            raise _full(self._function, self._max_waiting)
        if not self._threads or self._is_lost():
            self._threads += 1
            end = weakref.finalize(self, self._queue.put, None)
            end.atexit = False
            start_new_thread(_serve, (self._queue,))
        self._queue.put((self, item))

    def _is_lost(self) -> bool:
        """Whether the batch that runs keeps the thread though nobody waits for it any more."""
        running = self._running
        if not running or not all(item.left for item in running):
            self._lost_since = None
            return False
        now = time.monotonic()
        self._lost_since = self._lost_since or now
        if now - self._lost_since < _PATIENCE or self._threads > _LOST:
            return False
        self._lost_since = None
        return True

    def run(self, first: Item) -> None:
        """Gather a batch that begins with this item, and run it."""
        items = self._gathered(first)
        if not items:
            return
        self._running = items
        outcome = _outcome(self._function, *_lists(items))
        if self._running is items:  # and not of the thread that took this one's place
            self._running = []
        _settle(self._function, items, *outcome)

    def _gathered(self, first: Item) -> list[Item]:
        items = [first] if first.joins() else []
        until = time.monotonic() + self._max_wait
        while items and len(items) < self._max_size:
            left = until - time.monotonic()
            try:
                _, more = self._queue.get(left > 0, max(left, 0))
            except Empty:
                break
            if more.joins():
                items.append(more)
        return items


def _serve(queue: SimpleQueue[Any]) -> None:
    while (first := queue.get()) is not None:
        first[0].run(first[1])
        first = None  # what waits here would keep the adaptor


class OnLoops:
    """Runs the batches of an `async def`: on each event loop those of its callers."""

    def __init__(
        self, function: Callable[..., Any], max_size: int, max_wait: float, max_waiting: int
    ) -> None:
        self._make = functools.partial(_OnLoop, function, max_size, max_wait, max_waiting)
        self._loops: weakref.WeakKeyDictionary[Any, _OnLoop] = weakref.WeakKeyDictionary()

    def answer(self, item: Item) -> Awaitable[Any]:
        return self.later(item)

    async def later(self, item: Item) -> Any:
        loop = asyncio.get_running_loop()
        mine = self._loops.get(loop)
        if mine is None:
            mine = self._loops[loop] = self._make()
        try:
            mine.add(item)
            return await asyncio.wrap_future(item.answered)
        except BaseException:
            item.leave()
            mine.look()
            raise


class _OnLoop:
    """Runs the batches of an `async def` on one event loop."""

    def __init__(
        self, function: Callable[..., Any], max_size: int, max_wait: float, max_waiting: int
    ) -> None:
        self._function = function
        self._max_size, self._max_wait, self._max_waiting = max_size, max_wait, max_waiting
        self._queue: asyncio.Queue[Item] = asyncio.Queue()
        self._serving: asyncio.Task[None] | None = None
        #: The batch that runs, and its callers.
        self._work: asyncio.Task[Any] | None = None
        self._running: list[Item] = []

    def add(self, item: Item) -> None:
        if self._queue.qsize() >= self._max_waiting:
            raise _full(self._function, self._max_waiting)
        self._queue.put_nowait(item)
        if self._serving is None:
            # Outside the call that happens to be first.
            begin = asyncio.get_running_loop().create_task
            self._serving = begin(self._serve(), context=contextvars.Context())

    def look(self) -> None:
        """Cancel the batch that runs, if all of its callers have gone."""
        if self._work is not None and all(item.left for item in self._running):
            self._work.cancel()

    async def _serve(self) -> None:
        try:
            while not self._queue.empty():
                await self._run(await self._gathered())
        finally:
            self._serving = None

    async def _gathered(self) -> list[Item]:
        items: list[Item] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._max_wait):
                while len(items) < self._max_size:
                    items.append(await self._queue.get())
        while len(items) < self._max_size and not self._queue.empty():
            items.append(self._queue.get_nowait())
        return [item for item in items if item.joins()]

    async def _run(self, items: list[Item]) -> None:
        if not items:
            return
        self._running = items
        work = _outcome_later(self._function, *_lists(items))
        self._work = asyncio.get_running_loop().create_task(work)
        outcome: tuple[Any, BaseException | None] = None, None
        try:
            outcome = await self._work
        except asyncio.CancelledError as error:  # before its first step, or the loop is stopping
            self._work.cancel()
            outcome = None, error
        finally:
            self._running, self._work = [], None
        _settle(self._function, items, *outcome)


def _outcome(
    function: Callable[..., Any], args: list[list[Any]], named: dict[str, list[Any]]
) -> tuple[Any, BaseException | None]:
    """Give what a batch gave, and what it raised. The items are not here: the traceback has this
    frame, and they have the exception, which would all stay until a collection.
    """
    try:
        return function(*args, **named), None
    except BaseException as error:
        return None, error


async def _outcome_later(
    function: Callable[..., Any], args: list[list[Any]], named: dict[str, list[Any]]
) -> tuple[Any, BaseException | None]:
    """As `_outcome`; SystemExit, let out of a task, would stop the loop."""
    try:
        return await function(*args, **named), None
    except BaseException as error:
        return None, error


def _lists(items: list[Item]) -> tuple[list[list[Any]], dict[str, list[Any]]]:
    """Give the arguments of a batch: for each parameter those of its callers."""
    args = [list(values) for values in zip(*(item.args for item in items), strict=True)]
    return args, {name: [item.named[name] for item in items] for name in items[0].named}


def _settle(
    function: Callable[..., Any], items: list[Item], given: Any, error: BaseException | None
) -> None:
    """Give each caller its own answer, or its own error."""
    answers = given
    if error is None:
        error = _unfit(function, given, len(items))
    if error is not None:
        answers = [_copied(error) for _ in items]
    for item, answer in zip(items, answers, strict=True):
        if isinstance(answer, _STREAMS):
            what = with_article(type(answer).__name__)
            answer = TypeError(f"{called(function)} gave {what}: a batch cannot stream its answers")
        if isinstance(answer, BaseException):
            item.answered.set_exception(answer)
        else:
            item.answered.set_result(answer)


def _unfit(function: Callable[..., Any], given: Any, count: int) -> TypeError | ValueError | None:
    """What is wrong with what a batch gave, if anything is."""
    # Arrays, tensors and series have `tolist`; a table does not, whose items are its columns.
    if not isinstance(given, (list, tuple)) and not hasattr(type(given), "tolist"):
        what = "None" if given is None else with_article(type(given).__name__)
        return TypeError(
            f"{called(function)} is batched, so it gives a list with one answer for each caller, "
            f"not {what}"
        )
    if len(given) != count:
        return ValueError(
            f"{called(function)} gave {len(given)} answers to a batch of {count} calls: it gives "
            "one for each caller, in their order"
        )
    return None


def _copied(error: BaseException) -> BaseException:
    """An error for one of several callers: each raises it, and so adds to its traceback."""
    if isinstance(error, (StopIteration, StopAsyncIteration)):  # no future takes these
        made = RuntimeError(f"the batched function raised {type(error).__name__}")
        made.__cause__ = error
        return made
    try:
        own = copy.copy(error)
    except Exception:
        own = error
    if type(own) is not type(error):
        own = error
    own.__cause__, own.__context__ = error.__cause__, error.__context__
    own.__suppress_context__ = error.__suppress_context__
    return own.with_traceback(error.__traceback__)


def _full(function: Callable[..., Any], most: int) -> Refused:
    return Refused("busy", None, f"{most} calls of {called(function)} wait for a batch already")


def called(function: Callable[..., Any]) -> str:
    return f"{getattr(function, '__name__', type(function).__name__)}()"
