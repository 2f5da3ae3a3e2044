"""Streams of values that are neither text nor bytes: rows, record batches, frames, images."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from typing import Any

from .. import _json
from .._errors import Unrenderable
from . import registry, rows, tables
from .available import available, library
from .negotiation import acceptable, names
from .registry import Form, Instead

#: Makes a chunk of a value.
Encode = Callable[[Any], bytes]

IMAGES = "multipart/x-mixed-replace"
_BOUNDARY = "owt-frame"
_LINES = (rows.LINES, rows.JSONL)
# What browsers show of a stream of images, the best first.
_SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/svg+xml")


def opening(value: Any, media: str, accept: str, otherwise: Encode) -> tuple[str, Encode]:
    """The type of a stream, and what encodes its values, by the first that is no text or bytes.

    `media` is what the adaptor says, or the type of text where it says nothing. `otherwise` encodes
    what has no form in a stream of its own.
    """
    essence = media.partition(";")[0].strip().lower()
    if essence == "text/plain":
        offers = _offers(value, accept)
        essence = next(iter(acceptable(accept, offers)), offers[0]) if offers else essence
        media = f"{IMAGES}; boundary={_BOUNDARY}" if essence == IMAGES else essence or media
        media = media if offers else "text/plain; charset=utf-8"
    if essence in _LINES:
        return media, _lines
    if essence == tables.ARROW:
        return media, _Batches()
    if essence == IMAGES:
        named = re.search(r'boundary="?([^";]+)', media)
        return media, _Parts(named[1] if named else _BOUNDARY)
    return media, otherwise


def _offers(value: Any, accept: str) -> list[str]:
    """The types that a stream which begins so can have; none for plain values."""
    media: list[str] = []
    if type(value) not in (dict, list, tuple, int, float, bool) and value is not None:
        forms = registry.of(value)
        media = [] if isinstance(forms, Instead) else [one.media for one in forms]
    if rows.LINES in media:
        return [*_LINES, *([tables.ARROW] if available("pyarrow") else [])]
    shown = [one for one in media if one in _SHOWN]
    if shown and (media[0] in _SHOWN or names(accept, IMAGES)):
        return [IMAGES]
    return [one for one in _LINES if names(accept, one)]


def _lines(value: Any) -> bytes:
    """A line for each row of a table, and for any other value one."""
    forms = registry.of(value) if type(value) not in (dict, list) else []
    for one in () if isinstance(forms, Instead) else forms:
        if one.media == rows.LINES:
            made: Any = one.make(value)
            return b"".join(made)
    return _json.encoded(value) + b"\n"


class _Batches:
    """Encodes tables as one stream of Arrow."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._writer: Any = None

    def __call__(self, value: Any) -> bytes:
        """The batches of a table, after the schema if it is the first."""
        table = tables.as_arrow(value)
        if self._writer is None:
            self._writer = library("pyarrow.ipc").new_stream(self._buffer, table.schema)
        self._writer.write_table(table)
        return tables.taken(self._buffer)


class _Parts:
    """Encodes images, each of which takes the place of the one before."""

    def __init__(self, boundary: str) -> None:
        self._boundary = boundary.encode()
        self._begun = False

    def __call__(self, value: Any) -> bytes:
        """A part, with the boundary behind it: what shows it need not wait for the next."""
        media, content = _image(value)
        head = b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n" % (media.encode(), len(content))
        before = b"" if self._begun else b"--%b\r\n" % self._boundary
        self._begun = True
        return b"%b%b%b\r\n--%b\r\n" % (before, head, content, self._boundary)


def _image(value: Any) -> tuple[str, bytes]:
    forms = registry.of(value)
    given: dict[str, Form] = {} if isinstance(forms, Instead) else {one.media: one for one in forms}
    # what is natural, unless that is no picture
    natural = [next(iter(given), "")] if next(iter(given), "") in _SHOWN else []
    for media in (*natural, *_SHOWN):
        content: Any = given[media].make(value) if media in given else None
        if content is not None:
            return media, content.encode() if isinstance(content, str) else bytes(content)
    raise Unrenderable(f"a {type(value).__name__} in a stream of images has no form as an image")


def as_event(value: Any) -> str:
    """A value as the data of an event: its JSON, and of an image its URL."""
    try:
        return _json.encode(value)
    except Unrenderable as refused:
        forms = registry.of(value)
        natural = forms[0].media if forms and not isinstance(forms, Instead) else ""
        if natural not in _SHOWN:
            raise refused from None
    media, content = _image(value)
    return f"data:{media};base64,{base64.b64encode(content).decode()}"
