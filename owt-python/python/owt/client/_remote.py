"""Functions of this program that run on the server: their side that is called here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from . import _remote_end
from ._answer import Answer
from ._call import Call
from ._errors import BadAnswer
from ._literals import literal
from ._parsed import parsed
from ._sources import adaptor, is_installed, local_function

if TYPE_CHECKING:
    from ._async_client import AsyncAnswer, AsyncClient
    from ._caller import Caller
    from ._client import Client

#: The options of a call that make sense for a function.
_OPTIONS = {"prints", "timeout", "use_cache"}
_ENTRY = "owt_remote"
_READ = (_remote_end.OWT_VALUE, _remote_end.OWT_PRINTED)


def remote(client: Client, function: Any, options: Mapping[str, Any]) -> Any:
    """A function that is called here and runs on the client's server; what is async stays so."""

    def one(function: Callable[..., Any]) -> Any:
        local = local_function(function)
        if inspect.isasyncgenfunction(local) or inspect.iscoroutinefunction(local):
            return remote_async(client.twin(), function, options)

        def made(*args: Any, **kwargs: Any) -> Any:
            return _result(client.send(_call(client, local, options, args, kwargs)))

        return functools.wraps(function)(made)

    return _each(function, one, options)


def remote_async(client: AsyncClient, function: Any, options: Mapping[str, Any]) -> Any:
    """The same, awaited or iterated on asyncio's loop."""

    def one(function: Callable[..., Any]) -> Any:
        local = local_function(function)
        made: Any
        if inspect.isasyncgenfunction(local) or inspect.isgeneratorfunction(local):

            async def made(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
                answer = await client.send(_call(client, local, options, args, kwargs))
                async for item in _items(answer):
                    yield item

        else:

            async def made(*args: Any, **kwargs: Any) -> Any:
                answer = await client.send(_call(client, local, options, args, kwargs))
                return await _async_result(answer)

        return functools.wraps(function)(made)

    return _each(function, one, options)


def _each(
    function: Any, one: Callable[[Callable[..., Any]], Any], options: Mapping[str, Any]
) -> Any:
    """What `one` makes of a function, of a method of an object, or of each method of a class."""
    if unknown := set(options) - _OPTIONS:
        raise TypeError(f"remote takes {sorted(_OPTIONS)}, not {sorted(unknown)}")
    if isinstance(function, MethodType):
        return functools.partial(one(function.__func__), function.__self__)
    if not isinstance(function, type):
        return one(function)
    if is_installed(function.__module__):
        raise TypeError(f"{function.__name__} is a type: only what this program defines is sent")
    for name, value in list(vars(function).items()):
        if name.startswith("_"):
            continue
        if isinstance(value, FunctionType):
            setattr(function, name, one(value))
        elif isinstance(value, (staticmethod, classmethod)):
            setattr(function, name, type(value)(one(value.__func__)))
    return function


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
    owner = _owner(local, bound.args)
    code = adaptor(owner or local, before=inspect.getsource(_remote_end))
    sent = list(bound.args)
    if owner is None:
        code += f"{_ENTRY} = _owt_entry({local.__name__})\n"
    else:
        code += f"{_ENTRY} = _owt_method({owner.__name__}, {local.__name__!r})\n"
        sent[0] = None if isinstance(sent[0], type) else _state(sent[0])
    settings = {name: value for name, value in options.items() if name != "prints"}
    if options.get("prints"):
        code += f"{_ENTRY} = _owt_printing({_ENTRY})\n"
    # Kept without its arguments, the first result would be everybody's.
    if settings.get("use_cache"):
        settings["cache_kwargs"] = True
    kwargs = {"args": sent, "kwargs": bound.kwargs}
    try:
        return client.prepare(code, kwargs=kwargs, fn_name=_ENTRY, **settings)
    except TypeError:
        for name, value in zip(bound.arguments, sent):
            literal(value, f"{local.__name__}'s argument {name}")
        for name, value in bound.arguments.items():
            if owner is None or value is not bound.args[0]:
                literal(value, f"{local.__name__}'s argument {name}")
        raise


def _owner(function: FunctionType, args: tuple[Any, ...]) -> type | None:
    """The class of the object, or the class, whose method the function is."""
    if not args:
        return None
    kind: type = args[0] if isinstance(args[0], type) else type(args[0])
    for base in kind.__mro__:
        found = vars(base).get(function.__name__)
        found = getattr(found, "__func__", found)
        if callable(found) and inspect.unwrap(found) is function:
            return kind
    return None


def _state(value: Any) -> dict[str, Any]:
    """What an object has, by its names."""
    slots = [name for base in type(value).__mro__ for name in _slots(base)]
    state = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    return {**state, **getattr(value, "__dict__", {})}


def _slots(kind: type) -> list[str]:
    names = vars(kind).get("__slots__", ())
    named = [names] if isinstance(names, str) else list(names)
    return [name for name in named if name not in ("__dict__", "__weakref__")]


def _result(answer: Answer) -> Any:
    if answer.media == _remote_end.OWT_ITEMS:
        return Items(answer)
    with answer:
        return _value(answer.media, answer.text()) if answer.media in _READ else answer.value()


async def _async_result(answer: AsyncAnswer) -> Any:
    if answer.media == _remote_end.OWT_ITEMS:
        return _items(answer)
    async with answer:
        if answer.media in _READ:
            return _value(answer.media, await answer.text())
        return await answer.value()


async def _items(answer: AsyncAnswer) -> AsyncIterator[Any]:
    async with answer:
        async for line in answer.text_lines():
            yield _read(line)


def _value(media: str, text: str) -> Any:
    """The value; what the function printed is printed here."""
    if media == _remote_end.OWT_PRINTED:
        said, _, text = text.partition("\n")
        print(_read(said), end="")
    return _read(text)


def _read(text: str) -> Any:
    try:
        return parsed(text)
    except ValueError as error:
        raise BadAnswer(f"the function's result cannot be read: {error}") from error
