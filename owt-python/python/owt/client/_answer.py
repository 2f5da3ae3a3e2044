"""What a server answers: a body that is read as it comes, or an error."""

from __future__ import annotations

import codecs
import contextlib
import http.client
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Self

from ._pool import Lease

PROBLEM: Final = "application/problem+json"

_PIECE = 64 << 10
# Not `str.splitlines`, to which more is a line's end than to anybody else.
_LINE_END = re.compile(r"\r\n|\r|\n")


class OwtError(Exception):
    """The server refused the call, or the adaptor raised.

    `status` is the HTTP status, `problem` the RFC 9457 document (empty when the answer was none),
    `text` the body when it was no problem, `traceback` the adaptor's own, if it raised.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], text: str = "") -> None:
        """Take the status, the problem document, and the body if it was none."""
        self.status = status
        self.problem = dict(problem)
        self.text = text
        title = self.problem.get("title") or http.client.responses.get(status, "error")
        detail = self.problem.get("detail") or text.strip()
        super().__init__(f"{status} {title}: {detail}" if detail else f"{status} {title}")
        if self.traceback:
            self.add_note("On the server:\n" + self.traceback.rstrip())

    @property
    def exception(self) -> Mapping[str, Any]:
        """The adaptor's exception: its `type`, `message` and `traceback`; empty without one."""
        found = self.problem.get("exception")
        return found if isinstance(found, dict) else {}

    @property
    def traceback(self) -> str | None:
        """The adaptor's traceback, if it raised."""
        return str(self.exception.get("traceback") or "") or None


class Event(NamedTuple):
    """A server-sent event."""

    data: str
    event: str = "message"
    id: str = ""


class Answer:
    """A response whose body is read as it comes, once, by one of its methods.

    To iterate it gives pieces of bytes. The end of a `with` block, or `close()`, ends it, and the
    server cancels a call that still runs. Everything that reads raises
    `http.client.IncompleteRead` when the body was cut: the call failed in the middle.
    """

    def __init__(
        self,
        lease: Lease,
        response: http.client.HTTPResponse,
        *,
        is_taken: bool = True,
    ) -> None:
        """Take the connection, which this gives back, and its response.

        `is_taken` is false when the server has not read all of the request.
        """
        self._lease = lease
        self._response = response
        self._is_taken = is_taken
        self._is_read = False
        self.status: int = response.status
        self.headers: http.client.HTTPMessage = response.headers
        self.content_type: str = (response.headers.get("Content-Type") or "").strip()
        #: The content type without parameters, in lower case.
        self.media: str = self.content_type.partition(";")[0].strip().lower()

    def __iter__(self) -> Iterator[bytes]:
        """Pieces of the body, as they come."""
        try:
            while piece := self.read(_PIECE):
                yield piece
        finally:
            self.close()

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, as soon as there are some; by default all that is left."""
        if size < 0:
            return b"".join(self)
        piece = self._response.read1(size)
        if not piece and size and self._response.length:
            raise http.client.IncompleteRead(b"", self._response.length)
        self._is_read = self._is_read or (not piece and size > 0)
        return piece

    def text(self) -> str:
        """The body as text."""
        return self.read().decode(_charset(self.content_type), "replace")

    def json(self) -> Any:
        """The body as JSON, parsed."""
        return json.loads(self.read())

    def lines(self) -> Iterator[Any]:
        """The values of a body of JSON lines, each as soon as it is there."""
        return (json.loads(line) for line in self.text_lines() if line.strip())

    def events(self) -> Iterator[Event]:
        """Server-sent events (WHATWG HTML, 9.2), each as soon as it is there."""
        data: list[str] = []
        kind = last = ""
        for line in self._lines("utf-8"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                if data:
                    yield Event("\n".join(data), kind or "message", last)
                data, kind = [], ""
            elif name == "data":
                data.append(value)
            elif name == "event":
                kind = value
            elif name == "id" and "\0" not in value:
                last = value

    def text_lines(self) -> Iterator[str]:
        """The lines of the body, each as soon as it is there, without their ends.

        A line ends with CR, LF or both.
        """
        return self._lines(_charset(self.content_type))

    def _lines(self, charset: str) -> Iterator[str]:
        # A byte order mark is no part of the first line.
        charset = "utf-8-sig" if charset == "utf-8" else charset
        decoder = codecs.getincrementaldecoder(charset)("replace")
        return _split(decoder.decode(piece, not piece) for piece in _and_end(self))

    def value(self) -> Any:
        """The body by its type: parsed JSON, text, or bytes."""
        if self.media == "application/json" or self.media.endswith("+json"):
            return self.json()
        return self.text() if self.media.startswith("text/") else self.read()

    def error(self) -> OwtError:
        """The body as an error. Of one that was cut, what came."""
        try:
            text = self.text()
        except (OSError, http.client.HTTPException):
            text = ""
        if self.media == PROBLEM:
            with contextlib.suppress(ValueError):
                problem = json.loads(text)
                if isinstance(problem, dict):
                    return OwtError(self.status, problem)
        return OwtError(self.status, {}, text)

    def close(self) -> None:
        """Ends the answer; the server cancels a call that still runs. From any thread.

        The connection ends with it, unless the body was read to its end.
        """
        whole = self._is_taken and (self._is_read or self._response.length == 0)
        if not whole:
            self._lease.hang_up()
        self._response.close()
        self._lease.end(whole=whole)

    def __enter__(self) -> Self:
        """Give itself; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def _and_end(pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield from pieces
    yield b""


def _split(pieces: Iterable[str]) -> Iterator[str]:
    begun: list[str] = []
    after_return = False
    for piece in filter(None, pieces):
        # The rest of a CR LF whose CR has ended a line already, so that nobody waits for it.
        text = piece.removeprefix("\n") if after_return else piece
        after_return = piece.endswith("\r")
        first, *more = _LINE_END.split(text)
        begun.append(first)
        for part in more:
            yield "".join(begun)
            begun = [part]
    if rest := "".join(begun):
        yield rest


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            with contextlib.suppress(LookupError):
                return codecs.lookup(value.strip(' "')).name
    return "utf-8"
