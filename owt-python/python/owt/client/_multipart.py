"""Bodies: what is sent with a call, in pieces, and files as multipart/form-data (RFC 7578)."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final, NamedTuple, Union

PIECE: Final = 256 << 10
OCTETS: Final = "application/octet-stream"

#: A body for the adaptor. What has no known length is sent in chunks.
Data = Union[
    bytes, bytearray, memoryview, BinaryIO, os.PathLike[str], Iterable[bytes], AsyncIterable[bytes]
]
#: A file: its content, or its name and content, or its name, content and type.
File = Union[Data, tuple[str, Data], tuple[str, Data, str]]


class Field(NamedTuple):
    """A field of a form that is no file."""

    content: bytes
    #: None for text.
    content_type: str | None = None


# Fields of a form that are the call's own (docs/wire.md, 1).
_RESERVED = {
    "code", "kwargs", "code_b64", "kwargs_b64", "code_name", "fn_name", "use_cache",
    "cache_kwargs", "cache_key_override", "cache_shared", "timeout",
}  # fmt: skip
_ESCAPES = {'"': "%22", "\r": "%0D", "\n": "%0A"}


class Body(NamedTuple):
    """The body of a request."""

    pieces: Iterable[bytes] | AsyncIterable[bytes]
    content_type: str
    #: In bytes, None for what is sent in chunks.
    length: int | None
    #: Whether it can be sent once more.
    is_lasting: bool = True


def of_data(data: Data) -> Body:
    """The body that is `data`. Raises `TypeError`."""
    if isinstance(data, (str, io.TextIOBase)):
        raise TypeError("data is bytes: encode the text, or open the file with 'rb'")
    if isinstance(data, (bytes, bytearray, memoryview)):
        view = memoryview(data).cast("B")
        return Body(_Slices(view), OCTETS, view.nbytes)
    if isinstance(data, os.PathLike):
        return Body(_Opened(data), OCTETS, os.stat(data).st_size)
    if hasattr(data, "read"):
        file: Any = data
        length = _rest(file)
        return Body(_Reader(file, length), OCTETS, length, length is not None)
    if hasattr(data, "__aiter__"):
        return Body(data, OCTETS, None, False)
    if not isinstance(data, Iterable) or isinstance(data, Mapping):
        raise TypeError(
            f"data is bytes, a file opened with 'rb' or an iterable of bytes, not {_type(data)}"
        )
    return Body(data, OCTETS, None, False)


def is_in_memory(pieces: object) -> bool:
    """Whether the pieces are there, and nobody waits for them."""
    return isinstance(pieces, (list, _Slices))


def of_files(fields: Mapping[str, str], files: Mapping[str, File | list[File]]) -> Body:
    """The form of a call and its files. Raises `TypeError`."""
    if not isinstance(files, Mapping):
        raise TypeError(
            f"files is a dict of names and files, not {_type(files)}; an argument named files "
            "goes into kwargs={...}"
        )
    given: list[tuple[str, Field | File]] = [
        (name, Field(value.encode())) for name, value in fields.items()
    ]
    for name, several in files.items():
        if name in _RESERVED:
            raise TypeError(f"no file can be named {name!r}, which is a field of the call")
        given += [(name, file) for file in (several if isinstance(several, list) else [several])]
    return of_parts(given)


def of_parts(given: Iterable[tuple[str, Field | File]]) -> Body:
    """The form of these fields and files, each with its name. Raises `TypeError`."""
    boundary = f"owt-{os.urandom(16).hex()}"
    parts = [
        _part(boundary, f'name="{_escaped(name)}"', one.content_type, of_data(one.content))
        if isinstance(one, Field)
        else _file(boundary, name, one)
        for name, one in given
    ]
    end = f"--{boundary}--\r\n".encode()
    lengths = [part.length for part in parts]
    known = [length for length in lengths if length is not None]
    whole = sum(known) + len(end) if len(known) == len(lengths) else None
    lasting = all(part.is_lasting for part in parts)
    return Body(
        _Joined([part.pieces for part in parts], end),
        f"multipart/form-data; boundary={boundary}",
        whole,
        lasting,
    )


def _file(boundary: str, name: str, file: File) -> Body:
    filename, content_type = name, OCTETS
    data: Any = file
    named: object = getattr(file, "name", None)
    if isinstance(file, tuple):
        if len(file) not in (2, 3) or not isinstance(file[0], str):
            raise TypeError(f"the file {name!r} is (name, content) or (name, content, type)")
        filename, data = file[0], file[1]
        content_type = str(file[2]) if len(file) == 3 else content_type
    elif isinstance(file, os.PathLike):
        filename = os.path.basename(os.fspath(file))
    elif isinstance(named, str):
        filename = str(os.path.basename(named))
    quoted = f'name="{_escaped(name)}"; filename="{_escaped(filename)}"'
    try:
        body = of_data(data)
    except TypeError as error:
        raise TypeError(f"the file {name!r}: {error}") from None
    return _part(boundary, quoted, content_type, body)


def _part(boundary: str, quoted: str, content_type: str | None, body: Body) -> Body:
    if content_type is not None and ("\r" in content_type or "\n" in content_type):
        raise ValueError(f"{content_type!r} is no content type")
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    head = f"--{boundary}\r\nContent-Disposition: form-data; {quoted}\r\n{kind}\r\n".encode()
    length = None if body.length is None else len(head) + body.length + 2
    if hasattr(body.pieces, "__aiter__"):
        raise TypeError("a file's content is no async iterable: send that as data")
    return Body(_Joined([[head], body.pieces], b"\r\n"), "", length, body.is_lasting)


class _Slices:
    """The pieces of bytes, without a copy of all of them."""

    def __init__(self, view: memoryview) -> None:
        self._view = view

    def __iter__(self) -> Iterator[Any]:
        for begin in range(0, self._view.nbytes, PIECE):
            yield self._view[begin : begin + PIECE]


class _Reader:
    """The pieces of a file from where it stands, each time it is iterated."""

    def __init__(self, file: Any, length: int | None) -> None:
        self._file = file
        self._length = length
        self._begin = file.tell() if length is not None else None

    def __iter__(self) -> Iterator[bytes]:
        if self._begin is not None:
            self._file.seek(self._begin)
        left = self._length
        while piece := self._file.read(PIECE if left is None else min(PIECE, left)):
            if left is not None:
                left -= len(piece)
            yield piece
        if left:
            raise ValueError("the file became shorter while it was sent")


class _Opened:
    """A file by its path, open while it is sent."""

    def __init__(self, path: os.PathLike[str]) -> None:
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        with open(self._path, "rb") as file:
            yield from _Reader(file, None)


class _Joined:
    """Pieces of several, and an end."""

    def __init__(self, parts: list[Any], end: bytes) -> None:
        self._parts = parts
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            yield from part
        yield self._end


def _rest(file: Any) -> int | None:
    """How many bytes of a file are left, None where it cannot be told."""
    if not (hasattr(file, "seekable") and file.seekable()):
        return None
    here: int = file.tell()
    end: int = file.seek(0, os.SEEK_END)
    file.seek(here)
    return max(0, end - here)


def _escaped(name: str) -> str:
    # As browsers do (WHATWG HTML, 4.10.21.8).
    return "".join(_ESCAPES.get(letter, letter) for letter in name)


def _type(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
