"""Section 5 of docs/wire.md: what an adaptor may give, on the libraries' own objects."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import http
import io
import json
import pathlib
import tempfile
import uuid

import pytest

from owt._errors import NotAcceptable, Unrenderable
from owt.responses import (
    AITER,
    AWAIT,
    FILE,
    ITER,
    WHOLE,
    Response,
    as_json,
    chunk,
    redirect,
    respond,
    sse,
    stream,
)

JSON = "application/json"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def whole(value, accept=""):
    """Status, Content-Type and body of a whole response."""
    kind, status, headers, payload = respond(value, accept)
    assert kind == WHOLE and type(payload) is bytes
    return status, dict(headers).get("Content-Type"), payload


def parsed(value):
    status, content_type, body = whole(value)
    assert (status, content_type) == (200, "application/json")
    return json.loads(body)


def test_a_mimetype_is_a_type_and_text_has_a_charset():
    for given, content_type in [
        ({"mimetype": "text/csv"}, "text/csv; charset=utf-8"),
        ({"mimetype": "audio/wav"}, "audio/wav"),
        ({"mimetype": "text/csv", "content_type": "text/plain"}, "text/plain"),
        ({"mimetype": "text/csv", "headers": {"content-type": "text/plain"}}, "text/plain"),
    ]:
        [(_, said)] = Response("a", **given).headers
        assert said == content_type


@pytest.mark.parametrize(
    ("value", "content_type", "body"),
    [
        (None, None, b""),
        ("<p>ä</p>", HTML, "<p>ä</p>".encode()),
        (b"\x89PNG", None, b"\x89PNG"),
        (bytearray(b"ab"), None, b"ab"),
        (memoryview(b"abcd")[::2], None, b"ac"),
        (True, TEXT, b"True"),
        (7, TEXT, b"7"),
        (1.5, TEXT, b"1.5"),
    ],
)
def test_simple_values(value, content_type, body):
    assert whole(value) == (200, content_type, body)


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass
class Point:
    x: int
    at: datetime.date


Pair = collections.namedtuple("Pair", "left right")
ID = uuid.UUID("12345678123456781234567812345678")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, None, True, "é"]}, {"a": [1, None, True, "é"]}),
        ([1, (2, 3)], [1, [2, 3]]),
        ((1, 2, 3), [1, 2, 3]),
        (("a", "b"), ["a", "b"]),
        ((), []),
        (Point(1, datetime.date(2024, 2, 29)), {"x": 1, "at": "2024-02-29"}),
        (Pair(1, Pair(200, {"X": "y"})), {"left": 1, "right": {"left": 200, "right": {"X": "y"}}}),
        (datetime.datetime(2024, 1, 2, 3, tzinfo=datetime.UTC), "2024-01-02T03:00:00+00:00"),
        (datetime.timedelta(minutes=1.5), 90),
        (ID, str(ID)),
        (decimal.Decimal("1.10"), "1.10"),
        (Colour.RED, "red"),
        (Level.LOW, 1),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"a"}), ["a"]),
        (range(3), [0, 1, 2]),
        ({"a": 1}.keys(), ["a"]),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.deque([1]), [1]),
        (
            {1: "a", None: "b", ID: "c", Colour.RED: "d", 1.5: "e", False: "f"},
            {"1": "a", "false": "f", "null": "b", str(ID): "c", "red": "d", "1.5": "e"},
        ),
        ([float("nan"), float("inf"), 0.5], [None, None, 0.5]),
        (
            [[0.5, 1e300], (1, 2), [1, "a", None, True], (2.5, 1)],
            [[0.5, 1e300], [1, 2], [1, "a", None, True], [2.5, 1]],
        ),
        ({"at": pathlib.PurePosixPath("a/b")}, {"at": "a/b"}),
    ],
)
def test_json_values(value, expected):
    assert parsed(value) == expected


def test_pydantic_models_are_json():
    pydantic = pytest.importorskip("pydantic")

    class Model(pydantic.BaseModel):
        name: str
        at: datetime.date

    model = Model(name="a", at=datetime.date(2024, 1, 1))
    assert parsed(model) == {"name": "a", "at": "2024-01-01"}
    assert parsed({"of": [model]}) == {"of": [{"name": "a", "at": "2024-01-01"}]}


def test_a_tuple_is_no_key_in_json():
    with pytest.raises(Unrenderable, match=r"a tuple as a key"):
        respond({(1, 2): "x"}, "")


def test_an_unknown_value_in_json_is_named_with_its_place():
    with pytest.raises(Unrenderable, match=r"tests?.*Opaque at rows\[1\]\.thing"):
        respond({"rows": [1, {"thing": Opaque()}]}, "")
    with pytest.raises(Unrenderable, match=r"bytes .*base64.* at a"):
        respond({"a": b"x"}, "")


def test_a_value_that_contains_itself():
    loop: list = []
    loop.append(loop)
    with pytest.raises(Unrenderable, match="contain itself"):
        respond(loop, "")


class Opaque:
    pass


def test_anything_else_is_unrenderable_and_says_what_works():
    with pytest.raises(Unrenderable, match=r"Opaque.*no HTTP form.*str, bytes"):
        respond(Opaque(), "")
    with pytest.raises(Unrenderable, match="function, which was not called"):
        respond(lambda: 1, "")
    with pytest.raises(Unrenderable, match=r"the class .*Opaque itself"):
        respond(Opaque, "")


# Streams


def generate():
    yield "a"
    yield b"b"
    yield {"c": 1}


def test_generators_and_iterators_are_streams():
    kind, status, headers, payload = respond(generate(), "")
    assert (kind, status, headers) == (ITER, 200, [("Content-Type", TEXT)])
    assert [chunk(item) for item in payload] == [b"a", b"b", b'{"c":1}\n']
    assert respond(map(str, [1]), "")[0] == ITER
    assert respond(iter([1]), "")[0] == ITER


def test_async_generators_and_awaitables():
    async def agen():
        yield 1

    async def result():
        return 1

    class Source:
        def __aiter__(self):
            return agen()

    kind, _, headers, payload = respond((agen(), {"content-type": "audio/wav"}), "")
    assert (kind, headers) == (AITER, [("content-type", "audio/wav")])
    assert hasattr(payload, "__anext__")
    assert hasattr(respond(Source(), "")[3], "__anext__")
    waiting = result()
    kind, _, _, payload = respond(waiting, "")
    assert kind == AWAIT and payload is waiting
    waiting.close()


def test_status_around_an_awaitable_reaches_its_result():
    async def result():
        return {"a": 1}

    kind, _, _, payload = respond((result(), 201, {"X-A": "b"}), "")
    assert kind == AWAIT
    with pytest.raises(StopIteration) as done:
        payload.send(None)
    kind, status, headers, body = respond(done.value.value, "")
    assert (kind, status, body) == (WHOLE, 201, b'{"a":1}')
    assert dict(headers) == {"X-A": "b", "Content-Type": "application/json"}


def test_chunks():
    assert chunk("ä") == "ä".encode()
    assert chunk(memoryview(b"ab")) == b"ab"
    assert chunk(None) == b"null\n"
    assert chunk([1]) == b"[1]\n"
    assert chunk("\udcff") == b"\xff"  # a byte that Python could not decode
    with pytest.raises(Unrenderable):
        chunk("\ud800")
    with pytest.raises(Unrenderable):
        chunk(Opaque())


# Tuples


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (("x", 404), (404, HTML, b"x")),
        (("x", http.HTTPStatus.CREATED), (201, HTML, b"x")),
        ((b"RIFF", {"Content-Type": "audio/wav"}), (200, "audio/wav", b"RIFF")),
        (({"a": 1}, 201, {"X-A": "1"}), (201, "application/json", b'{"a":1}')),
        ((None, 204), (204, None, b"")),
        (("x", 200, None), (200, HTML, b"x")),
        (("x", [("Content-Type", "a/b")]), (200, "a/b", b"x")),
        ((("x", 500), 418), (418, HTML, b"x")),
    ],
)
def test_tuples(value, expected):
    assert whole(value) == expected


@pytest.mark.parametrize(
    "value",
    [(1, 2), (640, 480), ("a", True), ("a", {"b": {}}), ({"a": 1}, {"no name": 1}), ("a", 200, 3)],
)
def test_tuples_that_are_data(value):
    assert parsed(value) == json.loads(json.dumps(value))


def test_header_names_are_case_insensitive_and_content_type_wins():
    _, _, headers, _ = respond(("x", {"CONTENT-TYPE": "text/plain", "X-N": 3}), "")
    assert headers == [("CONTENT-TYPE", "text/plain"), ("X-N", "3")]
    made = Response("x", headers={"content-type": "a/b"}, content_type="c/d")
    assert respond(made, "")[2] == [("content-type", "a/b")]


def test_a_header_may_be_given_several_times():
    _, _, headers, _ = respond(("x", {"Set-Cookie": ["a=1", "b=2"]}), "")
    assert headers[:2] == [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]


def test_a_line_break_in_a_header_is_refused():
    with pytest.raises(Unrenderable, match="X-A holds a line break"):
        respond(("x", {"X-A": "1\r\nSet-Cookie: evil=1"}), "")


def test_constructors():
    assert whole(as_json("text", 201)) == (201, "application/json", b'"text"')
    _, status, headers, body = respond(redirect("/there"), "")
    assert (status, headers, body) == (302, [("Location", "/there")], b"")
    kind, _, headers, _ = respond(stream([1, 2], "application/x-ndjson"), "")
    assert (kind, headers) == (ITER, [("Content-Type", "application/x-ndjson")])
    kind, _, headers, payload = respond(sse(["a\nb", {"c": 1}]), "")
    assert dict(headers)["Content-Type"] == "text/event-stream"
    assert list(payload) == ["data: a\ndata: b\n\n", 'data: {"c":1}\n\n']
    assert "Cache-Control" not in dict(headers)  # the server says it, of every stream of events


TEXTS = json.loads(
    (pathlib.Path(__file__).parents[3] / "clients/vectors/texts.json").read_text(encoding="utf-8")
)


def read_events(stream):
    """The data of each event, as the HTML standard has it (9.2.6)."""
    assert stream.endswith("\n\n") and "\r" not in stream
    return [
        "\n".join(line.removeprefix("data: ") for line in block.split("\n"))
        for block in stream[:-2].split("\n\n")
    ]


def ends_as_lf(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_any_text_is_an_event():
    events = respond(sse(TEXTS), "")[3]
    assert read_events("".join(events)) == [ends_as_lf(text) for text in TEXTS]


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (b"a\r\nb", "a\nb"),
        (b"caf\xe9\n", "caf\ufffd\n"),
        (memoryview(b"ab"), "ab"),
        (bytearray(), ""),
        ("caf\udce9 \udcff", "caf\ufffd \ufffd"),  # bytes that Python could not decode
        (None, "null"),
        ("\u2028", "\u2028"),
        ({"a": "\u2028\r\n"}, None),
    ],
)
def test_other_values_are_events(value, data):
    [event] = respond(sse([value]), "")[3]
    [read] = read_events(event)
    assert json.loads(read) == value if data is None else read == data


def test_half_a_character_is_no_event():
    with pytest.raises(Unrenderable, match="no UTF-8 form"):
        list(respond(sse(["\ud800"]), "")[3])


def test_a_json_line_is_one_line():
    for text in TEXTS:
        line = chunk({"text": text})
        assert line.endswith(b"\n") and not {10, 13} & set(line[:-1])
        assert json.loads(line) == {"text": text}


def test_a_header_is_latin1():
    _, _, headers, _ = respond(("x", {"X-A": "café ÿ"}), "")
    assert headers[0] == ("X-A", "café ÿ")
    for text in ("5 €", "日本", "\udce9"):
        with pytest.raises(Unrenderable, match=r"X-A holds .* Latin-1 .*RFC 8187"):
            respond(("x", {"X-A": text}), "")


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("/größe/€?q=日", "/gr%C3%B6%C3%9Fe/%E2%82%AC?q=%E6%97%A5"),
        ("https://h/a%2Fb?x=%C3%A4&y=[1]#z", "https://h/a%2Fb?x=%C3%A4&y=[1]#z"),
    ],
)
def test_a_location_is_ascii(url, sent):
    assert respond(redirect(url), "")[2] == [("Location", sent)]
    assert respond((None, 302, {"location": url}), "")[2] == [("location", sent)]
    with pytest.raises(Unrenderable, match="Location holds"):
        redirect("/\ud800")


# Flask


def flask_response(*args, **kwargs):
    flask = pytest.importorskip("flask")
    return flask.Response(*args, **kwargs)


def test_a_flask_response_is_itself():
    given = flask_response("hi", 418, content_type="text/x-tea")
    given.set_cookie("a", "1")
    given.set_cookie("b", "2")
    kind, status, headers, body = respond(given, "")
    assert (kind, status, body) == (WHOLE, 418, b"hi")
    assert ("Content-Type", "text/x-tea") in headers
    assert len([name for name, _ in headers if name == "Set-Cookie"]) == 2
    assert whole((flask_response("hi"), 201))[0] == 201


def test_a_streamed_flask_response_is_closed_even_if_never_read():
    for reads in (0, 1, 2):
        closed = []
        given = flask_response(iter(["a", "b"]), mimetype="text/event-stream")
        given.call_on_close(lambda closed=closed: closed.append(1))
        kind, _, headers, payload = respond(given, "")
        assert kind == ITER and dict(headers)["Content-Type"].startswith("text/event-stream")
        assert [next(payload) for _ in range(reads)] == [b"a", b"b"][:reads]
        assert closed == []
        payload.close()
        payload.close()
        assert closed == [1]


def test_flask_send_file_and_abort(tmp_path):
    flask = pytest.importorskip("flask")
    path = tmp_path / "a.txt"
    path.write_text("content")
    app = flask.Flask("t")
    with app.test_request_context():
        kind, _, _headers, payload = respond(flask.send_file(path), "")
        assert kind == ITER and b"".join(payload) == b"content"
        payload.close()
        assert whole(flask.redirect("/x"))[0] == 302
    from werkzeug.exceptions import NotFound

    assert whole(NotFound())[0] == 404


# Files


def test_a_path_is_a_file_of_its_type(tmp_path):
    for name, content_type in [
        ("a.txt", TEXT),
        ("a.html", HTML),
        ("a.png", "image/png"),
        ("a.tar.gz", "application/gzip"),
        ("a.unknown-type", None),
    ]:
        path = tmp_path / name
        path.write_bytes(b"x")
        kind, status, headers, payload = respond(path, "")
        assert (kind, status, payload) == (FILE, 200, str(path))
        assert dict(headers).get("Content-Type") == content_type


def test_a_missing_path_says_which(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.txt"):
        respond(tmp_path / "nothing.txt", "")
    with pytest.raises(IsADirectoryError):
        respond(tmp_path, "")


def test_buffers_give_all_that_they_hold():
    buffer = io.BytesIO(b"abcdef")
    buffer.seek(2)
    assert whole(buffer) == (200, None, b"abcdef")
    assert buffer.tell() == 2
    written = io.BytesIO()
    written.write(b"just written")
    assert whole(written) == (200, None, b"just written")
    assert whole(io.StringIO("text")) == (200, TEXT, b"text")


def test_open_files(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(b"abc")
    file = path.open("rb")
    file.read(1)
    assert whole(file) == (200, None, b"bc")
    assert file.closed
    named = tmp_path / "a.png"
    named.write_bytes(b"x" * 100_000)
    file = named.open("rb")
    kind, _, headers, payload = respond(file, "")
    assert (kind, headers) == (ITER, [("Content-Type", "image/png")])
    assert b"".join(chunk(piece) for piece in payload) == b"x" * 100_000
    assert file.closed
    text = tmp_path / "a.csv"
    text.write_text("a,b")
    kind, _, headers, payload = respond(text.open(), "")
    assert dict(headers)["Content-Type"] == "text/csv; charset=utf-8"
    assert list(payload) == ["a,b"]
    with tempfile.NamedTemporaryFile() as temporary:
        temporary.write(b"abc")
        temporary.seek(0)
        assert whole(temporary)[2] == b"abc"


# Displays


class Rich:
    def _repr_html_(self):
        return "<b>rich</b>"

    def _repr_png_(self):
        return b"\x89PNG"

    def _repr_json_(self):
        return {"rich": 1}

    def __iter__(self):
        return iter("rich")


class Bundle:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": "plain", "image/png": "iVBORw=="}, {"image/png": {"width": 1}}


@pytest.mark.parametrize(
    ("accept", "content_type", "body"),
    [
        ("", HTML, b"<b>rich</b>"),
        ("*/*", HTML, b"<b>rich</b>"),
        (BROWSER, HTML, b"<b>rich</b>"),
        ("image/png", "image/png", b"\x89PNG"),
        ("image/*, text/html;q=0.5", "image/png", b"\x89PNG"),
        ("application/json;q=0.9, text/html;q=0.1", "application/json", b'{"rich":1}'),
        ("text/html;q=0, */*;q=0.1", "image/png", b"\x89PNG"),
    ],
)
def test_displays_by_accept(accept, content_type, body):
    assert whole(Rich(), accept) == (200, content_type, body)


def test_mime_bundles():
    assert whole(Bundle()) == (200, "image/png", b"\x89PNG\x00"[:4])
    assert whole(Bundle(), "text/plain") == (200, TEXT, b"plain")


def test_a_display_that_declines_leaves_it_to_the_next():
    class Shy(Rich):
        def _repr_html_(self):
            return None

    assert whole(Shy(), BROWSER)[1] == "image/png"


def test_an_object_that_has_every_attribute_is_not_rich():
    class Eager:
        def __getattr__(self, name):
            return lambda *_, **__: "anything"

    with pytest.raises(Unrenderable):
        respond(Eager(), "")


def test_pil_images():
    Image = pytest.importorskip("PIL.Image")
    image = Image.new("RGBA", (2, 2), (255, 0, 0, 0))
    for accept, media, start in [
        ("", "image/png", b"\x89PNG"),
        ("image/jpeg", "image/jpeg", b"\xff\xd8"),
        ("image/webp,image/*;q=0.5", "image/webp", b"RIFF"),
        ("image/gif", "image/gif", b"GIF8"),
    ]:
        status, content_type, body = whole(image, accept)
        assert (status, content_type) == (200, media) and body.startswith(start)
    white = Image.open(io.BytesIO(whole(image, "image/jpeg")[2])).getpixel((0, 0))
    assert min(white) > 250
    for mode in ("1", "L", "P", "CMYK", "YCbCr", "I", "F", "LA"):
        for accept in ("image/png", "image/jpeg", "image/webp", "image/gif"):
            assert whole(Image.new(mode, (2, 2)), accept)[1] == accept


def test_matplotlib_figures_and_axes_are_closed():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    others = pyplot.get_fignums()
    figure, axes = pyplot.subplots()
    assert whole(figure)[2].startswith(b"\x89PNG")
    assert pyplot.get_fignums() == others
    _, axes = pyplot.subplots()
    assert whole(axes, "image/svg+xml")[1] == "image/svg+xml"
    figure, many = pyplot.subplots(2)
    assert whole(many, "application/pdf")[2].startswith(b"%PDF")
    assert pyplot.get_fignums() == others


def test_numpy():
    numpy = pytest.importorskip("numpy")
    array = numpy.array([[1.0, float("nan")], [2, 3]])
    assert whole(array) == (200, "application/json", b"[[1.0,null],[2.0,3.0]]")
    _status, content_type, body = whole(array, "application/x-npy")
    assert content_type == "application/x-npy"
    assert numpy.load(io.BytesIO(body)).shape == (2, 2)
    assert whole(numpy.float32(1.5)) == (200, TEXT, b"1.5")
    assert whole(numpy.int64(3)) == (200, TEXT, b"3")
    assert whole(numpy.array(7)) == (200, TEXT, b"7")
    assert whole(numpy.bool_(True)) == (200, TEXT, b"True")
    assert parsed({"a": numpy.arange(2), "b": numpy.float64(0.5)}) == {"a": [0, 1], "b": 0.5}
    assert parsed(numpy.datetime64("2024-01-01")) == "2024-01-01"


def test_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert "<table" in whole(frame, BROWSER)[2].decode() and whole(frame, BROWSER)[1] == HTML
    # Who says nothing is a program.
    for accept in ("", "*/*", "application/json, */*", "application/*"):
        assert whole(frame, accept) == (200, JSON, b'[{"a":1,"b":"x"},{"a":2,"b":null}]'), accept
    assert whole(frame, "text/csv") == (200, "text/csv; charset=utf-8", b"a,b\n1,x\n2,\n")
    assert json.loads(whole(frame, "application/json")[2]) == [
        {"a": 1, "b": "x"},
        {"a": 2, "b": None},
    ]
    series = frame["a"]
    assert "<table" in whole(series, "text/html")[2].decode() and whole(series)[1] == JSON
    assert json.loads(whole(series, "application/json")[2]) == [1, 2]
    assert b"a\n1\n2\n" in whole(series, "text/csv")[2]
    assert whole(frame.set_index("b"), "text/csv")[2].startswith(b"b,a\n")
    assert parsed({"f": frame, "s": series, "t": pandas.Timestamp("2024-01-01")}) == {
        "f": [{"a": 1, "b": "x"}, {"a": 2, "b": None}],
        "s": [1, 2],
        "t": "2024-01-01T00:00:00",
    }
    assert parsed([pandas.NaT, pandas.NA]) == [None, None]
    assert parsed(pandas.Timestamp("2024-01-01")) == "2024-01-01T00:00:00"
    assert json.loads(whole(frame.index, "application/json")[2]) == [0, 1]


def test_numpy_where_npy_would_lose_something_is_json():
    numpy = pytest.importorskip("numpy")
    for array, content in [
        (numpy.array([1, None], dtype=object), b"[1,null]"),
        (numpy.ma.array([1, 2], mask=[0, 1]), b"[1,null]"),
    ]:
        assert whole(array) == (200, "application/json", content)
        with pytest.raises(NotAcceptable, match="it has application/json"):
            respond(array, "application/x-npy")


def test_single_values_of_numpy_and_pandas():
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    for value, expected in [
        (numpy.datetime64("2024-01-01", "ns"), "2024-01-01T00:00:00"),
        (numpy.array("2024-01-01", dtype="M8[ns]"), "2024-01-01T00:00:00"),
        (numpy.timedelta64(1500, "ms"), 1.5),
        (numpy.datetime64("NaT"), None),
        (numpy.ma.masked, None),
        (numpy.array([(1, 2)], dtype="i4,i4")[0], {"f0": 1, "f1": 2}),
        (pandas.NaT, None),
        (pandas.NA, None),
        (pandas.Interval(0, 1), "(0, 1]"),
    ]:
        assert parsed(value) == expected
    assert whole(numpy.float64("nan")) == (200, TEXT, b"nan")
    assert whole(numpy.array("text")) == (200, HTML, b"text")
    for value in (numpy.longdouble(1), numpy.array(1, dtype="g"), numpy.complex64(1)):
        with pytest.raises(Unrenderable, match=r"numpy\.(longdouble|complex64)|complex"):
            respond(value, "")
    assert parsed((1, 200, numpy.array([1, 2]))) == [1, 200, [1, 2]]


def test_the_index_is_in_csv_as_in_json():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": [1, 2]}, index=pandas.Index(["a", "b"], name="k"))
    levels = pandas.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", None])
    for value, lines in [
        (frame, "k,n a,1 b,2"),
        (frame["n"], "k,n a,1 b,2"),
        (frame.rename_axis(None), "index,n a,1 b,2"),
        (frame.set_index(levels), "k,level_1,n a,1,1 b,2,2"),
        (frame.reset_index(drop=True), "n 1 2"),
        (frame.reset_index()[1:], "index,k,n 1,b,2"),
        (frame.index, "k a b"),
        (levels, "k,1 a,1 b,2"),
    ]:
        assert whole(value, "text/csv")[2].decode().split() == lines.split()
    for value in (frame, frame.rename_axis(None), frame.set_index(levels)):
        records = json.loads(whole(value, "application/json")[2])
        head = whole(value, "text/csv")[2].decode().splitlines()[0]
        assert [",".join(record) for record in records] == [head, head]


def test_a_class_made_of_a_frame_is_a_frame():
    pandas = pytest.importorskip("pandas")

    class Mine(pandas.DataFrame):
        pass

    assert whole(Mine({"a": [1]}), "text/csv")[2] == b"a\n1\n"
    assert whole(Mine({"a": [1]}), "application/json")[2] == b'[{"a":1}]'
    assert parsed([Mine({"a": [1]})]) == [[{"a": 1}]]


def test_half_a_surrogate_pair_is_valid_json():
    assert whole({"name": "\udcff"}) == (200, "application/json", b'{"name":"\\udcff"}')


def test_polars():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, 2], "at": [datetime.date(2024, 1, 1), None]})
    assert "<table" in whole(frame, BROWSER)[2].decode()
    assert whole(frame, "text/csv")[2] == b"a,at\n1,2024-01-01\n2,\n"
    expected = [{"a": 1, "at": "2024-01-01"}, {"a": 2, "at": None}]
    assert json.loads(whole(frame, "application/json")[2]) == expected
    assert json.loads(whole(frame.lazy(), "application/json")[2]) == expected
    assert json.loads(whole(frame["a"], "application/json")[2]) == [1, 2]
    assert "<table" in whole(frame["a"], BROWSER)[2].decode()
    assert whole(frame)[1] == whole(frame["a"], "*/*")[1] == JSON
    assert parsed({"f": frame, "s": frame["a"]}) == {"f": expected, "s": [1, 2]}


def test_libraries_are_not_imported():
    import subprocess
    import sys

    code = (
        "import sys; from owt.responses import respond; respond({'a': 1}, ''); "
        "print([m for m in ('flask', 'numpy', 'pandas', 'polars', 'PIL') if m in sys.modules])"
    )
    root = pathlib.Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
