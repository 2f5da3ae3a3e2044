"""What a server answers: a body that is read as it comes, or an error."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _errors, _events, _values
from ._errors import BadAnswer, Cut, OwtError, Redirected
from ._events import Event, EventReader, Lines
from ._http import Incoming
from ._pool import Lease

if TYPE_CHECKING:
    from http.client import HTTPMessage

    from typing_extensions import Self

#: The most that is read at once.
PIECE = 64 << 10
_DURATION = re.compile(r'dur="?(\d+(?:\.\d+)?)"?')
#: Of an error, the most that is read of its body.
MOST_ERROR = 1 << 20


class Head:
    """The head of an answer: what is known before its body is read."""

    def __init__(self, incoming: Incoming, called: str) -> None:
        """Take the response, whose head has come, and what was called."""
        self.status: int = incoming.status
        self.headers: HTTPMessage = incoming.headers
        self.content_type: str = (incoming.headers.get("Content-Type") or "").strip()
        #: The content type without parameters, in lower case.
        self.media: str = self.content_type.partition(";")[0].strip().lower()
        self._called = called

    @property
    def request_id(self) -> str | None:
        """The request's id in the server's log."""
        return self.headers.get("X-Request-Id")

    @property
    def timings(self) -> dict[str, float]:
        """What `Server-Timing` says, in milliseconds."""
        found = {}
        for entry in ",".join(self.headers.get_all("Server-Timing", [])).split(","):
            name, *parameters = (part.strip() for part in entry.split(";"))
            for parameter in parameters:
                if match := _DURATION.fullmatch(parameter):
                    found[name] = float(match[1])
        return found

    def refusal(self) -> OwtError | None:
        """The error that the head alone tells of: a redirect."""
        location = self.headers.get("Location")
        if self.status in (301, 302, 303, 307, 308):
            return Redirected(self.status, self._called, location or "nowhere", self.headers)
        return None


class Result(NamedTuple):
    """A call's value, with what the answer said beside it."""

    value: Any
    status: int
    headers: HTTPMessage
    request_id: str | None
    #: What `Server-Timing` says, in milliseconds.
    timings: dict[str, float]


class Answer(Head):
    """A response whose body is read as it comes, once, by one of its methods.

    To iterate it gives pieces of bytes. The end of a `with` block, or `close()`, ends it, and the
    server cancels a call that still runs. Everything that reads raises `Cut` when the body was cut:
    the call failed in the middle; and `Closed` when another thread has closed the answer.
    """

    def __init__(
        self, lease: Lease, incoming: Incoming, called: str, *, is_taken: bool = True
    ) -> None:
        """Take the connection, which this gives back, and the response, whose head has come.

        `is_taken` is false when the server has not read all of the request.
        """
        super().__init__(incoming, called)
        self._lease = lease
        self._incoming = incoming
        self._is_taken = is_taken
        self._unpack = unpacker(incoming.headers.get("Content-Encoding"), called)

    def __iter__(self) -> Iterator[bytes]:
        """Pieces of the body, as they come."""
        try:
            while piece := self.read(PIECE):
                yield piece
        finally:
            self.close()

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, as soon as there are some; by default all that is left."""
        if size < 0:
            return b"".join(self)
        if size == 0:
            return b""
        while True:
            if self._unpack is None:
                return self._take(size)
            if unpacked := self._unpack(b"", size):
                return unpacked
            piece = self._take(PIECE)
            if not piece:
                self._unpack.end()
                return b""
            if unpacked := self._unpack(piece, size):
                return unpacked

    def _take(self, size: int) -> bytes:
        while (piece := self._incoming.take(size)) is None:
            self._incoming.feed(self._lease.connection.receive())
        return piece

    def text(self) -> str:
        """The body as text."""
        return _values.text(self.read(), self.content_type)

    def json(self) -> Any:
        """The body as JSON, parsed."""
        return _values.parsed_json(self.read(), self.content_type)

    def lines(self) -> Iterator[Any]:
        """The values of a body of JSON lines, each as soon as it is there."""
        return (
            _values.parsed_json(line, self.content_type)
            for line in self.text_lines()
            if line.strip()
        )

    def events(self) -> Iterator[Event]:
        """Server-sent events (WHATWG HTML, 9.2), each as soon as it is there.

        Raises `BadAnswer` for what is no event stream, and the problem that an event named
        `error` brings.
        """
        _events.refuse_others(self.media, self.content_type)
        reader = EventReader()
        found = (reader.read(line) for line in self._lines("utf-8"))
        return (event for event in found if event is not None)

    def text_lines(self) -> Iterator[str]:
        """The lines of the body, each as soon as it is there, without their ends.

        A line ends with CR, LF or both.
        """
        return self._lines(_values.charset(self.content_type))

    def _lines(self, charset: str) -> Iterator[str]:
        lines = Lines(charset)
        for piece in self:
            yield from lines.feed(piece)
        yield from lines.end()

    def value(self) -> Any:
        """The body by its type: parsed JSON, text, or bytes."""
        return _values.value(self.read(), self.content_type, self.media)

    def result(self) -> Result:
        """The value, with what the answer said beside it."""
        value = self.value()
        return Result(value, self.status, self.headers, self.request_id, self.timings)

    def error(self) -> OwtError:
        """The body as an error. Of one that was cut, what came."""
        body = b""
        try:
            while len(body) < MOST_ERROR and (piece := self.read(PIECE)):
                body += piece
        except OwtError as error:
            if not body and isinstance(error, _errors.TimedOut):
                return error
        self.close()
        text = _values.text(body, self.content_type)
        return _errors.of_body(self.status, self.media, text, self.headers)

    def close(self) -> None:
        """Ends the answer; the server cancels a call that still runs. From any thread.

        The connection ends with it, unless the body was read to its end.
        """
        self._lease.end(whole=self._is_taken and self._incoming.is_reusable)

    def __enter__(self) -> Self:
        """Give itself; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def unpacker(coding: str | None, called: str) -> Unpacker | None:
    """What unpacks a body, bit by bit; None for one that is as it is. Raises `BadAnswer`.

    Nothing else than what `zlib` knows: the client asks for no coding.
    """
    named = (coding or "identity").strip().lower()
    if named == "identity":
        return None
    if named not in ("gzip", "x-gzip", "deflate"):
        raise BadAnswer(f"{called} answered in the coding {named!r}, which nobody asked for")
    return Unpacker(called)


class Unpacker:
    """Unpacks gzip or zlib, bit by bit."""

    def __init__(self, called: str) -> None:
        """Take what was called, for messages."""
        self._called = called
        # 32: gzip or zlib, by what it begins with.
        self._zlib = zlib.decompressobj(32 + zlib.MAX_WBITS)

    def __call__(self, piece: bytes, most: int) -> bytes:
        """At most that many bytes more."""
        try:
            return self._zlib.decompress(self._zlib.unconsumed_tail + piece, most)
        except zlib.error as error:
            raise BadAnswer(f"the answer of {self._called} is packed badly: {error}") from error

    def end(self) -> None:
        """Raise `Cut` when more had to come."""
        if not self._zlib.eof:
            raise Cut(f"the answer of {self._called} was cut in the middle of what is packed")
