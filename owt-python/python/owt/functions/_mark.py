"""The decorator that says more of a published function than its signature does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, overload

_F = TypeVar("_F", bound=Callable[..., Any])
_MARK = "__owt_function__"


class Mark(NamedTuple):
    """What a decorator has said of a function."""

    #: What it is called by; None for its own name.
    name: str | None = None
    get: bool = False
    #: How old a kept result may be, in seconds; True is no limit, None keeps none.
    cache: float | bool | None = None
    #: Its calls' deadline in seconds.
    timeout: float | None = None
    hidden: bool = False


@overload
def function(decorated: _F, /) -> _F: ...


@overload
def function(
    *,
    name: str | None = None,
    get: bool = False,
    cache: float | bool | None = None,
    timeout: float | None = None,
    hidden: bool = False,
) -> Callable[[_F], _F]: ...


def function(
    decorated: _F | None = None,
    /,
    *,
    name: str | None = None,
    get: bool = False,
    cache: float | bool | None = None,
    timeout: float | None = None,
    hidden: bool = False,
) -> _F | Callable[[_F], _F]:
    """Publish this function, and of its module only those that are decorated so.

    `name` is what it is called by, in place of its own name. With `get` a GET may call it: say so
    of what changes nothing. `cache` keeps results, True for as long as the server keeps any, a
    number for so many seconds. `timeout` is the deadline of its calls in seconds; a caller's own
    may be shorter. A `hidden` function can be called and is not in the catalogue.
    """
    mark = Mark(name, bool(get), _cache(cache), _timeout(timeout), bool(hidden))
    if name is not None and not (isinstance(name, str) and name.isidentifier()):
        raise ValueError(f"name={name!r} must be an identifier, such as 'add'")

    def decorate(decorated: _F) -> _F:
        setattr(decorated, _MARK, mark)
        return decorated

    return decorate if decorated is None else decorate(decorated)


def mark_of(value: object) -> Mark | None:
    """Give what its decorator has said of a function; None of one that has none."""
    found = getattr(value, _MARK, None)
    return found if isinstance(found, Mark) else None


def _cache(cache: float | bool | None) -> float | bool | None:
    if cache is None or cache is False:
        return None
    if cache is True or (_is_number(cache) and cache > 0):
        return cache
    raise ValueError(f"cache={cache!r} must be True or a number of seconds above 0")


def _timeout(timeout: float | None) -> float | None:
    if timeout is None or (_is_number(timeout) and timeout > 0):
        return timeout
    raise ValueError(f"timeout={timeout!r} must be a number of seconds above 0")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value < float("inf")
