"""Plain data as Python expressions, and back: how a client says a call's arguments."""

from __future__ import annotations

import ast
import base64
import json
import math
import re
from typing import Any, Final

from ._kinds import expression, hexadecimal, mend

#: CPython parses 200 brackets inside one another; the server may wrap a few around.
_DEEPEST = 190

#: Bytes from this size on are written as base64, which both sides read at once.
_LARGE: Final = 1024

#: What a person could not see, or a tool on the way could take for a line end.
_ESCAPED = re.compile(
    r"""['\\\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"""
)
_UNPRINTABLE = re.compile(r"[^ -~]|['\\]")
_SHORT = {"'": r"\'", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_EXPONENT = re.compile(r"e\+?(-?)0*(?=\d)")


def literal(value: object, place: str = "the argument", depth: int = 0) -> str:
    """An expression that gives `value` again, the same that owt's other clients write.

    Plain data is None, bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set
    and frozenset, of exactly these types. Dates, times and zones, `Decimal`, `Fraction`, `UUID`,
    `range`, numpy's scalars and arrays are taken as well. Raises `TypeError` for anything else,
    with its place, and what to send instead.
    """
    kind: Any = type(value)
    scalar = _SCALARS.get(kind)
    if scalar is not None:
        text: str = scalar(value)
        return text
    if kind not in (dict, list, tuple, set, frozenset):
        return _further(value, place)
    # A set is a call with a list in it.
    depth += 2 if kind in (set, frozenset) else 1
    if depth > _DEEPEST:
        raise TypeError(f"{place} is nested too deep (does it contain itself?)")
    members: Any = value
    if kind is dict:
        texts = [
            f"{literal(key, f'a key of {place}', depth)}: "
            f"{literal(item, f'{place}[{key!r}]', depth)}"
            for key, item in members.items()
        ]
        return "{" + ", ".join(texts) + "}"
    parts = [literal(part, f"{place}[{index}]", depth) for index, part in enumerate(members)]
    inside = ", ".join(parts)
    if kind is list:
        return f"[{inside}]"
    if kind is tuple:
        return f"({inside},)" if len(parts) == 1 else f"({inside})"
    return f"{kind.__name__}([{inside}])"


def _further(value: object, place: str) -> str:
    kind = type(value)
    try:
        written = expression(value, literal)
        instead = mend(value)
    except TypeError as error:
        written, instead = None, str(error)
    if written is None:
        raise TypeError(
            f"{place} is a {kind.__module__}.{kind.__qualname__}, which cannot be sent; "
            f"send {instead}"
        )
    return written


def decimal(value: float) -> str:
    """A finite float as all clients write it: 1e16 and 1e-7, where Python says 1e+16 and 1e-07."""
    return _EXPONENT.sub(r"e\1", repr(value))


def _float(value: float) -> str:
    if math.isnan(value):
        return "float('nan')"
    if math.isinf(value):
        # There is no word for it, but any decimal too large for a float is one.
        return "1e999" if value > 0 else "-1e999"
    return decimal(value)


def _text(value: str) -> str:
    return "'" + _ESCAPED.sub(_escape, value) + "'"


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _bytes(value: bytes | bytearray) -> str:
    if len(value) >= _LARGE:
        return f"__import__('base64').b64decode('{base64.b64encode(value).decode()}')"
    return "b'" + _UNPRINTABLE.sub(_escape_byte, value.decode("latin-1")) + "'"


def _escape_byte(match: re.Match[str]) -> str:
    character = match.group()
    return f"\\{character}" if character in "'\\" else f"\\x{ord(character):02x}"


def _complex(value: complex) -> str:
    return f"complex({_float(value.real)}, {_float(value.imag)})"


_SCALARS: dict[type, Any] = {
    type(None): repr,
    bool: repr,
    int: hexadecimal,
    float: _float,
    str: _text,
    bytes: _bytes,
    bytearray: lambda value: f"bytearray({_bytes(value)})",
    complex: _complex,
}


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
