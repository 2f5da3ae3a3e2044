"""Threads beside the event loop, for work that would hold it up.

As `loop.run_in_executor`, made of what no adaptor can exchange: after `gevent.monkey.patch_all()`
new threads of `threading` are none.
"""

from __future__ import annotations

import asyncio
import contextvars
from _queue import SimpleQueue
from _thread import start_new_thread
from collections.abc import Callable
from typing import Any

#: At most so many work at once.
_MOST = 16

_Work = Callable[[], None]


class Aside:
    """The threads of one loop. They start when they are needed, and stay."""

    def __init__(self, loop: asyncio.AbstractEventLoop, post: Callable[[_Work], None]) -> None:
        """Of that loop, to whose thread `post` gives work."""
        self._loop = loop
        self._post = post
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._threads = 0
        self._busy = 0

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """What the work gives, done in the caller's context. On the loop's thread."""
        given = self._loop.create_future()
        context = contextvars.copy_context()

        def done() -> None:
            self._busy -= 1
            if not given.done():
                given.set_result(outcome)

        outcome: tuple[Any, BaseException | None] = None, None

        def do() -> None:
            nonlocal outcome
            try:
                outcome = context.run(work, *args), None
            except BaseException as error:
                outcome = None, error
            self._post(done)

        self._busy += 1
        if self._threads < min(self._busy, _MOST):
            self._threads += 1
            start_new_thread(_serve, (self._queue,))
        self._queue.put(do)
        value, error = await given
        if error is not None:
            raise error
        return value

    def stop(self) -> None:
        """Let every thread end when it has done what it does."""
        for _ in range(self._threads):
            self._queue.put(None)


def _serve(queue: SimpleQueue[_Work | None]) -> None:
    while (work := queue.get()) is not None:
        work()
