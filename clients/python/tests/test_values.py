"""Arguments and a function's results arrive as they are, or are refused with what to send."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import io
import math
import os
import pathlib
import subprocess
import sys
import threading
import types
import uuid
import zoneinfo

import pytest

from owt.client import Client
from owt.client._literals import literal
from owt.client._values import integer
from serving import MOST, PACKAGE

np = pytest.importorskip("numpy")
UTC = datetime.UTC
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOON = datetime.datetime(2026, 10, 25, 2, 30, 0, 123456)

PLAIN = [
    None, True, False, 0, -1, 2**64, -(2**80), 10**4299, 10**4300, -(10**100_000), 0.1, -0.0,
    5e-324, math.inf, -math.inf, 1 + 2j, complex(-0.0, math.inf), "", "it's \ud800 🎵\n\0", b"",
    b"\0\xff'\"", b"\\" * 1023, bytes(range(256)) * 5, bytearray(b"ab"), bytearray(5000),
    [], [1, [2]], (), (1,), {"a": {1: (2.5, None)}}, set(), {1, 2}, frozenset({"a"}),
    {(1, 2): b"x" * 2000},
]  # fmt: skip
FURTHER = [
    NOON, NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=BERLIN, fold=1), NOON.date(), NOON.time(),
    NOON.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-3, seconds=1))),
    datetime.time(1, 2, 3, 4, tzinfo=UTC, fold=1), datetime.timedelta(-1, 2, 3), UTC, BERLIN,
    datetime.datetime.min, datetime.timedelta.max, decimal.Decimal("1.50"), decimal.Decimal("-NaN"),
    decimal.Decimal("Infinity"), decimal.Decimal("1e-999"), fractions.Fraction(-1, 3),
    uuid.UUID(int=7), range(3), range(9, -9, -2), [{"when": (NOON, {"d": decimal.Decimal("0.1")})}],
]  # fmt: skip


def same(one, other):
    return type(one) is type(other) and repr(one) == repr(other)


def shown(value):
    """A `repr` that has no limit of digits."""
    return hex(value) if type(value) is int else repr(value)


def test_plain_data_and_the_standard_librarys_arrive_as_they_are(server):
    client = Client(server)
    code = """def run(values):
    shown = lambda v: hex(v) if type(v) is int else repr(v)
    return [[type(v).__name__, shown(v)] for v in values]"""
    values = PLAIN + FURTHER
    got = client(code, values=values)
    assert [pair[0] for pair in got] == [type(value).__name__ for value in values]
    for value, (_, text) in zip(values, got, strict=True):
        assert text == shown(value)


def test_a_function_gives_them_back_as_they_are(server):
    @Client(server).remote
    def back(x):
        return x

    @Client(server).remote
    def each(xs):
        yield from xs

    for value in PLAIN + FURTHER:
        if value not in (10**4299, 10**4300, -(10**100_000)):
            assert same(back(value), value), value
        elif value:
            assert back(value) == value and type(back(value)) is int
    assert math.isnan(back(math.nan)) and math.isnan(back(complex(math.nan, 1)).real)
    values = [value for value in PLAIN + FURTHER if type(value) is not int]
    assert list(map(repr, each(values))) == list(map(repr, values))


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Own(str):
    pass


class Zone(datetime.tzinfo):
    pass


@dataclasses.dataclass
class Point:
    x: int


Pair = collections.namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("value", "instead"),
    [
        (Colour.RED, "its .value"), (Level.LOW, "its .value"), (Point, "a value: a class has none"),
        (Point(1), "dataclasses.asdict(value)"), (Pair(1, 2), "tuple(value) or value._asdict()"),
        (Own("a"), "str(value)"), (collections.OrderedDict(a=1), "dict(value)"),
        (collections.defaultdict(list), "dict(value)"), (collections.deque([1]), "list(value)"),
        (memoryview(b"a"), "bytes(value)"), (array.array("d", [1]), "value.tolist()"),
        (pathlib.Path("/tmp"), "str(value), or the file itself"), (io.BytesIO(b"a"), "its content"),
        ((n for n in [1]), "list(value)"), ({1: 2}.keys(), "list(value)"), (len, "@client.remote"),
        (lambda: 1, "@client.remote"), (types.MappingProxyType({}), "dict(value)"),
        (threading.Lock(), "plain data"), (object(), "plain data"), (NotImplemented, "plain data"),
        (NOON.replace(tzinfo=Zone()), "in UTC"),
        (np.array([object()]), "value.tolist()"), (np.ma.array([1], mask=[1]), "value.tolist()"),
        (np.longdouble(1), "value.item(), or float(value)"),
        (np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]), "value.tolist()"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_has_no_expression_is_refused_with_what_to_send(value, instead):
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    with pytest.raises(TypeError) as caught:
        Client("http://127.0.0.1:9").prepare("code", rows=[{"c": value}])
    text = str(caught.value)
    assert text.startswith(f"the argument rows[0]['c'] is a {kind}, which cannot be sent; send ")
    assert instead in text


def test_pandas_and_others_are_refused_with_what_to_send():
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Model", x=(int, ...))(x=1)
    for value, instead in [
        (pd.DataFrame({"a": [1]}), "value.to_dict('records')"), (pd.Series([1]), "value.tolist()"),
        (pd.Timestamp(0), "value.to_pydatetime()"), (pl.DataFrame({"a": [1]}), "value.to_dicts()"),
        (pl.Series([1]), "value.to_list()"), (model, "value.model_dump()"),
        (pd.Timedelta(1), "value.to_pytimedelta()"), (pd.Index([1]), "value.tolist()"),
    ]:  # fmt: skip
        with pytest.raises(TypeError) as caught:
            literal(value)
        assert instead in str(caught.value)


SCALARS = [np.bool_(True), np.int8(-1), np.uint64(2**64 - 1), np.float16(0.1), np.float32(0.1),
           np.float64("nan"), np.complex128(1 + 2j), np.str_("a'\n"),
           np.bytes_(b"a\0b")]  # fmt: skip
ARRAYS = [np.arange(6).reshape(2, 3), np.zeros((0, 3)), np.array(1.5), np.array([True, False]),
          np.array(["a", "üb"]), np.array([b"a"]), np.array(["2026-01-02", "NaT"], "M8[ns]"),
          np.array([5], "m8[s]"), np.arange(6.0).reshape(2, 3).T, np.array([1], ">i4"),
          np.array([1j]), np.random.default_rng(1).random((100, 100)).astype("f4")]  # fmt: skip


def test_numpys_scalars_arrive_as_pythons_and_its_arrays_as_arrays(server):
    client = Client(server)
    code = "def run(v): return [type(v).__name__, repr(v)]"
    for value in SCALARS:
        assert client(code, v=value) == [type(value.item()).__name__, repr(value.item())]
    code = "def run(v): return [str(v.dtype), list(v.shape), v.tobytes().hex(), v.flags.writeable]"
    for value in ARRAYS:
        got = client(code, v=value)
        assert got == [str(value.dtype), list(value.shape), value.tobytes().hex(), True]
    for value in [
        np.datetime64("2026-01-02T03:04:05"),
        np.timedelta64(7, "h"),
        np.datetime64("NaT", "s"),
    ]:
        assert client("def run(v): return [repr(v)]", v=value) == [repr(value)]

    @client.remote
    def scalar():
        import numpy

        return [numpy.float32(0.5), {"n": numpy.int64(3)}, numpy.bool_(True)]

    assert same(scalar(), [0.5, {"n": 3}, True])


def test_integers_of_any_size_come_back(server):
    digits = "7" + "1" * 9_999
    code = f"def run(): return b'[-{digits}, 1]', {{'Content-Type': 'application/json'}}"
    got = Client(server)(code)
    assert got == [-integer(digits), 1]
    assert got[0] % 10**9 == -integer(digits) % 10**9 or got[0] % 10 == 9


TEN = """
import sys
from owt.client import Client
client = Client(sys.argv[1])
code = "def run(v): return [len(v), v[0], v[-1]]"
assert client(code, v=b"ab") == [2, 97, 98]
value = bytes(range(256)) * 40_000
before = most()
assert client(code, v=value) == [10_240_000, 0, 255]
more = most() - before
assert more < 60 << 10, f"{more >> 10} MB more"
"""


def test_ten_megabytes_of_bytes_as_an_argument_take_little_memory(server):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    subprocess.run(
        [sys.executable, "-c", MOST + TEN, server], check=True, timeout=120, env=environment
    )
