"""What a call has to itself of the state that otherwise belongs to the whole process.

A call that changes such state gets a `State`, which the raw call keeps: whatever runs in the call's
context (its thread, its tasks, `asyncio.to_thread`) shares it, and it goes with the call. Most
calls never have one.
"""

from __future__ import annotations

import contextlib
from _thread import allocate_lock
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ._context import current


class State:
    """The state of one call."""

    __slots__ = ("__weakref__", "figures", "params", "streams", "undoing")

    def __init__(self) -> None:
        #: What it has put in the place of `sys.stdout` and the like, by their names.
        self.streams: dict[str, Any] = {}
        #: pyplot's figures, by their numbers.
        self.figures: OrderedDict[Any, Any] = OrderedDict()
        #: What it has set in `matplotlib.rcParams`.
        self.params: dict[str, Any] = {}
        #: What is to be done when it leaves a thread; told whether the call is over.
        self.undoing: dict[str, Callable[[bool], None]] = {}

    def clear(self) -> None:
        """Let go of all but the figures, which are closed."""
        self.streams.clear()
        self.params.clear()
        self.undoing.clear()


_making = allocate_lock()


def existing() -> State | None:
    """Give what the running call has, if there is a call and it has any."""
    state: State | None = getattr(current.get(None), "state", None)
    return state


def own() -> State | None:
    """Give what the running call has, made now if it has none. None outside calls."""
    raw = current.get(None)
    if raw is None:
        return None
    with _making:
        state: State | None = getattr(raw, "state", None)
        if state is None:
            state = raw.state = State()
    return state


def leave(state: State, over: bool) -> None:
    """Undo what a call has done to the thread it leaves and, when it is over, to the process.

    Called on that thread, outside the call.
    """
    with contextlib.ExitStack() as undoing:
        if over:  # a task of it that goes on begins anew
            undoing.callback(state.clear)
        for undo in list(state.undoing.values()):
            undoing.callback(undo, over)
