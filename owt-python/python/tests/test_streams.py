"""Streams of what libraries give: JSON lines, Arrow, images, events."""

from __future__ import annotations

import io
import json

import pytest

from owt._errors import Unrenderable
from owt.responses import ITER, opening, respond, stream

TEXT = "text/plain; charset=utf-8"
LINES = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
EVENTS = "text/event-stream"
IMAGES = "multipart/x-mixed-replace; boundary=owt-frame"


def sent(value, accept=""):
    """The type and the content of a stream, as the server makes them."""
    kind, _, headers, payload = respond(value, accept)
    assert kind == ITER
    media, encode, chunks = dict(headers)["Content-Type"], None, []
    for item in payload:
        if isinstance(item, (str, bytes)):
            chunks.append(item.encode() if isinstance(item, str) else item)
            continue
        if encode is None:
            media, encode = opening(item, media, accept)
        chunks.append(encode(item))
    return media, chunks


@pytest.mark.parametrize(
    ("values", "accept", "media", "chunks"),
    [
        ([1, {"a": 1}], "", TEXT, [b"1\n", b'{"a":1}\n']),
        ([1, {"a": 1}], LINES, LINES, [b"1\n", b'{"a":1}\n']),
        ([{"a": 1}], "application/jsonl", "application/jsonl", [b'{"a":1}\n']),
        (["a", b"b", [1]], "", TEXT, [b"a", b"b", b"[1]\n"]),
        (
            [{"a": 1}, "b"],
            "text/event-stream",
            "text/event-stream",
            [b'data: {"a":1}\n\n', b"data: b\n\n"],
        ),
    ],
)
def test_plain_values(values, accept, media, chunks):
    assert sent(iter(values), accept) == (media, chunks)


def frames(library):
    module = pytest.importorskip(library)
    make = module.table if library == "pyarrow" else module.DataFrame
    return [make({"a": [1, 2]}), make({"a": [3]})]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_frames_are_lines_or_arrow(library):
    for value in (iter(frames(library)), stream(frames(library), LINES)):
        media, chunks = sent(value)
        assert media == LINES
        assert [json.loads(line) for line in b"".join(chunks).splitlines()] == [
            {"a": 1},
            {"a": 2},
            {"a": 3},
        ]
    pyarrow = pytest.importorskip("pyarrow")
    media, chunks = sent(iter(frames(library)), ARROW)
    assert media == ARROW and len(chunks) == 2
    read = pyarrow.ipc.open_stream(io.BytesIO(b"".join(chunks))).read_all()
    assert read.to_pydict() == {"a": [1, 2, 3]}


def parts(media, chunks):
    """The parts of a stream of images: type and content."""
    boundary = b"--" + media.partition("boundary=")[2].encode()
    begin, *found = b"".join(chunks).split(boundary + b"\r\n")
    assert begin == b"" and found[-1] == b""
    for part in found[:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        yield head.splitlines()[0].decode(), content.removesuffix(b"\r\n")


def test_images_take_each_other_s_place():
    image = pytest.importorskip("PIL.Image").new("RGB", (4, 3))
    mine = IMAGES.replace("owt-frame", "mine")
    for value, media in [
        (iter([image, image]), IMAGES),
        (stream([image, image], mine), mine),
    ]:
        found, chunks = sent(value)
        assert found == media and len(chunks) == 2
        for head, content in parts(media, chunks):
            assert head == "Content-Type: image/png" and content.startswith(b"\x89PNG")
    array = pytest.importorskip("numpy").zeros((4, 3, 3), "u1")
    assert sent(iter([array]))[0] == TEXT  # numbers, unless images are asked for
    assert sent(iter([array]), "multipart/x-mixed-replace")[0] == IMAGES
    [event] = sent(iter([image]), "text/event-stream")[1]
    assert event.startswith(b"data: data:image/png;base64,iVBOR")


def test_what_has_no_form_is_told_at_once():
    class Opaque:
        pass

    for accept in ("", LINES, "text/event-stream"):
        with pytest.raises(Unrenderable, match="Opaque"):
            sent(iter([Opaque()]), accept)
    with pytest.raises(Unrenderable, match=r"Opaque.*no form as an image"):
        sent(stream([Opaque()], IMAGES))


def test_a_reader_is_sent_batch_by_batch():
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"a": range(20_000)})
    read = []

    def batches():
        for batch in table.to_batches(5_000):
            read.append(len(batch))
            yield batch

    for accept in (LINES, ARROW, "text/csv"):
        read.clear()
        reader = pyarrow.RecordBatchReader.from_batches(table.schema, batches())
        chunks = respond(reader, accept)[3]
        next(chunks)
        next(chunks)
        assert len(read) <= 2
        assert sum(1 for _ in chunks) >= 2
