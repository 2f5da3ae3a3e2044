"""Files as results: by path, or open."""

from __future__ import annotations

import errno
import io
import mimetypes
import os
import pathlib
import stat
from collections.abc import Iterator
from typing import Any

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

    A file in memory, and a small one on disk, is read and closed; others are read in pieces.
    A buffer in memory at its end, just written, is read from its start.
    """
    if not _is_file(value):
        return None
    name = getattr(value, "name", None)
    media = guess(name) if isinstance(name, str) else None
    text = isinstance(value, io.TextIOBase) or isinstance(
        getattr(value, "file", None), io.TextIOBase
    )
    if text:
        media = media if media is not None and media.startswith("text/") else None
        media = media or "text/plain; charset=utf-8"
    if isinstance(value, (io.BytesIO, io.StringIO)):
        return media, _memory(value)
    if not text and media is None and _is_small(value):
        with value:
            return None, value.read()
    return media or "application/octet-stream", Pieces(value)


def _is_file(value: Any) -> bool:
    kind = type(value)
    # These hand every attribute through to the file inside.
    if kind.__module__ in ("tempfile", "werkzeug.datastructures.file_storage"):
        return hasattr(value, "read")
    return hasattr(kind, "read") and hasattr(kind, "close")


class Pieces:
    """Reads an open file in pieces as they come, and closes it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        # read1 gives what is there; read would wait until a whole piece is.
        self._read = getattr(file, "read1", file.read)

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
    with buffer:
        content = buffer.read()
        if not content:
            content = buffer.getvalue()
    return content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")


def _is_small(file: Any) -> bool:
    try:
        found = os.fstat(file.fileno())
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size <= _SMALL
