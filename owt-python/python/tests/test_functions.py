"""Functions that are called by their names: what hints say, and what becomes of requests."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import inspect
import io
import json
import os
import pathlib
import sys
import textwrap
import types
import typing
import uuid
from typing import Annotated, Any, Literal, NewType, Optional, Union

import pytest
from adapting import raw_call

import owt
from owt import _libs
from owt._errors import Refused, describe
from owt._request import request_for
from owt.functions import File, function
from owt.functions._describe import DESCRIBE, described, published
from owt.functions._hinted import Hints
from owt.functions._parameters import Parameters
from owt.functions._published import load

JSON = "application/json"


class Colour(enum.Enum):
    RED = "red"
    DEEP = 2


class Odd(enum.Enum):
    NONE = None
    SOME = (1, 2)


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.0
    kids: list[Point] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is below 0")


class Pair(typing.NamedTuple):
    a: int
    b: str = "b"


class Movie(typing.TypedDict):
    name: str
    year: typing.NotRequired[int]


Age = NewType("Age", int)
OPTIONAL: Any = Optional[int]  # noqa: UP045
UNION: Any = Union[int, str]  # noqa: UP007


class Thing:
    pass


def read(hint: Any, value: Any) -> Any:
    """What a JSON value is for that hint, or the list of its faults."""
    faults: list[Any] = []
    made = Hints(globals()).shape(hint).read(value, ("v",), faults)
    return [tuple(fault) for fault in faults] if faults else made


def written(hint: Any, text: str) -> Any:
    faults: list[Any] = []
    made = Hints(globals()).shape(hint).written(text, ("v",), faults)
    return [tuple(fault) for fault in faults] if faults else made


ID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


@pytest.mark.parametrize(
    ("hint", "value", "made"),
    [
        (int, 5, 5),
        (int, 5.0, 5),
        ("int", 5, 5),
        (float, 5, 5.0),
        (bool, True, True),
        (str, "", ""),
        (None, None, None),
        (Any, [1, {"a": None}], [1, {"a": None}]),
        (Thing, {"any": 1}, {"any": 1}),
        ("no.such.name", 1, 1),
        (OPTIONAL, None, None),
        (int | None, 5, 5),
        (UNION, "5", "5"),
        (Literal["a", 1], 1, 1),
        (Colour, "red", Colour.RED),
        (Colour, 2, Colour.DEEP),
        (Odd, "NONE", Odd.NONE),
        (list[int], [1, 2], [1, 2]),
        (list, [1, "a"], [1, "a"]),
        (set[int], [1, 1], {1}),
        (frozenset[str], ["a"], frozenset("a")),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[int, str], [1, "a"], (1, "a")),
        (tuple[()], [], ()),
        (collections.deque[int], [1], collections.deque([1])),
        (collections.abc.Sequence[int], [1], [1]),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (dict[int, str], {"1": "a"}, {1: "a"}),
        (typing.Mapping[str, list[int]], {"a": [1]}, {"a": [1]}),
        (Point, {"x": 1, "kids": [{"x": 2, "y": 3}]}, Point(1, 0.0, [Point(2, 3.0)])),
        (Pair, {"a": 1}, Pair(1)),
        (Movie, {"name": "Solaris"}, {"name": "Solaris"}),
        (Age, 5, 5),
        (Annotated[int, "years"], 5, 5),
        (datetime.date, "2026-02-28", datetime.date(2026, 2, 28)),
        (datetime.time, "12:30", datetime.time(12, 30)),
        (datetime.timedelta, 90, datetime.timedelta(seconds=90)),
        (datetime.timedelta, "PT1M30S", datetime.timedelta(seconds=90)),
        (datetime.timedelta, "-P1DT2H", -datetime.timedelta(days=1, hours=2)),
        (uuid.UUID, ID, uuid.UUID(ID)),
        (decimal.Decimal, "1.10", decimal.Decimal("1.10")),
        (decimal.Decimal, 1.1, decimal.Decimal("1.1")),
        (pathlib.Path, "/a/b", pathlib.Path("/a/b")),
        (bytes, "aGk", b"hi"),
        (bytes, "-_8=", b"\xfb\xff"),
        (bytearray, "aGk=", bytearray(b"hi")),
    ],
)
def test_json_is_what_the_hint_names(hint, value, made):
    found = read(hint, value)
    assert found == made and type(found) is type(made)


@pytest.mark.parametrize(
    ("hint", "value", "place", "said"),
    [
        (int, "5", (), "a whole number"),
        (int, True, (), "a whole number"),
        (int, 5.5, (), "a whole number"),
        (float, 10**400, (), "a number"),
        (float, "5", (), "a number"),
        (bool, 1, (), "true or false"),
        (str, 5, (), "a text"),
        (OPTIONAL, "a", (), "a whole number"),
        (UNION, [], (), "a whole number or a text, not []"),
        (Literal["a", 1], True, (), '"a" or 1'),
        (Colour, "blue", (), '"red" or 2, not "blue"'),
        (list[int], {}, (), "a list"),
        (list[int], [1, "a", 2, None], (1,), "a whole number"),
        (set[Any], [[1]], (), "cannot be in a set"),
        (tuple[int, str], [1], (), "a list of 2 values"),
        (tuple[int, str], [1, 2], (1,), "a text"),
        (dict[str, int], [1], (), "an object"),
        (dict[str, int], {"a": "b"}, ("a",), "a whole number"),
        (dict[int, str], {"a": "b"}, ("a",), "a whole number"),
        (Point, {}, ("x",), "it is missing"),
        (Point, {"x": 1, "z": 2}, ("z",), "Point has x, y, kids"),
        (Point, {"x": 1, "kids": [{"x": "no"}]}, ("kids", 0, "x"), "a whole number"),
        (Point, {"x": -1}, (), "ValueError: x is below 0"),
        (Point, 5, (), "an object with the members of Point"),
        (Pair, {"b": "b"}, ("a",), "it is missing"),
        (Movie, {"year": 1}, ("name",), "it is missing"),
        (datetime.datetime, "soon", (), "a date and time"),
        (datetime.timedelta, "soon", (), "a duration"),
        (datetime.timedelta, 1e300, (), "a duration"),
        (datetime.timedelta, True, (), "a duration"),
        (uuid.UUID, "1", (), "a UUID"),
        (decimal.Decimal, "one", (), "a decimal number"),
        (pathlib.Path, 5, (), "a path"),
        (bytes, "%%%", (), "bytes, in JSON and text as base64"),
        (bytes, 5, (), "bytes"),
        (list[list[int]] | None, [[1], ["a"]], (1, 0), "a whole number"),
    ],
)
def test_what_it_is_not_is_told_with_its_place(hint, value, place, said):
    faults = read(hint, value)
    assert isinstance(faults, list), faults
    assert faults[0][0] == ("v", *place) and said in faults[0][1], faults


@pytest.mark.parametrize(
    ("hint", "text", "made"),
    [
        (int, " 5 ", 5),
        (int, "-5", -5),
        pytest.param(int, "9" * 5000, 10**5000 - 1, id="many digits"),
        (float, "1e3", 1000.0),
        (bool, "Yes", True),
        (bool, "0", False),
        (str, " a ", " a "),
        (str, "5", "5"),
        (Any, "5", "5"),
        (OPTIONAL, "", None),
        (OPTIONAL, "null", None),
        (OPTIONAL, "5", 5),
        (str | None, "", ""),
        (Literal["a", 1], "1", 1),
        (Colour, "2", Colour.DEEP),
        (list[int], "5", [5]),
        (list[int], "[1, 2]", [1, 2]),
        (list[int], "", []),
        (list[str], "", [""]),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (Point, '{"x": 1}', Point(1)),
        (datetime.date, "2026-02-28", datetime.date(2026, 2, 28)),
        (bytes, "aGk=", b"hi"),
    ],
)
def test_texts_are_read_by_the_hint(hint, text, made):
    assert written(hint, text) == made


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (int, "1_000"),
        (int, "5.0"),
        (int, ""),
        (float, "1_0"),
        (bool, "maybe"),
        (dict[str, int], "{"),
        (Point, "[]"),
        (Literal["a"], "b"),
        (OPTIONAL, "a"),
    ],
)
def test_a_text_that_is_none_is_told(hint, text):
    faults = written(hint, text)
    assert isinstance(faults, list) and len(faults[0][1]) < 300, faults


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (int, {"type": "integer"}),
        (inspect.Parameter.empty, {}),
        (OPTIONAL, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Colour, {"enum": ["red", 2]}),
        (Odd, {"enum": ["NONE", "SOME"]}),
        (set[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
        (
            tuple[int, str],
            {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
            },
        ),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (
            Pair,
            {
                "type": "object",
                "title": "Pair",
                "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": False,
            },
        ),
        (datetime.datetime, {"type": "string", "format": "date-time"}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
        (decimal.Decimal, {"type": ["string", "number"]}),
        (bytes, {"type": "string", "contentEncoding": "base64"}),
        (pathlib.Path, {"x-owt-type": "pathlib.Path"}),
        (Thing, {"x-owt-type": f"{__name__}.Thing"}),
    ],
)
def test_the_schema_of_a_hint(hint, schema):
    assert Hints(globals()).shape(hint).schema() == schema


def test_a_schema_that_holds_itself_ends():
    kids = Hints(globals()).shape(Point).schema()
    depth = 0
    while kids:
        kids = kids["properties"]["kids"]["items"]
        depth += 1
    assert depth == 4
    fields = [(f"f{at}", "list[Wide]") for at in range(30)]
    wide = dataclasses.make_dataclass("Wide", fields)
    schema = Hints({"Wide": wide}).shape(wide).schema()
    assert json.dumps(schema).count("Wide") == 500


def given(taken: Any, query: str = "", body: Any = b"", media: str = JSON, **more: Any) -> Any:
    """The arguments of a request, or its faults as `(in, place)`."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = [("content-type", media)] if body and media else []
    raw = raw_call("/f", query, body, headers=headers, **more)
    parameters = Parameters(taken, None)
    whole = made_by(lambda: parameters(request_for(raw)))
    if not query and media == JSON:
        # the short way says the same, or nothing
        short = made_by(lambda: parameters.of_object(body))
        assert short is None or short == (whole[1] if isinstance(whole, tuple) else whole)
    return whole


def made_by(read: Any) -> Any:
    try:
        return read()
    except Refused as refused:
        if refused.errors is None:
            return refused.slug
        assert refused.slug == "wrong-arguments" and refused.field == refused.errors[0]["name"]
        return [(one["in"], one["place"]) for one in refused.errors]


def test_a_plain_object_is_read_without_a_request():
    def f(a: int, b: str = "b", *, c: list[Point] | None = None) -> None: ...

    of_object = Parameters(f, None).of_object
    assert of_object(b'{"a": 1, "c": [{"x": 2}]}') == {"a": 1, "c": [Point(2)]}
    assert made_by(lambda: of_object(b'{"a": "x", "c": [{"x": -1}]}')) == [
        ("body", ["a"]),
        ("body", ["c", 0]),
    ]
    others = (b"", b"{", b"5", b"[1]", b"{}", b'{"a": 1, "z": 2}', b'{"args": [1]}')
    assert [of_object(body) for body in others] == [None] * len(others)

    def g(a: int, /) -> None: ...

    assert Parameters(g, None).of_object(b'{"a": 1}') is None
    assert Parameters(f, "a").of_object(b'{"b": "x"}') is None


def test_where_arguments_come_from():
    def f(a: int, /, b: int, *more: int, k: int = 3, **rest: int) -> None: ...

    assert given(f, "a=1&b=2") == ((1, 2), {"k": 3})
    assert given(f, "", {"a": 1, "b": 2, "k": 4, "z": 5}) == ((1, 2), {"k": 4, "z": 5})
    assert given(f, "", {"args": [1, 2, 3, 4], "kwargs": {"z": 5}}) == (
        (1, 2, 3, 4),
        {"k": 3, "z": 5},
    )
    assert given(f, "a=1", {"b": 2}) == ((1, 2), {"k": 3})
    assert given(f, "a=1", {"a": 1, "b": 2}) == [("query", ["a"])]
    assert given(f, "a=1&a=2", {"b": 2}) == [("query", ["a"])]
    assert given(f, "", {"args": [1], "kwargs": {"a": 1, "b": 2}}) == [("body", ["a"])]
    assert given(f, "", {"args": [1, 2, "x"]}) == [("body", ["args", 2])]
    assert given(f, "a=1&b=2&z=x&k=y") == [("query", ["z"]), ("query", ["k"])]
    assert given(f, "a=1", method="GET") == [("query", ["b"])]
    assert given(f, method="POST") == [("body", ["a"]), ("body", ["b"])]
    assert given(f, "a=1&b=2&timeout=3&use_cache=1&format=csv") == ((1, 2), {"k": 3})

    def g(timeout: float, args: list[int] | None = None) -> None: ...

    assert given(g, "timeout=3") == ((), {"timeout": 3.0})
    assert given(g, "", {"timeout": 3, "args": [1]}) == ((), {"timeout": 3.0, "args": [1]})
    assert given(g, "", [1]) == [("body", ["timeout"])]
    assert given(g, "", 5) == ((), {"timeout": 5.0})
    assert given(g, "", b"{") == "malformed-call"
    assert given(g, "", b"x", "image/png") == "unsupported-type"
    assert given(g, "timeout=1&ghost=1") == [("query", ["ghost"])]


def test_a_form_s_empty_field_is_none():
    def f(a: int = 1, b: str = "b", c: list[int] = [2]) -> None: ...  # noqa: B006

    form = "application/x-www-form-urlencoded"
    assert given(f, "", b"a=&b=&c=", form) == ((), {"b": ""})
    assert given(f, "", b"a=5&c=1&c=2", form) == ((), {"a": 5, "c": [1, 2]})


#: Fields of a form that say that they are JSON; of a name that comes again, the list.
JSON_FIELDS = [(b"n", b'{"a": null}'), (b"more", b"1"), (b"more", b"2")]


def test_files_and_bodies_are_arguments():
    def f(data: bytes, name: str = "n") -> None: ...

    assert given(f, "name=x", b"\0\1", "application/octet-stream") == (
        (),
        {"data": b"\0\1", "name": "x"},
    )
    form = (
        b'--s\r\nContent-Disposition: form-data; name="data"; filename="a.bin"\r\n\r\nabc\r\n'
        b'--s\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n--s--\r\n'
    )
    media = "multipart/form-data; boundary=s"
    assert given(f, "", form, media) == ((), {"data": b"abc", "name": "x"})

    def g(data: File, name: str) -> None: ...

    _, named = given(g, "", form, media)
    assert (named["data"].filename, named["data"].read()) == ("a.bin", b"abc")

    def h(data: list[bytes], name: str = "") -> None: ...

    assert given(h, "", form, media)[1]["data"] == [b"abc"]

    def i(data: int, name: str = "") -> None: ...

    assert given(i, "", form, media) == [("body", ["data"])]

    def k(data: bytes, n, more: list[int]) -> None: ...

    part = b'--s\r\nContent-Disposition: form-data; name="%b"\r\nContent-Type: application/json'
    head = form.partition(b'--s\r\nContent-Disposition: form-data; name="name')[0]
    fields = [part % name + b"\r\n\r\n" + text + b"\r\n" for name, text in JSON_FIELDS]
    assert given(k, "", head + b"".join(fields) + b"--s--\r\n", media) == (
        (),
        {"data": b"abc", "n": {"a": None}, "more": [1, 2]},
    )
    assert given(k, "", head + fields[0].replace(b"null", b"nul") + b"--s--", media) == (
        "malformed-call"
    )

    def j(text: str) -> None: ...

    assert given(j, "", "grüße".encode(), "text/plain") == ((), {"text": "grüße"})
    assert given(j, "", b"\xff", "text/plain") == [("body", ["text"])]


def test_arrays_and_frames_come_as_json_too():
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    assert read(np.ndarray, [[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert "cannot be made" in read(np.ndarray, [[1], [2, 3]])[0][1]
    assert read(pd.DataFrame, [{"a": 1}, {"a": 2}])["a"].tolist() == [1, 2]
    file = io.BytesIO()
    np.save(file, np.arange(3))

    def f(a: np.ndarray) -> None: ...

    f.__annotations__["a"] = np.ndarray
    _, named = given(f, "", file.getvalue(), "application/x-npy")
    assert named["a"].tolist() == [0, 1, 2]
    assert given(f, "", b"\x93NUMPYdamaged", "application/x-npy") == [("body", ["a"])]


def test_models_are_pydantic_s():
    pydantic = pytest.importorskip("pydantic", minversion="2")

    class Inner(pydantic.BaseModel):
        n: int = 0
        more: list[Inner] = []  # noqa: RUF012

    Inner.model_rebuild(_types_namespace={"Inner": Inner})

    class Model(pydantic.BaseModel):
        inner: Inner
        size: Annotated[int, pydantic.Field(gt=0)] = 1

    names = {"Model": Model, "Inner": Inner}
    shape = Hints(names).shape("list[Model]")
    faults: list[Any] = []
    made = shape.read([{"inner": {"n": 5}}], ("v",), faults)
    assert made == [Model(inner=Inner(n=5))] and not faults
    shape.read([{"inner": {"n": "x"}, "size": 0}], ("v",), faults)
    assert [fault.place for fault in faults] == [("v", 0, "inner", "n"), ("v", 0, "size")]
    schema = json.dumps(shape.schema())
    assert "$ref" not in schema and "$defs" not in schema and "exclusiveMinimum" in schema
    limited = Hints({}).shape(Annotated[int, pydantic.Field(gt=3)])
    faults = []
    assert limited.written("5", ("v",), faults) == 5 and not faults
    limited.written("2", ("v",), faults)
    assert "greater than 3" in faults[0].message
    assert written(Annotated[int, "no constraint"], "2") == 2


def test_the_decorator_says_more():
    @function(name="plus", get=True, cache=5, timeout=2.5, hidden=True)
    def add(x: int) -> int:
        """Adds.

        More.
        """
        return x

    @owt.function
    def bare() -> typing.Iterator[str]:
        yield ""

    module = types.ModuleType("m")
    for one in (add, bare):
        one.__module__ = "m"
        setattr(module, one.__name__, one)
    told = {one["name"]: one for one in described(module, "tools")}
    assert set(told) == {"tools.plus", "tools.bare"}
    assert told["tools.plus"]["function"] == "add" and told["tools.plus"]["doc"] == "Adds.\n\nMore."
    marks = ("get", "cache", "timeout", "hidden", "streams", "async")
    assert [told["tools.plus"][one] for one in marks] == [True, 5, 2.5, True, False, False]
    assert [told["tools.bare"][one] for one in marks] == [False, None, None, False, True, False]
    for wrong in (
        {"name": "a-b"},
        {"cache": 0},
        {"cache": "1"},
        {"timeout": -1},
        {"timeout": True},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            function(**wrong)


def test_what_a_module_publishes(tmp_path):
    text = textwrap.dedent(
        """
        from os.path import join
        import functools
        def a(): pass
        def _b(): pass
        class C:
            def __call__(self): pass
        d = C()
        e = lambda: 1
        @functools.lru_cache
        def f(x: int = 1): return x
        async def g(): pass
        h = functools.partial(a)
        """
    )
    module = types.ModuleType("m")
    exec(text, vars(module))
    assert list(published(module)) == ["a", "e", "f", "g"]
    module.__all__ = ["a", "_b", "join", "gone"]
    assert list(published(module)) == ["a"]


@pytest.fixture
def folder(tmp_path):
    before = set(sys.modules)
    _libs.serve([str(tmp_path)])
    yield tmp_path
    _libs.serve([])
    sys.path[:] = [entry for entry in sys.path if entry != str(tmp_path)]
    for name in set(sys.modules) - before:
        if (
            getattr(sys.modules[name], "__file__", None)
            and str(tmp_path) in sys.modules[name].__file__
        ):
            del sys.modules[name]


def edit(path: pathlib.Path, text: str) -> None:
    path.write_text(text)
    stamp = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(stamp, stamp))


def test_a_module_is_imported_while_its_file_is_that_text(folder):
    path = folder / "owt_test_tools.py"
    text = "def f(): return 1\n"
    edit(path, text)
    loaded = load(text, "owt_test_tools", str(path))
    import owt_test_tools

    assert loaded.function("f")[0] is owt_test_tools.f
    assert [one["name"] for one in loaded.function(DESCRIBE)[0]()] == ["owt_test_tools.f"]
    with pytest.raises(Refused, match="publishes 'f', and no 'g'"):
        loaded.function("g")
    # an edit is other code's: this one stays as it is
    edit(path, "def f(: return 2\n")
    assert loaded.fresh()
    again = load(text, "owt_test_tools", str(path))
    assert again.function("f")[0]() == 1
    assert "owt_test_tools" not in sys.modules, "whoever imports it sees what the file holds"
    with pytest.raises(Refused) as refused:
        load("def f(: return 2\n", "owt_test_tools", str(path))
    assert "line 1, column 7" in refused.value.detail and describe(refused.value)[1] is None
    edit(path, "def f(): return 3\n")
    assert load("def f(): return 3\n", "owt_test_tools", str(path)).function("f")[0]() == 3


def test_a_module_is_loaded_anew_when_a_helper_changes(folder):
    edit(folder / "owt_test_helper.py", "word = 1\n")
    path = folder / "owt_test_user.py"
    text = "import owt_test_helper\ndef f(): return owt_test_helper.word\n"
    edit(path, text)
    loaded = load(text, "owt_test_user", str(path))
    assert loaded.fresh()
    edit(folder / "owt_test_helper.py", "word = 22\n")
    assert not loaded.fresh()
    assert load(text, "owt_test_user", str(path)).function("f")[0]() == 22


def test_a_name_of_python_s_own_is_left_alone(folder):
    path = folder / "json.py"
    text = "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: 'int'\n"
    text += "def f(): return 'mine'\n"
    edit(path, text)
    assert load(text, "json", str(path)).function("f")[0]() == "mine"
    assert sys.modules["json"] is json


def test_a_module_without_a_file(folder):
    loaded = load("import math\n", "math", "")
    function, _ = loaded.function("hypot")
    assert function(3, 4) == 5
    assert any(one["name"] == "math.hypot" for one in loaded.function(DESCRIBE)[0]())
