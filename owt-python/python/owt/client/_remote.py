"""Functions of this program that run on the server: their side that is called here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any

from . import _remote_end
from ._answer import Answer
from ._call import Call
from ._errors import BadAnswer
from ._literals import literal
from ._parsed import parsed
from ._sources import adaptor, local_function

if TYPE_CHECKING:
    from ._async_client import AsyncAnswer, AsyncClient
    from ._caller import Caller
    from ._client import Client

#: The options of a call that make sense for a function.
_OPTIONS = {"timeout", "use_cache"}
_ENTRY = "owt_remote"


def remote(client: Client, function: Callable[..., Any], options: Mapping[str, Any]) -> Any:
    """A function that is called here and runs on the client's server; what is async stays so."""
    local = _checked(function, options)
    if inspect.isasyncgenfunction(local) or inspect.iscoroutinefunction(local):
        return remote_async(client.twin(), function, options)

    def made(*args: Any, **kwargs: Any) -> Any:
        return _result(client.send(_call(client, local, options, args, kwargs)))

    return functools.wraps(function)(made)


def remote_async(
    client: AsyncClient, function: Callable[..., Any], options: Mapping[str, Any]
) -> Any:
    """The same, awaited or iterated on asyncio's loop."""
    local = _checked(function, options)
    made: Any
    if inspect.isasyncgenfunction(local) or inspect.isgeneratorfunction(local):

        async def made(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            answer = await client.send(_call(client, local, options, args, kwargs))
            async for item in _items(answer):
                yield item

    else:

        async def made(*args: Any, **kwargs: Any) -> Any:
            return await _async_result(
                await client.send(_call(client, local, options, args, kwargs))
            )

    return functools.wraps(function)(made)


def _checked(function: Callable[..., Any], options: Mapping[str, Any]) -> FunctionType:
    if unknown := set(options) - _OPTIONS:
        raise TypeError(f"remote takes {sorted(_OPTIONS)}, not {sorted(unknown)}")
    return local_function(function)


class Items(Iterator[Any]):
    """The values of a remote generator. To close it ends the generator on the server."""

    def __init__(self, answer: Answer) -> None:
        """Take the answer whose lines they are."""
        self._answer = answer
        self._lines = answer.text_lines()

    def __next__(self) -> Any:
        """Wait for the next value."""
        return _read(next(self._lines))

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
    client: Caller,
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
        return _read(answer.text()) if answer.media == _remote_end.OWT_VALUE else answer.value()


async def _async_result(answer: AsyncAnswer) -> Any:
    if answer.media == _remote_end.OWT_ITEMS:
        return _items(answer)
    async with answer:
        if answer.media == _remote_end.OWT_VALUE:
            return _read(await answer.text())
        return await answer.value()


async def _items(answer: AsyncAnswer) -> AsyncIterator[Any]:
    async with answer:
        async for line in answer.text_lines():
            yield _read(line)


def _read(text: str) -> Any:
    try:
        return parsed(text)
    except ValueError as error:
        raise BadAnswer(f"the function's result cannot be read: {error}") from error
