"""Gathers concurrent calls of a function into batches, and gives each caller its own answer."""

from __future__ import annotations

import asyncio
import functools
import inspect
import math
import typing
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any

from ._gathering import Item, OnLoops, OnThread, called
from ._words import with_article

#: Hints of what holds many; `tuple` is left out, which may be one caller's pair.
_MANY = (list, Sequence, Iterable, Collection)


def batch(
    function: Callable[..., Any] | None = None,
    /,
    *,
    max_size: int = 32,
    max_wait: float = 0.01,
    max_waiting: int = 1000,
) -> Any:
    """Gather calls that come together: the function receives lists, and each caller its own answer.

    Of a decorated function each parameter is a list with one entry for each caller, and so is what
    it gives: a list (or an array, of which each caller gets a row). Callers call it, and their
    requests give arguments, as if there were no others. A batch begins once `max_size` calls are
    there, or `max_wait` seconds after its first; one runs at a time, in a worker, and meanwhile the
    next gathers. An entry that is an exception is raised for its caller alone. Beyond
    `max_waiting` calls are refused with 503. More is in [batching.md](batching.md).

    @batch(max_size=64, max_wait=0.005)
    def run(text: list[str]) -> list[str]:
        return [one.upper() for one in text]
    # {"text": "owt"} → OWT
    """
    if isinstance(max_size, bool) or not isinstance(max_size, int) or max_size < 1:
        raise ValueError(f"max_size is how many calls one batch has at most, not {max_size!r}")
    if not 0 <= max_wait < math.inf:
        raise ValueError(f"max_wait is a time in seconds, such as 0.01, not {max_wait!r}")
    if max_waiting < max_size:
        raise ValueError("max_waiting is how many calls may wait: at least max_size")

    def decorate(function: Callable[..., Any]) -> Batched:
        signature = _checked(function)
        kind = OnLoops if _is_async(function) else OnThread
        return Batched(function, signature, kind(function, max_size, max_wait, max_waiting))

    return decorate if function is None else decorate(function)


class Batched:
    """A function whose calls are gathered. It is called with one caller's arguments."""

    def __init__(
        self,
        function: Callable[..., Any],
        parameters: inspect.Signature,
        gathers: OnThread | OnLoops,
    ) -> None:
        """Take the function, its parameters, and what gathers its calls."""
        self._parameters = parameters
        self._gathers = gathers
        functools.update_wrapper(self, function)

    def __set_name__(self, owner: type, name: str) -> None:
        """Refuse to be a method: `self` would be gathered too."""
        raise TypeError(
            f"{owner.__name__}.{name} is a method, whose `self` would be gathered too: batch a "
            f"bound method instead, as in `self.{name} = owt.batch(self._{name})` in `__init__`"
        )

    def __call__(self, /, *args: Any, **named: Any) -> Any:
        """Wait for this caller's own answer; of an `async def`, give what is awaited for it."""
        item = self._item(args, named)
        if isinstance(self._gathers, OnThread) and asyncio._get_running_loop() is not None:
            raise RuntimeError(
                f"{self._name}() would hold up the event loop, and all that it does: "
                f"`await {self._name}.later(...)`"
            )
        return self._gathers.answer(item)

    @functools.cached_property
    def later(self) -> Callable[..., Awaitable[Any]]:
        """Give the same function for `async def`: what is awaited for the caller's own answer."""

        @functools.wraps(self, updated=())
        def later(*args: Any, **named: Any) -> Awaitable[Any]:
            return self._gathers.later(self._item(args, named))

        return later

    @functools.cached_property
    def __signature__(self) -> inspect.Signature:
        """One caller's: of a list's hint what the list holds."""
        given: Any = self.__wrapped__  # type: ignore[attr-defined]
        try:
            hints = typing.get_type_hints(inspect.unwrap(given), include_extras=True)
        except Exception:  # a name that only a type checker imports
            hints = {}
        return self._parameters.replace(
            parameters=[
                one.replace(annotation=_held(hints.get(one.name, one.empty)))
                for one in self._parameters.parameters.values()
            ],
            return_annotation=_held(hints.get("return", inspect.Signature.empty)),
        )

    @property
    def _name(self) -> str:
        return str(getattr(self, "__name__", "the batched function"))

    def _item(self, args: Any, named: Any) -> Item:
        bound = self._parameters.bind(*args, **named)
        bound.apply_defaults()
        return Item(bound.args, bound.kwargs)


def _is_async(function: Callable[..., Any]) -> bool:
    return any(map(inspect.iscoroutinefunction, _bodies(function)))


def _bodies(function: Any) -> tuple[Any, ...]:
    """The function, and what an object in its place runs when it is called."""
    return inspect.unwrap(function), type(function).__call__


def _checked(function: Callable[..., Any]) -> inspect.Signature:
    """The function's parameters. Raises TypeError for what cannot be batched."""
    if not callable(function):
        raise TypeError(
            f"owt.batch decorates a function, not {with_article(type(function).__name__)}"
        )
    name = called(function)
    for body in _bodies(function):
        if inspect.isgeneratorfunction(body) or inspect.isasyncgenfunction(body):
            raise TypeError(
                f"{name} yields, and a batch cannot stream: give a list with one answer for each "
                "caller"
            )
    signature = inspect.signature(function)
    kinds = {one.kind for one in signature.parameters.values()}
    if not kinds:
        raise TypeError(f"{name} has no parameter that could hold a batch")
    if inspect.Parameter.VAR_POSITIONAL in kinds or inspect.Parameter.VAR_KEYWORD in kinds:
        raise TypeError(f"{name} is to be batched, so it names its parameters: no *args, **kwargs")
    return signature


def _held(hint: Any) -> Any:
    """What a list's hint says of one item; of other hints nothing is known."""
    origin = typing.get_origin(hint)
    if origin in _MANY:
        return typing.get_args(hint)[0]
    return inspect.Parameter.empty


def served(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give what the server calls: the callers of a batch wait on the event loop, for no thread."""
    return function.later if isinstance(function, Batched) else function
