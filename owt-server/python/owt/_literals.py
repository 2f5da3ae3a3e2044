"""Plain data as Python expressions, and back: how a client says a call's arguments."""

from __future__ import annotations

import ast
import json
import math
from typing import Any

_DEEPEST = 200


def literal(value: object, place: str = "the argument", depth: int = 0) -> str:
    """An expression that gives `value` again.

    Raises `TypeError` naming the place of what is no plain data: None, bool, int, float, complex,
    str, bytes, bytearray, list, tuple, dict, set and frozenset, of exactly these types.
    """
    if depth > _DEEPEST:
        raise TypeError(f"{place} is nested too deep (does it contain itself?)")
    kind = type(value)
    if kind is float:
        # `inf` and `nan` are no words of Python's.
        return repr(value) if math.isfinite(value) else f"float({str(value)!r})"  # type: ignore[arg-type]
    if value is None or kind in (bool, int, str, bytes, bytearray):
        return repr(value)
    if kind is complex:
        real, imaginary = value.real, value.imag  # type: ignore[attr-defined]
        return f"complex({literal(real)}, {literal(imaginary)})"
    if kind is dict:
        texts = [
            f"{literal(key, f'a key of {place}', depth + 1)}: "
            f"{literal(item, f'{place}[{key!r}]', depth + 1)}"
            for key, item in value.items()  # type: ignore[attr-defined]
        ]
        return "{" + ", ".join(texts) + "}"
    if kind in (list, tuple, set, frozenset):
        members: Any = value
        parts = [
            literal(part, f"{place}[{index}]", depth + 1) for index, part in enumerate(members)
        ]
        inside = ", ".join(parts)
        if kind is list:
            return f"[{inside}]"
        if kind is tuple:
            return f"({inside},)" if parts else "()"
        return f"{kind.__name__}([{inside}])"
    raise TypeError(
        f"{place} is a {kind.__module__}.{kind.__qualname__}, which cannot be sent; "
        "send plain data (numbers, text, bytes, lists, dicts, sets)"
    )


def value(text: str) -> object:
    """What a person typed as a value: JSON, or a Python literal, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
