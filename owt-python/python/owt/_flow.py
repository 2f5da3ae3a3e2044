"""How a value goes through a pipeline: its state, and how a step calls what it was given."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeGuard


class _Nothing:
    def __repr__(self) -> str:
        return "nothing"


#: No last value (None is a value).
NOTHING: Any = _Nothing()


class State(NamedTuple):
    """What is carried from step to step."""

    last: Any
    named: Mapping[str, Any]
    #: what the outermost pipeline was called with, for input()
    call: tuple[Any, Mapping[str, Any]]

    def only(self, value: Any) -> State:
        """Give the state in which there is nothing but this value."""
        return State(value, {}, self.call)

    @property
    def value(self) -> Any:
        """The last value; without one the named values as a dict; None when there is nothing."""
        if self.last is not NOTHING:
            return self.last
        return dict(self.named) if self.named else None

    def need(self, step: str) -> Any:
        """Give the value that a step works on. Raises ValueError when there is none."""
        if self.last is NOTHING and not self.named:
            raise ValueError(f"{step}() needs a value, and there is none at this point")
        return self.value


class Flow:
    """Something made of steps, that takes a state to the next."""

    __slots__ = ()

    def flow(self, state: State) -> Any:
        """Give the state at the end, or an awaitable of it."""
        raise NotImplementedError


def awaits(value: Any) -> TypeGuard[Awaitable[Any]]:
    """Whether the value must be awaited to be had."""
    return hasattr(type(value), "__await__")


def then(value: Any, go: Callable[[Any], Any]) -> Any:
    """Go on with the value; when it has to be awaited first, give a coroutine that does both."""
    return _later(value, go) if awaits(value) else go(value)


async def _later(value: Awaitable[Any], go: Callable[[Any], Any]) -> Any:
    out = go(await value)
    return await out if awaits(out) else out


def branch(g: Any, state: State) -> Any:
    """Take the state through a pipeline, or through a callable that leaves only its result."""
    return g.flow(state) if isinstance(g, Flow) else then(apply(g, state), state.only)


def apply(g: Any, state: State) -> Any:
    """Call `g` with what the state holds, and give its result (or an awaitable of it).

    A last value alone: `g(last)`. Named values: `g(**named)`, with `__last__` if `g` takes it.
    Nothing at all: `g()`, or `g(None)` where one argument is required.
    """
    if isinstance(g, Flow):
        return then(g.flow(state), lambda end: end.value)
    if not state.named:
        if state.last is not NOTHING:
            return g(state.last)
        return g() if _callable_bare(g) else g(None)
    if state.last is not NOTHING and takes_last(g):
        return g(**state.named, __last__=state.last)
    return g(**state.named)


def takes_last(g: Callable[..., Any]) -> bool:
    """Whether `g` has a parameter `__last__`, or takes any named argument."""
    try:
        parameters = inspect.signature(g).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(
        p.kind is p.VAR_KEYWORD or (p.name == "__last__" and p.kind is not p.POSITIONAL_ONLY)
        for p in parameters
    )


def _callable_bare(g: Callable[..., Any]) -> bool:
    try:
        signature = inspect.signature(g)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind()
    except TypeError:
        try:
            signature.bind(None)
        except TypeError:
            return True  # neither fits: let the call itself say what is missing
        return False
    return True
