"""The event loop that runs async adaptors, on a thread of its own.

Each call has two tasks. The inner one runs the adaptor's code in the call's context; the outer
one, in a context of the loop's own, talks to the sink about what came of it. They are two because
a synchronous generator that an `async def` gives is pulled by another thread in the call's
context, which no two threads can be in at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import logging
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Protocol

from ._aside import Aside
from ._context import current
from ._errors import Cancelled, Unrenderable
from .responses import AITER, AWAIT, Normal, chunk, respond

_logger = logging.getLogger("owt.loop")

# Larger chunks go in pieces: one chunk never exceeds the sink's room.
_PIECE = 64 << 10
# A generator that never waits leaves the loop to others this often, in seconds.
_SLICE = 0.01
# What a generator may take for its `finally`, in seconds.
_CLOSING = 10.0
_DEEPEST = 8
# So many tasks may be under way that answers have left behind.
_LEFT_BEHIND = 1000


class Sink(Protocol):
    """The calling side's end of one call."""

    def respond(self, normal: Normal) -> None:
        """Takes what the call gave."""

    def opening(self, value: Any) -> Callable[[Any], bytes]:
        """What encodes values that are neither text nor bytes; the first decides."""

    def send(self, data: bytes) -> bool:
        """True: taken. False: no room now. Raises BrokenPipeError when nobody reads."""

    def when_room(self, callback: Callable[[], None]) -> None:
        """Calls back on the loop when there is room."""

    def on_gone(self, callback: Callable[[], None]) -> None:
        """Calls back on the loop when nobody waits any more."""

    def end(self) -> None:
        """The stream ended as it should."""

    def fail(self, error: BaseException) -> None:
        """The call raised."""


class _Gone(Exception):
    """Nobody waits for the call any more."""


class _Host:
    """One loop and its thread."""

    def __init__(
        self,
        fd: int,
        drain: Callable[[], list[Callable[[], None]]],
        own_directory: Callable[[], None],
    ) -> None:
        self.loop = asyncio.new_event_loop()
        self.calls: set[asyncio.Task[None]] = set()
        self.left_behind: set[asyncio.Task[None]] = set()
        self._fd = fd
        self._drain = drain
        self._own_directory = own_directory
        self._posted: deque[Callable[[], None]] = deque()
        self._aside = Aside(self.loop, self._post)
        self._process = os.getpid()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="owt-loop", daemon=True)

    def start(self) -> None:
        self.loop.add_reader(self._fd, self._rung)
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        self._post(functools.partial(self._begin_to_stop, seconds))
        # A moment longer: the loop itself gives up first, where it still runs.
        self._thread.join(seconds + 0.1)
        if self._thread.is_alive():
            _logger.warning("the event loop does not end: something in it does not return")
        return not self._thread.is_alive()

    def drive(self, payload: Any, kind: int, sink: Sink, context: contextvars.Context) -> None:
        def begin() -> None:
            task = self.loop.create_task(
                _Driver(self.loop, self._aside, sink, context).run(payload, kind)
            )
            self.calls.add(task)
            task.add_done_callback(self.calls.discard)

        self._post(begin)

    def leave_behind(self, work: Callable[[], Awaitable[object]]) -> None:
        context = contextvars.copy_context()

        def begin() -> None:
            task = self.loop.create_task(_told(work), context=context)
            self.left_behind.add(task)
            task.add_done_callback(self.left_behind.discard)

        self._post(begin)

    def _post(self, callback: Callable[[], None]) -> None:
        """Have the loop's thread do it; from any thread. In a context of its own: a call's stays
        out of the loop's bookkeeping.

        `call_soon_threadsafe` makes a lock of `threading` from Python 3.15 on, which adaptors can
        exchange.
        """
        self._posted.append(callback)
        with contextlib.suppress(BlockingIOError):  # it rings already
            os.eventfd_write(self._fd, 1)

    def _rung(self) -> None:
        if os.getpid() != self._process:
            return  # an adaptor forked in its coroutine, and awaits there: the bell is not its own
        with contextlib.suppress(BlockingIOError):
            os.read(self._fd, 8)
        due = self._drain()
        with contextlib.suppress(IndexError):
            while True:
                due.append(self._posted.popleft())
        for callback in due:
            self.loop.call_soon(callback, context=contextvars.Context())

    def _run(self) -> None:
        self._own_directory()
        asyncio.set_event_loop(self.loop)
        while not self._stopping:
            try:
                self.loop.run_forever()
            except (SystemExit, KeyboardInterrupt) as error:
                # asyncio lets these out of the loop when a task of an adaptor's raises them.
                _logger.error("a task of an adaptor raised %s", type(error).__name__)
            except BaseException:
                _logger.exception("the event loop was interrupted")
        self._aside.stop()
        self.loop.remove_reader(self._fd)
        self.loop.close()

    def _begin_to_stop(self, seconds: float) -> None:
        stopper = self.loop.create_task(self._stop(seconds / 3))
        stopper.add_done_callback(lambda _: self._halt())

    def _halt(self) -> None:
        self._stopping = True
        self.loop.stop()

    async def _stop(self, patience: float) -> None:
        # Twice: a `finally` that waits goes on after the first time.
        for _ in range(2):
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            if others:
                _, others = await asyncio.wait(others, timeout=patience)
            if not others:
                break
        else:
            _logger.warning("%d tasks on the event loop do not end", len(others))
            return
        try:
            await asyncio.wait_for(self.loop.shutdown_asyncgens(), patience)
        except TimeoutError:
            _logger.warning("an async generator does not end")


class _Driver:
    """One call on the loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        aside: Aside,
        sink: Sink,
        context: contextvars.Context,
    ) -> None:
        self._loop = loop
        self._aside = aside
        self._sink = sink
        self._context = context
        self._gone = False
        self._inner: asyncio.Task[Any] | None = None

    async def run(self, payload: Any, kind: int) -> None:
        """Runs the call; the sink hears of its end exactly once."""
        try:
            self._sink.on_gone(self._on_gone)
            if kind == AWAIT:
                normal = await self._within(_awaited(payload, self._aside))
                kind, payload = normal[0], normal[3]
                self._sink.respond(normal)
                if kind != AITER:
                    return
            await self._within(self._pull(payload))
            self._sink.end()
        except BaseException as error:
            gone = isinstance(error, _Gone)
            self._fail(Cancelled("nobody waits for this call any more") if gone else error)
        finally:
            self._inner = None

    def _fail(self, error: BaseException) -> None:
        try:
            self._sink.fail(error)
        except BaseException:
            # In a copy of the call's context: the line shall bear its id.
            self._context.copy().run(_logger.exception, "a failed call could not be reported")

    def _on_gone(self) -> None:
        self._gone = True
        if self._inner is not None:
            self._inner.cancel()

    async def _within(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What `work` gives, run as a task in the call's context."""
        if self._gone:
            work.close()
            raise _Gone
        inner = self._loop.create_task(_caught(work), context=self._context)
        self._inner = inner
        try:
            error, value = await asyncio.shield(inner)
        except asyncio.CancelledError:
            # The loop is stopping, or the task was cancelled before its first step. Either way
            # the adaptor's own clean-up is waited for.
            inner.cancel()
            await asyncio.wait([inner])
            raise _Gone from None
        if self._gone:
            raise _Gone
        if error is None:
            return value
        try:
            raise error
        finally:
            # its traceback has this frame, which would have it: all that the call held would
            # stay until a collection
            del error, inner

    async def _pull(self, chunks: AsyncIterator[Any]) -> None:
        try:
            rested = self._loop.time()
            encode: Callable[[Any], bytes] | None = None
            async for value in chunks:
                if type(value) is str:
                    value = chunk(value)
                elif type(value) is not bytes:
                    encode = encode or self._sink.opening(value)
                    value = encode(value)
                await self._send(value)
                if self._loop.time() - rested > _SLICE:
                    await asyncio.sleep(0)
                    rested = self._loop.time()
        finally:
            await _close(chunks)

    async def _send(self, data: bytes) -> None:
        for start in range(0, len(data), _PIECE):
            piece = data if len(data) <= _PIECE else data[start : start + _PIECE]
            while True:
                if self._gone:
                    raise _Gone
                try:
                    if self._sink.send(piece):
                        break
                except BrokenPipeError:
                    raise _Gone from None
                await self._room()

    async def _room(self) -> None:
        room: asyncio.Future[None] = self._loop.create_future()

        def there_is() -> None:
            if not room.done():
                room.set_result(None)

        self._sink.when_room(there_is)
        await room


async def _caught(work: Coroutine[Any, Any, Any]) -> tuple[BaseException | None, Any]:
    """Outcome as a value: SystemExit, let out of a task, would stop the whole loop."""
    try:
        return None, await work
    except BaseException as error:
        return error, None


async def _told(work: Callable[[], Awaitable[object]]) -> None:
    """Does what an answer has left behind; nobody but the log hears how it went."""
    try:
        await work()
    except Exception:
        _logger.exception("what an answer left to be done after it raised")


async def _awaited(value: Any, aside: Aside) -> Normal:
    """Awaits what an adaptor gave until it is something that can be answered."""
    accept = ", ".join(
        text for name, text in getattr(current.get(None), "headers", ()) if name == "accept"
    )
    for _ in range(_DEEPEST):
        value = await value
        if type(value).__module__ == "builtins":
            normal = respond(value, accept)
        else:  # it may be a figure that takes its time to be drawn; others need the loop
            normal = await aside.run(respond, value, accept)
        if normal[0] != AWAIT:
            return normal
        value = normal[3]
    if hasattr(value, "close"):
        value.close()
    raise Unrenderable("the adaptor gave an awaitable of awaitables without end")


async def _close(chunks: Any) -> None:
    aclose = getattr(chunks, "aclose", None)
    if aclose is None:
        return
    try:
        async with asyncio.timeout(_CLOSING):
            await aclose()
    except TimeoutError:
        _logger.warning("an async generator does not end after aclose()")
    except Exception:
        # What it gave has been sent already, or a first error is on its way.
        _logger.warning("closing an async generator raised", exc_info=True)


_host: _Host | None = None
_lock = threading.Lock()


def start_loop(
    fd: int,
    drain: Callable[[], list[Callable[[], None]]],
    own_directory: Callable[[], None] = lambda: None,
) -> None:
    """Starts the loop. When the eventfd `fd` is readable, what `drain()` gives is called on it.

    Before any adaptor runs, which may exchange what loops and threads are made of (gevent,
    uvloop, event loop policies). `own_directory()` gives the thread that calls it a working
    directory of its own.
    """
    global _host
    with _lock:
        if _host is None:
            _host = _Host(fd, drain, own_directory)
            _host.start()


def stop_loop(seconds: float) -> bool:
    """Cancels every task, waits so long for them to end, and ends the loop's thread.

    False when something in the loop does not return, and it goes on.
    """
    global _host
    with _lock:
        host, _host = _host, None
    return host is None or host.stop(seconds)


def leave_behind(work: Callable[[], Awaitable[object]]) -> None:
    """Has the loop do this when the answer is made; the call's client does not wait for it.

    Raises RuntimeError where too much is under way already.
    """
    host = _host
    if host is None:
        raise RuntimeError("the event loop does not run: nothing can be done after the answer")
    if len(host.left_behind) >= _LEFT_BEHIND:
        raise RuntimeError(f"{_LEFT_BEHIND} tasks that answers have left behind are under way")
    host.leave_behind(work)


def drive(payload: Any, kind: int, sink: Sink, context: contextvars.Context) -> None:
    """Runs an async iterator (kind 3) or awaitable (kind 4) on the loop, in `context`.

    Unless a finished response is handed to `sink.respond`, `sink.end` or `sink.fail` is called,
    exactly once; also when nobody waits any more, with `Cancelled`.
    """
    host = _host
    try:
        if host is None:
            raise RuntimeError("the event loop does not run")
        host.drive(payload, kind, sink, context)
    except RuntimeError as error:  # the server is stopping
        if hasattr(payload, "close"):
            payload.close()  # a coroutine that was never awaited would complain
        sink.fail(error)
