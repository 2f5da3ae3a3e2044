"""Server-sent events: values as the events of a stream (WHATWG HTML, 9.2)."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

from . import _json
from ._errors import Unrenderable


def utf8(text: str) -> bytes:
    """UTF-8; bytes that Python smuggled into text (PEP 383) come out as they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise Unrenderable(f"the text has no UTF-8 form: {error.reason}") from None


def _event(value: object) -> str:
    """One event. Its lines end with CR LF, CR or LF, and with nothing else (WHATWG HTML, 9.2)."""
    if isinstance(value, str):
        # An event stream is UTF-8 throughout, unlike other text (see `utf8`).
        value = value if value.isascii() else utf8(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = bytes(value).decode("utf-8", "replace")
    text = value if isinstance(value, str) else _event_data(value)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "".join(f"data: {line}\n" for line in lines) + "\n"


def _event_data(value: object) -> str:
    if type(value) in (dict, list, tuple):
        return _json.encode(value)
    from .forms import streams

    return streams.as_event(value)


def event_stream(events: Iterable[object] | AsyncIterable[object]) -> object:
    """The events of these values, as an iterator of their kind."""
    if isinstance(events, AsyncIterable):
        return _async_events(events)
    return _events(events)


def _events(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        yield _event(value)


async def _async_events(values: AsyncIterable[object]) -> AsyncIterator[str]:
    async for value in values:
        yield _event(value)
