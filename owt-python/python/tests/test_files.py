"""Open files as results: from where they are, and from their start if they were just written."""

# The files are given away, and closed by who got them.
# ruff: noqa: SIM115

from __future__ import annotations

import io
import tempfile
import zipfile

import pytest

from owt._errors import Unrenderable
from owt.responses import ITER, chunk, respond


def content(value):
    """All that is answered, whether at once or in pieces."""
    kind, _, _, payload = respond(value, "")
    return b"".join(map(chunk, payload)) if kind == ITER else payload


def opened(tmp_path, mode, **options):
    return (tmp_path / "made").open(mode, **options)


WAYS = {
    "BytesIO": (lambda _: io.BytesIO(), b"hello"),
    "StringIO": (lambda _: io.StringIO(), "hello\n"),
    "TemporaryFile": (lambda _: tempfile.TemporaryFile(), b"hello"),
    "TemporaryFile, unbuffered": (lambda _: tempfile.TemporaryFile(buffering=0), b"hello"),
    "TemporaryFile of text": (lambda _: tempfile.TemporaryFile("w+"), "hello\nthere"),
    "NamedTemporaryFile": (lambda _: tempfile.NamedTemporaryFile(suffix=".csv"), b"a,b\r\n"),
    "NamedTemporaryFile of text": (lambda _: tempfile.NamedTemporaryFile("w+t"), "hello"),
    "SpooledTemporaryFile": (lambda _: tempfile.SpooledTemporaryFile(), b"hello"),
    "SpooledTemporaryFile, rolled over": (lambda _: tempfile.SpooledTemporaryFile(2), b"hello"),
    "SpooledTemporaryFile of text": (lambda _: tempfile.SpooledTemporaryFile(mode="w+"), "hello"),
    "w+b": (lambda path: opened(path, "w+b"), b"hello"),
    "a+b": (lambda path: opened(path, "a+b"), b"hello"),
    "x+b": (lambda path: opened(path, "x+b"), b"hello"),
    "w+": (lambda path: opened(path, "w+"), "hello"),
    "w+ in UTF-16": (lambda path: opened(path, "w+", encoding="utf-16"), "hällo"),
    "large": (lambda _: tempfile.TemporaryFile(), b"0123456789" * 600_000),
}


@pytest.mark.parametrize("flush", [True, False])
@pytest.mark.parametrize("name", WAYS)
def test_what_was_written_is_answered_from_its_start(name, flush, tmp_path):
    make, written = WAYS[name]
    file = make(tmp_path)
    file.write(written)
    if flush:
        file.flush()
    assert content(file) == (written if isinstance(written, bytes) else written.encode())


@pytest.mark.parametrize("name", WAYS)
def test_what_was_written_and_gone_back_in_is_answered_from_there(name, tmp_path):
    make, written = WAYS[name]
    file = make(tmp_path)
    file.write(written)
    file.seek(0)
    start = file.read(3)
    assert len(start) == 3
    # of a buffer in memory it is all, and who writes a file there may go back to its head
    rest = written if isinstance(file, io.BytesIO | io.StringIO) else written[3:]
    assert content(file) == (rest if isinstance(rest, bytes) else rest.encode())


def test_what_was_read_to_its_end_has_been_read(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(b"hello")
    for mode in ("rb", "r"):
        file = path.open(mode)
        file.read()
        assert content(file) == b""
    lines = path.open("r+")
    assert next(lines) == "hello"
    assert content(lines) == b""
    assert path.read_bytes() == b"hello"


def test_a_file_is_closed_when_it_has_been_sent(tmp_path):
    for mode in ("w+b", "w+"):
        file = opened(tmp_path, mode)
        content(file)
        assert file.closed


@pytest.mark.parametrize("kind", [io.BytesIO, io.StringIO])
def test_a_kept_buffer_is_answered_again_and_again(kind):
    text = kind is io.StringIO
    kept = kind("hello" if text else b"hello")
    for _ in range(3):
        assert content(kept) == b"hello"
    kept.seek(2)
    for _ in range(3):
        assert content(kept) == b"hello" and kept.tell() == 2
    kept.seek(0, io.SEEK_END)
    kept.write(" there" if text else b" there")
    for _ in range(3):
        assert content(kept) == b"hello there"
    assert not kept.closed and kept.tell() == len("hello there")


@pytest.mark.parametrize("mode", ["wb", "ab", "w", "a"])
def test_a_file_that_cannot_be_read_is_refused(mode, tmp_path):
    with (
        opened(tmp_path, mode) as file,
        pytest.raises(Unrenderable, match=r"writing alone; open it with 'w\+b'"),
    ):
        respond(file, "")


def test_a_closed_file_is_refused(tmp_path):
    for file in (opened(tmp_path, "w+b"), io.BytesIO(b"x"), tempfile.TemporaryFile()):
        file.close()
        with pytest.raises(Unrenderable, match=r"gave a closed .*: a `with` around it has ended"):
            respond(file, "")


def test_what_reads_in_another_way_is_no_file():
    class Asynchronous:
        async def read(self, size=-1):
            return b""

        async def readline(self):
            return b""

        def close(self):
            pass

    for value in (Asynchronous(), zipfile.ZipFile(io.BytesIO(), "w")):
        with pytest.raises(Unrenderable, match="has no HTTP form"):
            respond(value, "")


def test_a_class_of_another_library_that_reads_is_a_file():
    class Remote:
        def __init__(self):
            self.inside = io.BytesIO(b"remote")
            self.closed = False

        def read(self, size=-1):
            return self.inside.read(size)

        def seek(self, offset, whence=0):
            return self.inside.seek(offset, whence)

        def close(self):
            self.closed = True

    file = Remote()
    assert content(file) == b"remote" and file.closed


def test_responses_of_unknown_libraries_are_refused_by_their_name():
    class OddResponse:
        status_code = 200
        content = b"x"

        def json(self):
            return {}

    for result in (OddResponse(), (OddResponse(), 201)):
        with pytest.raises(Unrenderable, match=r"OddResponse; give .*\.content.*\.json\(\)"):
            respond(result, "")


def test_a_response_that_is_a_stream_of_the_adaptors_own_is_one():
    class TokensResponse:
        status = "running"

        def __iter__(self):
            return self

        def __next__(self):
            raise StopIteration

    assert respond(TokensResponse(), "")[0] == ITER
