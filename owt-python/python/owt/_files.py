"""Files as results: by path, or open."""

from __future__ import annotations

import errno
import inspect
import io
import mimetypes
import os
import pathlib
import stat
from collections.abc import Iterator
from typing import Any

from ._errors import Unrenderable
from ._unknown import named as named_type

PATHS = (pathlib.PurePath,)

# A file up to this size is read whole, so that its type can be sniffed.
_SMALL = 4 << 20
_PIECE = 64 << 10

_COMPRESSED = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "br": "application/x-brotli",
    "compress": "application/x-compress",
}


def named(path: pathlib.PurePath) -> tuple[str | None, str]:
    """Type (None when the name does not tell) and absolute path.

    Raises `OSError` when there is no such file, or it is no file.
    """
    absolute = os.path.abspath(path)
    mode = os.stat(absolute).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), absolute)
    return guess(absolute), absolute


def guess(name: str) -> str | None:
    """The media type that a file's name promises."""
    media, encoding = mimetypes.guess_type(name)
    if encoding is not None:
        # What is sent is the compressed file itself, to be kept, not to be unpacked.
        return _COMPRESSED.get(encoding, "application/octet-stream")
    if media is not None and (media.startswith("text/") or media == "application/javascript"):
        return f"{media}; charset=utf-8"
    return media


def opened(value: Any) -> tuple[str | None, bytes | Iterator[bytes | str]] | None:
    """Type and content of an open file from its position on, None for anything else.

    Of a buffer in memory it is all, and it stays as it is, for whoever keeps it. A file on disk is
    closed when it has been read: a small one at once, others piece by piece. What is at its end and
    can be written was just written, and is read from its start.
    Raises `Unrenderable` for a file that cannot be read.
    """
    if not _is_file(value):
        return None
    name = getattr(value, "name", None)
    media = guess(name) if isinstance(name, str) else None
    text = _is_text(value)
    if text:
        media = media if media is not None and media.startswith("text/") else None
        media = media or "text/plain; charset=utf-8"
    _check_readable(value)
    if isinstance(value, (io.BytesIO, io.StringIO)):
        return media, _memory(value)
    if not _is_upload(value):
        _rewind(value)
    if not text and media is None and _is_small(value):
        with value:
            return None, value.read()
    return media or "application/octet-stream", Pieces(value)


def _is_upload(value: object) -> bool:
    """Whether this is an uploaded file of werkzeug's: read perhaps, never written."""
    return type(value).__module__ == "werkzeug.datastructures.file_storage"


def _is_file(value: Any) -> bool:
    kind = type(value)
    # These hand every attribute through to the file inside.
    if kind.__module__ == "tempfile" or _is_upload(value):
        return hasattr(value, "read")
    if isinstance(value, io.IOBase):
        return hasattr(kind, "read")
    # Clients' responses and archives have a read of another kind, and no lines or places.
    return (
        callable(getattr(kind, "read", None))
        and hasattr(kind, "close")
        and not inspect.iscoroutinefunction(kind.read)
        and any(hasattr(kind, name) for name in ("readline", "readinto", "seek"))
    )


def _is_text(value: Any) -> bool:
    # tempfile's wrappers have the file inside, under one name or the other
    inside = (value, getattr(value, "file", None), getattr(value, "_file", None))
    return any(isinstance(file, io.TextIOBase) for file in inside)


def _check_readable(file: Any) -> None:
    if getattr(file, "closed", False) is True:
        raise Unrenderable(
            f"the adaptor gave a closed {named_type(file)}: a `with` around it has ended; "
            "give it open, it is closed when it has been sent"
        )
    if _says(file, "readable") is False:
        raise Unrenderable(
            f"the adaptor gave a {named_type(file)} that is open for writing alone; open it with "
            "'w+b' or 'w+', or close it and give its pathlib.Path"
        )


def _rewind(file: Any) -> None:
    """Goes to the start of a file that is at its end and may have been written there."""
    if not (_says(file, "writable") and _says(file, "seekable")):
        return
    try:
        place = file.tell()
    except OSError:  # text that is being read line by line
        return
    file.seek(0, io.SEEK_END)
    if file.tell() == place:
        place = 0
    file.seek(place)


def _says(file: Any, question: str) -> bool | None:
    """What the file answers to `readable` and its like, None if it is not asked that."""
    ask = getattr(file, question, None)
    answer = ask() if callable(ask) else None
    return answer if isinstance(answer, bool) else None


class Pieces:
    """Reads an open file in pieces as they come, and closes it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        # read1 gives what is there; read would wait until a whole piece is.
        # A spooled file of text has read1 too, and none inside.
        self._read = file.read if _is_text(file) else getattr(file, "read1", file.read)

    def __iter__(self) -> Iterator[bytes | str]:
        return self

    def __next__(self) -> bytes | str:
        piece: bytes | str = self._read(_PIECE)
        if not piece:
            self.close()
            raise StopIteration
        return piece

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _memory(buffer: io.BytesIO | io.StringIO) -> bytes:
    # All of it, wherever it stands: who wrote a file there may have gone back to its head. It is
    # not moved: it may be kept, and answered by several calls at once.
    content = buffer.getvalue()
    return content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")


def _is_small(file: Any) -> bool:
    try:
        found = os.fstat(file.fileno())
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size <= _SMALL
