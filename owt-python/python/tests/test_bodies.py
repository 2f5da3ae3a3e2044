"""What a library writes, sent as a body or a file of a form, arrives as the object of the hint."""

from __future__ import annotations

import io
import json
import wave

import pytest
from adapting import adaptor, raw_call

from owt._errors import Refused
from owt._request import request_for

hypothesis = pytest.importorskip("hypothesis")
np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
Image = pytest.importorskip("PIL.Image")

from hypothesis import strategies as st  # noqa: E402

NPY = "application/x-npy"
HINTS = """
import io, typing
from typing import Annotated, Any, Optional
import numpy as np, pandas as pd, polars as pl, PIL.Image
from numpy.typing import NDArray
"""


def read(parameters, data, media, named=None, unnamed=False):
    """The arguments that a function of these parameters gets from the body."""
    reader = adaptor(f"{HINTS}def run({parameters}): pass").reader("run")
    if reader is None:
        return None
    raw = raw_call(body=data, headers=[("content-type", media)] if media else [])
    return reader(request_for(raw), named or {}, unnamed)


def form(*files):
    """A multipart form of `(name, filename, media, content)`."""
    parts = [
        f'--sep\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        f"Content-Type: {media}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, filename, media, content in files
    ]
    return b"".join(parts) + b"--sep--\r\n", "multipart/form-data; boundary=sep"


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def wav(samples, width, channels, rate=8000):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, width, rate, 0, "NONE", ""))
        out.writeframes(samples)
    return file.getvalue()


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


NOISE = np.random.default_rng(1).integers(0, 256, (64, 64), dtype="u1")
kinds = st.sampled_from(
    ["?", "i1", "<i4", ">i8", "u1", "u8", "f2", "<f4", ">f8", "c16", "U3", "M8[s]"]
)
shapes = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True, database=None)
@hypothesis.given(kinds, shapes, st.randoms(use_true_random=False), st.booleans())
def test_any_array_arrives_as_it_was(kind, shape, random, in_form):
    array = np.array([random.randrange(100) for _ in range(int(np.prod(shape)))], dtype="i8")
    array = array.reshape(shape).astype(kind)
    data, media = npy(array), NPY
    if in_form:
        data, media = form(("other", "x.bin", "", b"x"), ("a", "", NPY, data))
    found = read("a: np.ndarray", data, media)["a"]
    assert found.dtype == array.dtype and found.shape == array.shape and (found == array).all()
    assert found.flags.writeable or not shape


@pytest.mark.parametrize(
    "hint",
    [
        "np.ndarray",
        "'np.ndarray'",
        "NDArray[np.float64]",
        "np.ndarray | None",
        "Optional[np.ndarray]",
        "Annotated[np.ndarray, 'of numbers']",
        "str | np.ndarray",
    ],
)
@pytest.mark.parametrize("media", [NPY, "", "application/octet-stream", "application/X-NPY"])
def test_the_hint_may_be_written_in_any_way(hint, media):
    array = np.arange(6.0).reshape(2, 3)
    assert (read(f"a: {hint}", npy(array), media)["a"] == array).all()


@hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)
@hypothesis.given(
    st.lists(
        st.tuples(st.integers(-9, 9), st.floats(allow_nan=False), st.text("aé\",'\n", min_size=1))
    )
)
def test_frames_arrive_as_they_were(rows):
    kinds = {"i": "i8", "f": "f8", "s": object}
    frame = pd.DataFrame(rows, columns=list(kinds)).astype(kinds)
    schema = {"i": pl.Int64, "f": pl.Float64, "s": pl.String}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    csv = frame.to_csv(index=False).encode()
    found = read("a: pd.DataFrame", csv, "text/csv; charset=utf-8")["a"]
    assert found["s"].tolist() == frame["s"].tolist()
    assert found["f"].astype(float).tolist() == frame["f"].tolist()
    for write, media in (
        (table.write_parquet, "application/vnd.apache.parquet"),
        (table.write_ipc, "application/vnd.apache.arrow.file"),
        (table.write_ipc_stream, "application/vnd.apache.arrow.stream"),
    ):
        file = io.BytesIO()
        write(file)
        for sent in (media, ""):
            assert read("a: pl.DataFrame", file.getvalue(), sent)["a"].equals(table)
            assert read("a: pl.LazyFrame", file.getvalue(), sent)["a"].collect().equals(table)
    lines = table.write_ndjson().encode()
    if rows:
        found = read("a: pl.DataFrame", lines, "application/x-ndjson")["a"]
        assert found["s"].to_list() == table["s"].to_list()
        found = read("a: pd.DataFrame", lines, "application/jsonl")["a"]
        assert found["i"].tolist() == [row[0] for row in rows]


def test_images_and_sounds():
    pixels = np.arange(4 * 5 * 3, dtype="u1").reshape(4, 5, 3)
    image = read("a: PIL.Image.Image", png(pixels), "image/png")["a"]
    assert (np.asarray(image) == pixels).all()
    assert (read("a: np.ndarray", png(pixels), "")["a"] == pixels).all()
    two = np.array([[1, -1], [300, -300], [2**15 - 1, -(2**15)]], dtype="<i2")
    found = read("a: np.ndarray", wav(two.tobytes(), 2, 2), "audio/wav")["a"]
    assert (found == two).all()
    rate, found = read("a: tuple[int, np.ndarray]", wav(two.tobytes(), 2, 2, 44100), "")["a"]
    assert rate == 44100 and (found == two).all()
    three = [0, 1, -1, 2**23 - 1, -(2**23)]
    raw = b"".join(sample.to_bytes(3, "little", signed=True) for sample in three)
    assert read("a: np.ndarray", wav(raw, 3, 1), "")["a"].tolist() == three
    assert read("a: np.ndarray", b"1.5,2\n3,4\n", "text/csv")["a"].tolist() == [[1.5, 2], [3, 4]]


def test_bytes_and_files_of_any_type():
    data = bytes(range(256)) * 10
    for hint in ("bytes", "bytearray", "memoryview"):
        assert bytes(read(f"a: {hint}", data, "application/zip")["a"]) == data
    for hint in ("io.BytesIO", "typing.BinaryIO"):
        assert read(f"a: {hint}", data, "")["a"].read() == data


def test_which_parameter_receives_what():
    array, image = npy(np.arange(3)), png(np.zeros((2, 2), dtype="u1"))
    both = "n: int, a: np.ndarray, *, b: np.ndarray"
    assert list(read(both, array, NPY, {"n": 1})) == ["n", "a"]
    assert list(read(both, array, NPY, {"n": 1, "a": 2})) == ["n", "a", "b"]
    assert read(both, array, NPY, {"a": 2, "b": 3}) is None
    assert list(read("a: np.ndarray, b: np.ndarray", array, NPY, unnamed=True)) == ["b"]
    assert list(read("request, a: np.ndarray", array, NPY)) == ["a"]
    assert read("a: np.ndarray, /", array, NPY) is None
    assert read("*a: np.ndarray, **b: np.ndarray", array, NPY) is None
    assert read("a, b: int, c: 'nowhere.Class'", array, NPY) is None
    data, media = form(("b", "x.png", "image/png", image), ("a", "x.npy", "", array))
    found = read("a: np.ndarray, b: PIL.Image.Image, c: bytes = b''", data, media)
    assert sorted(found) == ["a", "b"] and found["b"].size == (2, 2)
    # What holds the call, or its fields, is no argument.
    for media in ("application/json", "application/x-www-form-urlencoded", "text/x-python"):
        assert read("a: bytes", b"{}", media) is None
    # Nobody has to take it.
    assert read("a: np.ndarray = None", b"hello", "text/plain") is None


@pytest.mark.parametrize(
    ("parameters", "data", "media", "slug", "said"),
    [
        ("a: np.ndarray", b"hello", "text/plain", "unsupported-type", "'a' takes a numpy array"),
        ("a: np.ndarray", b"hello", "", "unsupported-type", "of no type: send npy"),
        ("pic: PIL.Image.Image", b"a,b", "text/csv", "unsupported-type", "the body is CSV"),
        ("a: np.ndarray", npy(np.arange(9))[:-1], NPY, "unreadable-argument", "'a' takes a numpy"),
        ("a: np.ndarray", b"", NPY, "unreadable-argument", "EOFError"),
        ("a: np.ndarray", b"1,x", "text/csv", "unreadable-argument", "ValueError"),
        ("pic: PIL.Image.Image", png(NOISE)[:900], "", "unreadable-argument", "'pic'"),
        ("t: pl.DataFrame", b"PAR1xxxxPAR1", "", "unreadable-argument", "Parquet"),
        ("t: pd.DataFrame", b"", "text/csv", "unreadable-argument", "EmptyDataError"),
        ("a: np.ndarray", b"RIFF\0\0\0\0WAVE", "", "unreadable-argument", "WAV"),
    ],
)
def test_what_cannot_be_read_is_refused(parameters, data, media, slug, said):
    with pytest.raises(Refused) as refused:
        read(parameters, data, media)
    assert (refused.value.slug, refused.value.field) == (slug, "body")
    assert said in refused.value.detail


def test_objects_are_not_unpickled():
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(Refused, match="pickle"):
        read("a: np.ndarray", file.getvalue(), NPY)


def test_a_file_can_be_read_again():
    data, media = form(("a", "x.npy", NPY, npy(np.arange(3))))
    request = request_for(raw_call(body=data, headers=[("content-type", media)]))
    reader = adaptor(f"{HINTS}def run(a: np.ndarray): pass").reader("run")
    assert reader(request, {}, False)["a"].tolist() == [0, 1, 2]
    assert request.files["a"].read() == npy(np.arange(3))


def test_no_hint_costs_nothing():
    assert adaptor("def run(a: int, b: str, c=None): pass").reader("run") is None
    assert adaptor("lambda x: x").reader("run") is None
    assert adaptor("pipe().last()").reader("run") is None
    assert json.dumps(adaptor("run = max").reader("run")) == "null"
