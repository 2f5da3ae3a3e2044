"""Functions of this program that run on the server: their side that is called here."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any

from . import _remote_end
from ._answer import Answer
from ._call import Call
from ._literals import literal, parsed
from ._sources import adaptor, local_function

if TYPE_CHECKING:
    from ._client import Client

#: The options of a call that make sense for a function.
_OPTIONS = {"timeout", "use_cache"}
_ENTRY = "owt_remote"
_DONE = object()
#: Seconds.
_AGAIN = 0.05


def remote(client: Client, function: Callable[..., Any], options: Mapping[str, Any]) -> Any:
    """A function that is called here and runs on the client's server."""
    if unknown := set(options) - _OPTIONS:
        raise TypeError(f"remote takes {sorted(_OPTIONS)}, not {sorted(unknown)}")
    local = local_function(function)
    made: Any
    if inspect.isasyncgenfunction(local):

        async def made(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            items = await _in_thread(client, _call(client, local, options, args, kwargs))
            try:
                while (item := await _unless_cancelled(items.take, items.close)) is not _DONE:
                    yield item
            finally:
                items.close()

    elif inspect.iscoroutinefunction(local):

        async def made(*args: Any, **kwargs: Any) -> Any:
            return await _in_thread(client, _call(client, local, options, args, kwargs))

    else:

        def made(*args: Any, **kwargs: Any) -> Any:
            call = _call(client, local, options, args, kwargs)
            return _result(client.send(call, client.lease(call)))

    return functools.wraps(function)(made)


class Items(Iterator[Any]):
    """The values of a remote generator. To close it ends the generator on the server."""

    def __init__(self, answer: Answer) -> None:
        """Take the answer whose lines they are."""
        self._answer = answer
        self._lines = answer.text_lines()

    def __next__(self) -> Any:
        """Wait for the next value."""
        return parsed(next(self._lines))

    def take(self) -> Any:
        """Wait for the next value, or `_DONE`: no thread can hand on `StopIteration`."""
        return next(self, _DONE)

    def close(self) -> None:
        """Ends the generator on the server. From any thread."""
        self._answer.close()

    def __enter__(self) -> Items:
        """Give itself; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def _call(
    client: Client,
    local: FunctionType,
    options: Mapping[str, Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Call:
    bound = inspect.signature(local).bind(*args, **kwargs)
    code = adaptor(local, before=inspect.getsource(_remote_end))
    code += f"{_ENTRY} = _owt_entry({local.__name__})\n"
    sent = {"args": list(bound.args), "kwargs": bound.kwargs}
    # Kept without its arguments, the first result would be everybody's.
    cache = {"cache_kwargs": True} if options.get("use_cache") else {}
    try:
        return client.prepare(code, kwargs=sent, fn_name=_ENTRY, **options, **cache)
    except TypeError:
        for name, value in bound.arguments.items():
            literal(value, f"{local.__name__}'s argument {name}")
        raise


def _result(answer: Answer) -> Any:
    if answer.media == _remote_end.OWT_ITEMS:
        return Items(answer)
    with answer:
        return parsed(answer.text()) if answer.media == _remote_end.OWT_VALUE else answer.value()


async def _in_thread(client: Client, call: Call) -> Any:
    lease = client.lease(call)
    return await _unless_cancelled(lambda: _result(client.send(call, lease)), lease.hang_up)


async def _unless_cancelled(work: Callable[[], Any], cancel: Callable[[], None]) -> Any:
    thread = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        while not thread.done():
            cancel()  # once more for a connection that was not open yet
            await asyncio.wait({thread}, timeout=_AGAIN)
        thread.cancelled() or thread.exception()  # that of an ended connection is no news
        raise
