"""Bodies of multipart/form-data (RFC 7578), split exactly on their bytes."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING

from ._errors import Refused

if TYPE_CHECKING:
    from email.message import Message


class File:
    """One part: a field's content, and the file name it was sent with, if any."""

    def __init__(self, name: str, filename: str | None, content_type: str, data: bytes) -> None:
        """Take the field's name, the file's name and type, and the content."""
        self.name = name
        self.filename = filename
        self.content_type = content_type
        self.stream = io.BytesIO(data)

    def __repr__(self) -> str:
        """Show the names."""
        return f"<File {self.name!r}: {self.filename!r} ({self.content_type})>"

    @property
    def mimetype(self) -> str:
        """The media type without parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes from where reading stopped."""
        return self.stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to another place of the content."""
        return self.stream.seek(offset, whence)

    def __iter__(self) -> Iterator[bytes]:
        """Give the lines."""
        return iter(self.stream)

    def save(self, dst: str | os.PathLike[str] | IO[bytes], buffer_size: int = 16384) -> None:
        """Write the content from where reading stopped into a file or to a path."""
        if isinstance(dst, str | os.PathLike):
            with open(dst, "wb") as file:
                shutil.copyfileobj(self.stream, file, buffer_size)
        else:
            shutil.copyfileobj(self.stream, dst, buffer_size)


def parts(body: bytes, content_type: str) -> Iterator[File]:
    """Give the parts of a body, whose boundary its content type names. Raises Refused."""
    head = _message([("content-type", content_type)])
    boundary = head.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise _malformed("names no boundary")
    delimiter = b"--" + boundary.encode("latin-1", "replace")
    # a delimiter begins a line: the line break before it belongs to it (RFC 2046, 5.1.1)
    if body.startswith(delimiter):
        position = len(delimiter)
    else:
        start = body.find(b"\r\n" + delimiter)
        if start < 0:
            raise _malformed("does not hold its boundary")
        position = start + 2 + len(delimiter)
    while not body.startswith(b"--", position):
        line = body.find(b"\r\n", position)
        end = body.find(b"\r\n" + delimiter, position)
        if line < 0 or end < 0:
            raise _malformed("ends within a part")
        yield _part(body, min(line + 2, end), end)
        position = end + 2 + len(delimiter)


def _part(body: bytes, start: int, end: int) -> File:
    """The part that is there; its content is copied once."""
    if body.startswith(b"\r\n", start, end):
        head, content = b"", body[start + 2 : end]
    else:
        blank = body.find(b"\r\n\r\n", start, end)
        head = body[start : end if blank < 0 else blank]
        content = b"" if blank < 0 else body[blank + 4 : end]
    lines = head.decode("utf-8", "replace").replace("\r\n ", " ").split("\r\n")
    named = (line.partition(":") for line in lines)
    fields = _message((name.strip(), value.strip()) for name, _, value in named if name.strip())
    field = fields.get_param("name", header="content-disposition")
    if not isinstance(field, str):
        raise _malformed("has a part without a name")
    filename = fields.get_filename()
    kind = str(fields.get("content-type", "application/octet-stream"))
    shown = None if filename is None else _unescaped(filename)
    return File(_unescaped(field), shown, kind, content)


def _message(fields: Iterable[tuple[str, str]]) -> Message:
    # Imported here: every worker would be a tenth later at its start, for the few that get forms.
    from email.message import Message

    message = Message()
    for name, value in fields:
        message[name] = value
    return message


def _unescaped(name: str) -> str:
    # browsers write these three, and nothing else, as percent codes (HTML, form submission)
    return name.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _malformed(what: str) -> Refused:
    return Refused("malformed-call", "body", f"the body is no multipart form: it {what}")
