"""HTTP/1.1 without a connection: requests as bytes, responses out of the bytes that come.

The client and its asynchronous twin read by the same rules. `http.client` does not serve: it takes
any 1xx but 100 for the answer, and leaves what belongs to no answer to the next one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.client import HTTPMessage
from typing import Final

from ._errors import BadAnswer, Cut, Disconnected

#: The longest head of a response, with all the 1xx before it.
_MOST_HEAD: Final = 1 << 20
_MOST_LINE: Final = 16 << 10

_STATUS = re.compile(rb"HTTP/1\.(\d) (\d{3})(?: .*)?$")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_BAD_VALUE = re.compile(r"[\r\n\0]")
#: How many bytes of the body are left, where no length says so.
_UNTIL_CLOSED: Final = -1


def request_head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The request line and the headers. Raises `ValueError` naming a header that is none."""
    lines = [f"{method} {target} HTTP/1.1".encode("ascii")]
    for name, value in headers.items():
        if not _NAME.fullmatch(name.encode("utf-8", "replace")):
            raise ValueError(f"{name!r} is no name of a header")
        if _BAD_VALUE.search(value):
            raise ValueError(f"the header {name} has a line break in it (its value is not shown)")
        lines.append(name.encode("ascii") + b": " + value.strip().encode("utf-8"))
    return b"\r\n".join(lines) + b"\r\n\r\n"


class Incoming:
    """One response, read out of the pieces that a connection brings."""

    def __init__(self, called: str) -> None:
        """Take what was called, for messages."""
        self.status = 0
        self.headers = HTTPMessage()
        self._called = called
        self._buffer = bytearray()
        self._ended = self._is_chunked = self._stays = False
        self._left = 0
        self._skipped = 0
        self._chunk_begun = False
        #: Whether the body was taken to its end.
        self.is_whole = False

    def feed(self, piece: bytes) -> None:
        """Take what the connection brought; nothing means that it has ended."""
        self._buffer += piece
        self._ended = self._ended or not piece

    @property
    def is_reusable(self) -> bool:
        """Whether the connection is as good as new: all is read, and nothing is left over."""
        return self.is_whole and self._stays and not self._ended and not self._buffer

    def begin(self) -> bool:
        """Whether the head is there. What comes before it, 1xx, is no answer (RFC 9110, 15.2)."""
        while not self.status:
            # Empty lines before a status line are passed over (RFC 9112, 2.2).
            while self._buffer.startswith((b"\r", b"\n")):
                del self._buffer[:1]
            end = _HEAD_END.search(self._buffer)
            if self._skipped + (end.end() if end else len(self._buffer)) > _MOST_HEAD:
                raise BadAnswer(f"{self._called} answered with more than 1 MiB of headers")
            if end is None:
                if self._ended and not (self._buffer or self._skipped):
                    raise Disconnected(f"{self._called} ended the connection without an answer")
                if self._ended:
                    raise Cut(f"the answer of {self._called} was cut in its head")
                if len(self._buffer) > 8 and not self._buffer.startswith(b"HTTP/1."):
                    raise self._no_http()
                return False
            head = bytes(self._buffer[: end.start()])
            del self._buffer[: end.end()]
            self._skipped += end.end()
            self._read_head(head)
        return True

    def take(self, most: int) -> bytes | None:
        """Up to `most` bytes of the body; none at its end; None when more has to come."""
        if self.is_whole:
            return b""
        if self._is_chunked and self._left == 0 and not self._next_chunk():
            self._refuse_end()
            return None
        if self._left == 0:
            self.is_whole = True
            return b""
        if not self._buffer:
            if self._ended and self._left == _UNTIL_CLOSED:
                self.is_whole = True
                return b""
            self._refuse_end()
            return None
        size = min(most, len(self._buffer))
        if self._left != _UNTIL_CLOSED:
            size = min(size, self._left)
            self._left -= size
        piece = bytes(self._buffer[:size])
        del self._buffer[:size]
        # The end is known with the last byte, so that nobody has to ask once more.
        if self._left == 0 and not self._is_chunked:
            self.is_whole = True
        return piece

    def _refuse_end(self) -> None:
        if self._ended:
            raise Cut(f"the answer of {self._called} was cut in the middle")

    def _no_http(self) -> BadAnswer:
        return BadAnswer(f"{self._called} does not speak HTTP/1.1: {bytes(self._buffer[:60])!r}")

    def _read_head(self, head: bytes) -> None:
        first, *lines = re.split(rb"\r?\n", head)
        match = _STATUS.match(first)
        if match is None:
            self._buffer[:0] = first
            raise self._no_http()
        status = int(match[2])
        if status == 101:
            raise BadAnswer(f"{self._called} answered 101 to what asked for no other protocol")
        if status < 200:
            return
        headers = HTTPMessage()
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not _NAME.fullmatch(name):
                raise BadAnswer(f"{self._called} answered with a header that is none: {line!r}")
            headers[name.decode("ascii")] = _decoded(value.strip())
        self.headers = headers
        self._frame(status, is_old=match[1] == b"0")
        self.status = status

    def _frame(self, status: int, *, is_old: bool) -> None:
        """How the body's end is told (RFC 9112, 6.3), and whether the connection stays."""
        options = ",".join(self.headers.get_all("Connection", [])).lower()
        tokens = {token.strip() for token in options.split(",")}
        self._stays = "close" not in tokens and (not is_old or "keep-alive" in tokens)
        codings = ",".join(self.headers.get_all("Transfer-Encoding", [])).lower()
        lengths = {
            length.strip()
            for line in self.headers.get_all("Content-Length", [])
            for length in line.split(",")
        }
        if status in (204, 304):
            self._left = 0
            self.is_whole = True
        elif codings:
            if codings.split(",")[-1].strip() != "chunked":
                raise BadAnswer(f"{self._called} answered in the coding {codings!r}")
            self._is_chunked = True
            # Of two lengths each side may have read another.
            self._stays = self._stays and not lengths
        elif lengths:
            if len(lengths) > 1 or not min(lengths).isdigit() or len(min(lengths)) > 18:
                raise BadAnswer(f"{self._called} answered with the length {sorted(lengths)}")
            self._left = int(min(lengths))
            self.is_whole = self._left == 0
        else:
            self._left = _UNTIL_CLOSED
            self._stays = False

    def _next_chunk(self) -> bool:
        """Whether the size of the next chunk is known; at the last one the body is whole."""
        while True:
            end = self._buffer.find(b"\n")
            if end < 0:
                if len(self._buffer) > _MOST_LINE:
                    raise self._bad_chunk(bytes(self._buffer[:60]))
                return False
            line = bytes(self._buffer[:end]).rstrip(b"\r")
            if self._chunk_begun:  # the line end behind a chunk's data
                if line:
                    raise self._bad_chunk(line)
                self._chunk_begun = False
                del self._buffer[: end + 1]
                continue
            size = line.partition(b";")[0].strip()
            if not _SIZE.fullmatch(size):
                raise self._bad_chunk(line)
            self._left = int(size, 16)
            if self._left:
                del self._buffer[: end + 1]
                self._chunk_begun = True
                return True
            return self._trailer(end + 1)

    def _trailer(self, begin: int) -> bool:
        """Whether all that follows the last chunk is there. It is left there until it is."""
        while True:
            end = self._buffer.find(b"\n", begin)
            if end < 0:
                if len(self._buffer) > _MOST_LINE:
                    raise self._bad_chunk(b"its trailer is too long")
                return False
            if not self._buffer[begin:end].rstrip(b"\r"):
                del self._buffer[: end + 1]
                return True
            begin = end + 1

    def _bad_chunk(self, line: bytes) -> BadAnswer:
        return BadAnswer(f"{self._called} sent a chunk that is none: {line[:60]!r}")


def _decoded(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
