"""The headers of a response: as adaptors give them, checked, as pairs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from . import _werkzeug
from ._errors import Unrenderable

#: As adaptors give them: a mapping (a list as a value gives the header several times), or pairs.
Headers = Mapping[str, Any] | Iterable[tuple[str, Any]]

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # token, RFC 9110 section 5.6.2
# Headers that hold a URL, which is ASCII: the rest is percent-encoded (RFC 3987, 3.1).
_URLS = ("location", "content-location", "refresh")
_ASCII = "".join(map(chr, range(128)))


def are_headers(value: object) -> bool:
    """Whether the second of a tuple is headers, rather than data of a pair."""
    if isinstance(value, Mapping):
        return all(_is_header(name, item) for name, item in value.items())
    if isinstance(value, list) and value:
        return all(
            isinstance(pair, (tuple, list)) and len(pair) == 2 and _is_header(*pair)
            for pair in value
        )
    return _werkzeug.are_headers(value)


def _is_header(name: object, value: object) -> bool:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return False
    if isinstance(value, (list, tuple)):
        return all(isinstance(item, (str, int)) for item in value)
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def pairs(headers: Headers | None) -> list[tuple[str, str]]:
    """Headers as checked pairs; a list as a value gives one pair for each item."""
    if headers is None:
        return []
    items = headers.items() if hasattr(headers, "items") else headers
    return [
        (_header_name(name), _header_value(name, item))
        for name, value in items
        for item in (value if isinstance(value, (list, tuple)) else [value])
    ]


def _header_name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Unrenderable(f"{name!r} cannot be the name of a header")
    return name


def _header_value(name: str, value: object) -> str:
    text = str(value)
    if any(letter in text for letter in "\r\n\0"):
        # Sent as it is, it would be a header of the caller's own making.
        raise Unrenderable(f"the header {name} holds a line break or NUL: {text!r}")
    try:
        if name.lower() in _URLS:
            text = quote(text, safe=_ASCII)
        text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise Unrenderable(
            f"the header {name} holds {text[error.start]!r}, and headers are Latin-1 (PEP 3333): "
            "percent-encode it, for a file's name as filename*=UTF-8''... (RFC 8187)"
        ) from None
    return text


def has(headers: list[tuple[str, str]], name: str) -> bool:
    lower = name.lower()
    return any(present.lower() == lower for present, _ in headers)
