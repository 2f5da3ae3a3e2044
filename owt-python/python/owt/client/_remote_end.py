"""The server's side of a remote function: the text of this file is sent with it.

Plain data comes back as its `repr`, an iterator as such a line for each item, anything else as
the server renders it.
"""

import inspect as _owt_inspect
from typing import Any as _owt_Any

OWT_VALUE = "application/x-owt-value"
OWT_ITEMS = "application/x-owt-items"


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


def _owt_result(value: _owt_Any) -> _owt_Any:
    from owt import Response

    if hasattr(value, "__anext__"):
        return Response(_owt_async_lines(value), content_type=OWT_ITEMS)
    if hasattr(value, "__next__"):
        return Response(_owt_lines(value), content_type=OWT_ITEMS)
    if type(value) is bytes:
        return Response(value, content_type="application/octet-stream")
    return Response(repr(value), content_type=OWT_VALUE) if _owt_plain(value) else value


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
    if not _owt_plain(item):
        raise TypeError(
            f"{type(item).__name__} cannot be sent: yield numbers, text, bytes, lists, dicts"
        )
    return repr(item) + "\n"


def _owt_plain(value: _owt_Any, depth: int = 0) -> bool:
    kind = type(value)
    if kind in (type(None), bool, int, float, str, bytes):
        return True
    if depth > 90:
        return False
    if kind is dict:
        pairs = value.items()
        return all(_owt_plain(k, depth + 1) and _owt_plain(v, depth + 1) for k, v in pairs)
    return kind in (list, tuple, set) and all(_owt_plain(item, depth + 1) for item in value)
