"""Lines and server-sent events out of the pieces in which a body comes."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from ._errors import BadAnswer, status_error

EVENTS = "text/event-stream"

# Not `str.splitlines`, to which more is a line's end than to anybody else.
_LINE_END = re.compile(r"\r\n|\r|\n")


class Event(NamedTuple):
    """A server-sent event."""

    data: str
    event: str = "message"
    id: str = ""


class Lines:
    """Splits text that comes in pieces into lines, each as soon as it is there.

    A line ends with CR, LF or both.
    """

    def __init__(self, charset: str) -> None:
        """Take the text's charset."""
        self._decoder = codecs.getincrementaldecoder(charset)("replace")
        self._begun: list[str] = []
        self._is_first = True
        self._after_return = False

    def feed(self, piece: bytes) -> Iterator[str]:
        """The lines that this piece ends."""
        return self._split(self._decoder.decode(piece))

    def end(self) -> Iterator[str]:
        """The lines at the end; the last one need not be ended."""
        yield from self._split(self._decoder.decode(b"", True))
        if rest := "".join(self._begun):
            self._begun = []
            yield rest

    def _split(self, text: str) -> Iterator[str]:
        if not text:
            return
        if self._is_first:
            # A byte order mark is no part of the first line.
            self._is_first = False
            text = text.removeprefix("\ufeff")
        # The rest of a CR LF whose CR has ended a line already, so that nobody waits for it.
        if self._after_return and text.startswith("\n"):
            text = text[1:]
        self._after_return = text.endswith("\r")
        first, *more = _LINE_END.split(text)
        self._begun.append(first)
        for part in more:
            line = "".join(self._begun)
            self._begun = [part]
            yield line


class EventReader:
    """Reads server-sent events out of their lines (WHATWG HTML, 9.2.6)."""

    def __init__(self) -> None:
        """Begin with the first line."""
        self._data: list[str] = []
        self._kind = self._id = ""

    def read(self, line: str) -> Event | None:
        """The event that this line ends. Raises the problem that an `error` event brings."""
        if not line:
            data, kind = self._data, self._kind
            self._data, self._kind = [], ""
            if not data:
                return None
            event = Event("\n".join(data), kind or "message", self._id)
            _raise_problem(event)
            return event
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None


def refuse_others(media: str, content_type: str) -> None:
    """Raise `BadAnswer` for what is no event stream."""
    if media != EVENTS:
        raise BadAnswer(
            f"the answer is no event stream but {content_type or 'of no type'}: give "
            "`sse(values)`, or read it with `text`, `json` or `lines`"
        )


def _raise_problem(event: Event) -> None:
    """The server tells of a failure in the middle by an event; an adaptor's own is an event."""
    if event.event != "error":
        return
    try:
        problem = json.loads(event.data)
    except (ValueError, RecursionError):
        return
    if not isinstance(problem, dict) or not isinstance(problem.get("title"), str):
        return
    status = problem.get("status")
    if type(status) is int and 400 <= status < 1000:
        raise status_error(status, problem)
