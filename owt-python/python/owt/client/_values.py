"""The body of an answer as a value: text by its charset, JSON with every number."""

from __future__ import annotations

import codecs
import json
from typing import Any, Final

from ._errors import BadAnswer

#: What Python converts at once without taking a long time (sys.set_int_max_str_digits).
_DIGITS: Final = 4000


def is_json(media: str) -> bool:
    """Whether a media type without parameters, in lower case, is JSON."""
    return media == "application/json" or media.endswith("+json")


def value(body: bytes, content_type: str, media: str) -> Any:
    """The body by its type: parsed JSON, text, or bytes."""
    if is_json(media):
        return parsed_json(body, content_type)
    return text(body, content_type) if media.startswith("text/") else body


def text(body: bytes, content_type: str) -> str:
    """The body as text, without a byte order mark."""
    decoded = body.decode(charset(content_type), "replace")
    return decoded.removeprefix("\ufeff")


def parsed_json(body: bytes | str, content_type: str) -> Any:
    """The JSON's value. Raises `BadAnswer`."""
    if isinstance(body, bytes):
        body = body.decode("utf-8-sig", "replace")
    try:
        return _loads(body)
    except (ValueError, RecursionError) as error:
        shown = f"{body[:60]!r}" if body.strip() else "nothing"
        raise BadAnswer(
            f"the answer is no JSON ({error}): {content_type or 'without a type'}, it begins with "
            f"{shown}"
        ) from error


def _loads(body: str) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # An integer of more digits than Python converts by itself.
        return json.loads(body, parse_int=integer)


def integer(digits: str) -> int:
    """An integer of any number of decimal digits."""
    digits = digits.replace("_", "")
    if digits.startswith("-"):
        return -integer(digits[1:])
    if len(digits) <= _DIGITS:
        return int(digits)
    middle = len(digits) // 2
    rest = len(digits) - middle
    power: int = 10**rest
    return integer(digits[:middle]) * power + integer(digits[middle:])


def charset(content_type: str) -> str:
    """The charset that a content type names, if Python knows it, else UTF-8."""
    for parameter in content_type.split(";")[1:]:
        name, _, named = parameter.partition("=")
        if name.strip().lower() == "charset":
            try:
                found = codecs.lookup(named.strip(" \"'")).name
                b"a".decode(found, "replace")  # refuses what is no charset, as base64
            except (LookupError, ValueError):
                return "utf-8"
            return found
    return "utf-8"
