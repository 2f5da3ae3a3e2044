"""The server's side of a remote function: the text of this file is sent with it.

Plain data comes back as its `repr`, an iterator as such a line for each item, anything else as
the server renders it.
"""

import inspect as _owt_inspect
from typing import Any as _owt_Any

OWT_VALUE = "application/x-owt-value"
OWT_ITEMS = "application/x-owt-items"
OWT_PRINTED = "application/x-owt-printed"


def _owt_entry(function: _owt_Any) -> _owt_Any:
    """Takes the arguments as data, whatever their names and kinds."""
    entry: _owt_Any
    if _owt_inspect.iscoroutinefunction(function):

        async def entry(args: _owt_Any, kwargs: _owt_Any) -> _owt_Any:
            return _owt_result(await function(*args, **kwargs))

    else:

        def entry(args: _owt_Any, kwargs: _owt_Any) -> _owt_Any:
            return _owt_result(function(*args, **kwargs))

    return entry


def _owt_method(owner: _owt_Any, name: str) -> _owt_Any:
    """The same for a method, whose first argument is what its object has; None for the class."""
    entry: _owt_Any

    def bound(state: _owt_Any) -> _owt_Any:
        if state is None:
            return getattr(owner, name)
        made = object.__new__(owner)
        for attribute, value in state.items():
            object.__setattr__(made, attribute, value)
        return getattr(made, name)

    if _owt_inspect.iscoroutinefunction(getattr(owner, name)):

        async def entry(args: _owt_Any, kwargs: _owt_Any) -> _owt_Any:
            return _owt_result(await bound(args[0])(*args[1:], **kwargs))

    else:

        def entry(args: _owt_Any, kwargs: _owt_Any) -> _owt_Any:
            return _owt_result(bound(args[0])(*args[1:], **kwargs))

    return entry


def _owt_printing(entry: _owt_Any) -> _owt_Any:
    """The same, with what is printed meanwhile: the first line of the answer is that text."""
    import contextlib
    import io

    from owt import Response

    def joined(said: str, result: _owt_Any) -> _owt_Any:
        if getattr(result, "headers", None) != [("Content-Type", OWT_VALUE)]:
            print(said, end="")
            raise TypeError("with prints=True a function returns plain data: no stream, no bytes")
        return Response(f"{said!r}\n{result.body}", content_type=OWT_PRINTED)

    wrapped: _owt_Any
    if _owt_inspect.iscoroutinefunction(entry):

        async def wrapped(args: _owt_Any, kwargs: _owt_Any) -> _owt_Any:
            with contextlib.redirect_stdout(io.StringIO()) as said:
                result = await entry(args, kwargs)
            return joined(said.getvalue(), result)

    else:

        def wrapped(args: _owt_Any, kwargs: _owt_Any) -> _owt_Any:
            with contextlib.redirect_stdout(io.StringIO()) as said:
                result = entry(args, kwargs)
            return joined(said.getvalue(), result)

    return wrapped


def _owt_result(value: _owt_Any) -> _owt_Any:
    from owt import Response

    if hasattr(value, "__anext__"):
        return Response(_owt_async_lines(value), content_type=OWT_ITEMS)
    if hasattr(value, "__next__"):
        return Response(_owt_lines(value), content_type=OWT_ITEMS)
    if type(value) is bytes:
        return Response(value, content_type="application/octet-stream")
    try:
        return Response(repr(_owt_data(value)), content_type=OWT_VALUE)
    except _OwtOther:
        return value


def _owt_lines(items: _owt_Any) -> _owt_Any:
    try:
        for item in items:
            yield _owt_line(item)
    finally:
        if hasattr(items, "close"):
            items.close()


async def _owt_async_lines(items: _owt_Any) -> _owt_Any:
    try:
        async for item in items:
            yield _owt_line(item)
    finally:
        if hasattr(items, "aclose"):
            await items.aclose()


def _owt_line(item: _owt_Any) -> str:
    try:
        return repr(_owt_data(item)) + "\n"
    except _OwtOther as other:
        raise TypeError(
            f"{other} cannot be sent: yield numbers, text, bytes, dates, lists, dicts"
        ) from None


class _OwtOther(Exception):
    """A value that is no plain data."""


class _OwtInt(int):
    """An integer that Python would not write in decimal."""

    def __repr__(self) -> str:
        return hex(self)


class _OwtComplex(complex):
    """A complex number as a call of its class."""

    def __repr__(self) -> str:
        return f"complex({self.real!r}, {self.imag!r})"


_OWT_KINDS = {
    "datetime": ("datetime", "date", "time", "timedelta", "timezone"),
    "zoneinfo": ("ZoneInfo",),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "uuid": ("UUID",),
}


def _owt_data(value: _owt_Any, depth: int = 0) -> _owt_Any:
    """The value, or one whose `repr` the client reads as the value."""
    kind = type(value)
    if kind in (type(None), bool, float, str, bytes, bytearray, range):
        return value
    if kind is int:
        return _OwtInt(value) if value.bit_length() > 13_000 else value
    if kind is complex:
        return _OwtComplex(value)
    if depth > 90:
        raise _OwtOther("what is nested too deep")
    if kind is dict:
        pairs = value.items()
        return {_owt_data(k, depth + 1): _owt_data(v, depth + 1) for k, v in pairs}
    if kind in (list, tuple, set, frozenset):
        return kind(_owt_data(item, depth + 1) for item in value)
    if kind.__name__ in _OWT_KINDS.get(kind.__module__, ()):
        _owt_data(getattr(value, "tzinfo", None), depth + 1)
        return value
    if kind.__module__ == "numpy" and hasattr(value, "item") and value.shape == ():
        return _owt_data(value.item(), depth + 1)
    raise _OwtOther(kind.__name__)
