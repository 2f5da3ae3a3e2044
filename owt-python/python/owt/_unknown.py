"""Values without a JSON form: their type, their place in the result, and what to give instead."""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterator
from typing import Any

from ._errors import type_name
from ._words import with_article

# A place longer than this is shown without its middle.
_LONGEST = 200


class Unknown(Exception):
    """A value without a JSON form; its place grows while the walk unwinds."""

    def __init__(self, what: str) -> None:
        """Take what was found, as it follows "the result has no JSON form: "."""
        super().__init__(what)
        self.what = what
        self.path: list[str] = []

    def inside(self, step: str) -> None:
        """Put `step`, such as `[3]` or `.name`, before the place."""
        self.path.insert(0, step)

    def __str__(self) -> str:
        """Give what was found and where."""
        place = "".join(self.path).lstrip(".")
        if len(place) > _LONGEST:
            place = f"{place[: _LONGEST // 2]}…{place[-_LONGEST // 2 :]}"
        return f"{self.what} at {place}" if place else self.what


def unknown(value: object) -> Unknown:
    """The refusal of a value, naming its type and what to give instead."""
    advice = _advice(value)
    what = with_article(named(value))
    return Unknown(f"{what} ({advice})" if advice else what)


def named(value: object) -> str:
    """The value's type as one would write it: `int`, `mylib.Thing`."""
    return type_name(type(value))


def is_response(value: object) -> bool:
    """Whether this is an HTTP library's response: one that a client received, or a framework's."""
    kind = type(value)
    if isinstance(value, io.IOBase) or hasattr(kind, "__next__") or hasattr(kind, "__anext__"):
        return False
    return any(base.__name__.endswith("Response") for base in kind.__mro__) and any(
        hasattr(value, name) for name in ("status_code", "status")
    )


def response_advice(value: object) -> str:
    """What to give in place of an HTTP library's response."""
    names = ["content", "text", "body", "json", "read"]
    calls = [
        f".{name}()" if inspect.isroutine(getattr(type(value), name, None)) else f".{name}"
        for name in names
        if hasattr(type(value), name) or name in getattr(value, "__dict__", {})
    ]
    return f"give what it holds: {', '.join(calls)}" if calls else "give what it holds"


def _advice(value: Any) -> str | None:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "encode it first, with base64 for instance"
    if isinstance(value, type):
        return f"the class {value.__qualname__} itself; give an instance"
    if is_response(value):
        return response_advice(value)
    if inspect.isawaitable(value):
        return "await it first"
    if hasattr(type(value), "__anext__"):
        return "collect it into a list first"
    if hasattr(type(value), "read"):
        return "read it first"
    if isinstance(value, Iterator):
        return "make a list of it first"
    if isinstance(value, complex):
        return "give its real and imag"
    if inspect.isroutine(value):
        return "it was not called"
    return None
