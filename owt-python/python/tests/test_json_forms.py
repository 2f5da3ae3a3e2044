"""The table of JSON forms: what each type is in JSON, alone, in a dict and in a list."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import importlib
import json
import math
import pathlib
import re
import sqlite3
import typing
import uuid
import zoneinfo

import pytest

from owt._errors import Unrenderable
from owt._json import encode
from owt.forms import web
from owt.responses import WHOLE, respond

INF = math.inf
STANDARD = [
    "array",
    "calendar",
    "collections",
    "decimal",
    "fractions",
    "ipaddress",
    "re",
    "string",
    "sys",
    "types",
]
LIBRARIES = {
    "np": "numpy",
    "pd": "pandas",
    "pl": "polars",
    "pydantic": "pydantic",
    "attrs": "attrs",
    "httpx": "httpx",
    "requests": "requests",
}


class No(str):
    """What the refusal must say."""


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Name(enum.StrEnum):
    ANN = "ann"


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2


class Bits(enum.Flag):
    A = 1
    B = 2


class Held(enum.Enum):
    BYTES = b"x"


@dataclasses.dataclass
class Point:
    x: typing.Any
    y: typing.Any = None


@dataclasses.dataclass(slots=True)
class Unset:
    x: int = dataclasses.field(init=False)


Pair = collections.namedtuple("Pair", "left right")


class Typed(typing.NamedTuple):
    n: int
    at: datetime.date


class Film(typing.TypedDict):
    title: str


class Opaque:
    def __init__(self):
        self.password = "p"


class Text(str):
    def __str__(self):
        return "another"


class Whole(int):
    pass


class Real(float):
    pass


class Fault(ValueError):
    pass


def looped():
    value: dict = {}
    value["again"] = [value]
    return value


def row(query):
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    return connection.execute(query).fetchone()


def generate():
    yield 1


async def wait():
    return 1


async def flow():
    yield 1


def closed(value):
    """A coroutine that nobody awaits, without the warning."""
    value.close()
    return value


LOCAL_MEAN = datetime.timezone(datetime.timedelta(minutes=53, seconds=28))
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin") if zoneinfo.available_timezones() else None

# Python's own
PYTHON = [
    ("None", None),
    ("True", True),
    ("12", 12),
    ("2**53 + 1", 2**53 + 1),
    ("10**30", 10**30),
    ("0.1 + 0.2", 0.30000000000000004),
    ("1e-15", 1e-15),
    ("5e-324", 5e-324),
    ("-0.0", -0.0),
    ("math.nan", None),
    ("INF", None),
    ("-INF", None),
    ("'häßlich 🦀'", "häßlich 🦀"),
    ("'\\ud800'", "\ud800"),
    ("'\\udcff'", "\udcff"),
    ("'\\x00'", "\0"),
    ("Text('own')", "own"),
    ("Whole(3)", 3),
    ("Real(1.5)", 1.5),
    ("Real(math.nan)", None),
    ("1j", No("a complex")),
    ("b'ab'", No("a bytes (encode it first, with base64")),
    ("bytearray(b'ab')", No("a bytearray")),
    ("memoryview(b'ab')", No("a memoryview")),
    ("[1, [2.5, None], (3,)]", [1, [2.5, None], [3]]),
    ("()", []),
    ("range(3)", [0, 1, 2]),
    ("{'b': 1, 'a': {}}", {"b": 1, "a": {}}),
    ("{3, 1, 2}", [1, 2, 3]),
    ("frozenset({'b', 'a'})", ["a", "b"]),
    ("{2.5, 1, True}", [1, 2.5]),
    ("{'a', 1, None, (1, 2)}", ["a", 1, [1, 2], None]),
    ("{frozenset({2}), frozenset({1, 3}), frozenset({1})}", [[1, 3], [1], [2]]),
    ("set(Colour)", ["red"]),
    ("{'a': 1}.keys()", ["a"]),
    ("{'a': 1}.values()", [1]),
    ("{'a': 1}.items()", [["a", 1]]),
    ("collections.deque([1, 2], 2)", [1, 2]),
    ("collections.OrderedDict(b=1, a=2)", {"b": 1, "a": 2}),
    ("collections.defaultdict(int, a=1)", {"a": 1}),
    ("collections.Counter('aab')", {"a": 2, "b": 1}),
    ("collections.ChainMap({'a': 1}, {'a': 2, 'b': 3})", {"a": 1, "b": 3}),
    ("collections.UserDict(a=1)", {"a": 1}),
    ("collections.UserList([1])", [1]),
    ("collections.UserString('a')", "a"),
    ("types.MappingProxyType({'a': 1})", {"a": 1}),
    ("types.SimpleNamespace(a=1, b=[2])", {"a": 1, "b": [2]}),
    ("array.array('d', [0.5, math.nan])", [0.5, None]),
    ("array.array('i', [1, 2])", [1, 2]),
    ("Pair(1, Pair(2, None))", {"left": 1, "right": {"left": 2, "right": None}}),
    ("Typed(1, datetime.date(2024, 1, 2))", {"n": 1, "at": "2024-01-02"}),
    ("Film(title='M')", {"title": "M"}),
    ("Point(1, Point({2}))", {"x": 1, "y": {"x": [2], "y": None}}),
    ("Unset()", No("Unset whose x was not set")),
    ("Colour.RED", "red"),
    ("Level.LOW", 1),
    ("Name.ANN", "ann"),
    ("Access.READ | Access.WRITE", 3),
    ("Bits.A | Bits.B", 3),
    ("Held.BYTES", No("a bytes")),
    ("calendar.MONDAY", 0),
    ("datetime.date(2024, 2, 29)", "2024-02-29"),
    ("datetime.time(1, 2, 3, 4)", "01:02:03.000004"),
    ("datetime.datetime(2024, 1, 2)", "2024-01-02T00:00:00"),
    ("datetime.datetime(2024, 1, 2, 3, 4, 5, 6)", "2024-01-02T03:04:05.000006"),
    ("datetime.datetime(2024, 7, 1, tzinfo=BERLIN)", "2024-07-01T00:00:00+02:00"),
    ("datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)", "0001-01-01T00:00:00+00:00"),
    ("datetime.timedelta(seconds=1.5)", 1.5),
    ("datetime.timedelta(-1, 1, 1)", -86398.999999),
    ("datetime.timedelta(days=10**8)", 8.64e12),
    ("datetime.timedelta.max", No("more digits than a number has")),
    ("datetime.UTC", "UTC"),
    ("datetime.timezone(datetime.timedelta(hours=1))", "UTC+01:00"),
    ("BERLIN", "Europe/Berlin"),
    ("uuid.UUID(int=1)", "00000000-0000-0000-0000-000000000001"),
    ("decimal.Decimal('1.10')", "1.10"),
    ("decimal.Decimal('1E-30')", "1E-30"),
    ("decimal.Decimal('NaN')", None),
    ("decimal.Decimal('sNaN')", None),
    ("decimal.Decimal('-Infinity')", None),
    ("fractions.Fraction(1, 3)", "1/3"),
    ("pathlib.PurePosixPath('a/b')", "a/b"),
    ("ipaddress.ip_address('::1')", "::1"),
    ("ipaddress.ip_network('10.0.0.0/8')", "10.0.0.0/8"),
    ("ipaddress.ip_interface('10.0.0.1/8')", "10.0.0.1/8"),
    ("re.compile('a+b', re.I)", "a+b"),
    ("re.compile(b'a')", No("a bytes")),
    ("ValueError('bad')", {"type": "ValueError", "message": "bad"}),
    ("KeyError('k')", {"type": "KeyError", "message": "'k'"}),
    ("sqlite3.OperationalError('o')", {"type": "sqlite3.OperationalError", "message": "o"}),
    ("row(\"SELECT 1 AS n, 'x' AS t, NULL AS z\")", {"n": 1, "t": "x", "z": None}),
    ("row('SELECT 1 AS n, 2 AS n')", No("two columns 'n'")),
    ("row(\"SELECT x'ff' AS b\")", No("a bytes")),
    ("Opaque()", No("Opaque")),
    ("Opaque", No("the class Opaque itself")),
    ("object()", No("an object")),
    ("len", No("it was not called")),
    ("lambda: 1", No("it was not called")),
    ("sys", No("a module")),
    ("string.Template('a')", No("a string.Template")),
    ("generate()", No("a generator (make a list of it first)")),
    ("map(str, [1])", No("a map (make a list of it first)")),
    ("iter([1])", No("make a list of it first")),
    ("closed(wait())", No("a coroutine (await it first)")),
    ("flow()", No("an async_generator (collect it into a list first)")),
    ("open(__file__)", No("read it first")),
    ("looped()", No("does it contain itself?")),
    ("{True: 1, None: 2, 1.5: 3, 2: 4}", {"true": 1, "null": 2, "1.5": 3, "2": 4}),
    ("{datetime.date(2024, 1, 1): 1}", {"2024-01-01": 1}),
    ("{uuid.UUID(int=1): 1, Colour.RED: 2}", {str(uuid.UUID(int=1)): 1, "red": 2}),
    ("{datetime.timedelta(seconds=1): 1}", {"1.0": 1}),
    ("{1: 'a', '1': 'b'}", No("the keys 1 and '1', which would both be \"1\"")),
    ("{True: 1, 'true': 2}", No("the keys True and 'true'")),
    ("{None: 1, 'null': 2}", No("the keys None and 'null'")),
    ("{datetime.date(2024, 1, 1): 1, '2024-01-01': 2}", No('"2024-01-01"')),
    ("{Colour.RED: 1, 'red': 2}", No('"red"')),
    ("{math.nan: 1}", No("a float that is no number or moment (nan) as a key")),
    ("{INF: 1}", No("(inf) as a key")),
    ("{(1, 2): 3}", No("a tuple as a key")),
    ("{frozenset(): 3}", No("a frozenset as a key")),
    ("{b'a': 3}", No("a bytes")),
]

NUMPY = [
    ("np.bool_(True)", True),
    ("np.int8(-1)", -1),
    ("np.uint64(2**64 - 1)", 2**64 - 1),
    ("np.float16(0.1)", 0.0999755859375),
    ("np.float32(0.1)", 0.10000000149011612),
    ("np.float32('nan')", None),
    ("np.float64(0.12345678901234568)", 0.12345678901234568),
    ("np.float64('inf')", None),
    ("np.longdouble(1)", No("a numpy.longdouble")),
    ("np.complex64(1)", No("a numpy.complex64")),
    ("np.complex128(1)", No("a numpy.complex128")),
    ("np.str_('a')", "a"),
    ("np.bytes_(b'a')", No("a numpy.bytes_")),
    ("np.void(b'ab')", No("a numpy.void")),
    ("np.datetime64('2024', 'Y')", "2024-01-01"),
    ("np.datetime64('2024-02', 'M')", "2024-02-01"),
    ("np.datetime64('2024-01-04', 'W')", "2024-01-04"),
    ("np.datetime64('2024-01-02')", "2024-01-02"),
    ("np.datetime64('2024-01-02T03', 'h')", "2024-01-02T03:00:00"),
    ("np.datetime64('2024-01-02T03:04', 'm')", "2024-01-02T03:04:00"),
    ("np.datetime64('2024-01-02T03:04:05', 's')", "2024-01-02T03:04:05"),
    ("np.datetime64('2024-01-02T03:04:05.5', 'ms')", "2024-01-02T03:04:05.500000"),
    ("np.datetime64('2024-01-02T03:04:05.000001', 'us')", "2024-01-02T03:04:05.000001"),
    ("np.datetime64('2024-01-02', 'ns')", "2024-01-02T00:00:00"),
    ("np.datetime64('2024-01-02T03:04:05.123456789', 'ns')", "2024-01-02T03:04:05.123456789"),
    (
        "np.datetime64('1970-01-01T00:00:00.1234567890123', 'ps')",
        "1970-01-01T00:00:00.123456789012",
    ),
    ("np.datetime64(1, 'as')", "1970-01-01T00:00:00.000000000000000001"),
    ("np.datetime64('12024-01-01', 's')", "12024-01-01T00:00:00"),
    ("np.datetime64(5, '25s')", "1970-01-01T00:02:05"),
    ("np.datetime64('NaT')", None),
    ("np.datetime64('NaT', 'ns')", None),
    ("np.timedelta64(90, 's')", 90.0),
    ("np.timedelta64(2, 'W')", 1209600.0),
    ("np.timedelta64(1, 'D')", 86400.0),
    ("np.timedelta64(3, 'h')", 10800.0),
    ("np.timedelta64(1500, 'ms')", 1.5),
    ("np.timedelta64(1, 'ns')", 1e-9),
    ("np.timedelta64(-1, 'as')", -1e-18),
    ("np.timedelta64(3, '25s')", 75.0),
    ("np.timedelta64('NaT')", None),
    ("np.timedelta64(5)", No("a timedelta64, which is no number of seconds")),
    ("np.timedelta64(1, 'M')", No("a timedelta64[M]")),
    ("np.timedelta64(2**62 + 1, 'ns')", No("more digits than a number has")),
    ("np.array([0, 2**62], dtype='M8[h]')", No("datetime64[h] beyond what numpy can write")),
    ("np.array([2**62], dtype='M8[h]')", No("datetime64[h] beyond what numpy can write")),
    ("np.zeros(2, dtype='M8')", No("a datetime64 without a unit")),
    ("np.array([(2**62,)], dtype=[('at', 'M8[h]')])", No("[0].at")),
    ("np.array([[(0,), (5,)]], dtype=[('by', 'm8[M]')])", No("[0][0].by")),
    ("np.ma.masked", None),
    ("np.arange(4).reshape(2, 2)", [[0, 1], [2, 3]]),
    ("np.zeros((2, 0))", [[], []]),
    ("np.array(1.5)", 1.5),
    ("np.array([0.1, np.nan, np.inf])", [0.1, None, None]),
    ("np.array([0.1, np.nan], dtype='f4')", [0.10000000149011612, None]),
    ("np.array([True])", [True]),
    ("np.array(['a', 'ü'])", ["a", "ü"]),
    ("np.array(['2024-01-02', 'NaT'], dtype='M8[ns]')", ["2024-01-02T00:00:00", None]),
    (
        "np.array([['2024-01-02T00:00:00.5'], ['NaT']], dtype='M8[ms]')",
        [["2024-01-02T00:00:00.500000"], [None]],
    ),
    ("np.array([1500, 'NaT'], dtype='m8[ms]')", [1.5, None]),
    ("np.array(5, dtype='m8[ms]')", 0.005),
    (
        "np.array([(1, 'a', np.datetime64('2024-01-01'))],"
        " dtype=[('n', int), ('t', 'U1'), ('at', 'M8[D]')])",
        [{"n": 1, "t": "a", "at": "2024-01-01"}],
    ),
    ("np.array([(1, [2, 3])], dtype=[('n', int), ('v', int, (2,))])[0]", {"n": 1, "v": [2, 3]}),
    ("np.rec.array([(1, 2.5)], names='n,x')", [{"n": 1, "x": 2.5}]),
    ("np.array([((1,),)], dtype=[('a', [('b', int)])])", [{"a": {"b": 1}}]),
    ("np.array([(b'x',)], dtype=[('b', 'S1')])", No("a bytes")),
    ("np.ma.array([1, 2], mask=[0, 1])", [1, None]),
    ("np.ma.array([1.5, np.nan, 2], mask=[0, 0, 1])", [1.5, None, None]),
    ("np.ma.array(['2024', '2025'], dtype='M8[D]', mask=[0, 1])", ["2024-01-01", None]),
    ("np.ma.array([(1, 2)], dtype=[('a', int), ('b', int)], mask=[(0, 1)])", [{"a": 1, "b": None}]),
    (
        "np.ma.array([(1, 2)], dtype=[('a', int), ('b', int)], mask=[(0, 1)])[0]",
        {"a": 1, "b": None},
    ),
    ("np.array([1j])", No("a complex")),
    ("np.array([1], dtype='g')", No("a numpy.longdouble")),
    ("np.array([b'a'])", No("a bytes")),
    ("np.array([Point(1), None], dtype=object)", [{"x": 1, "y": None}, None]),
    ("np.array([Opaque()], dtype=object)", No("Opaque")),
    ("{np.int64(1): np.float32(2)}", {"1": 2.0}),
    ("{np.int64(1): 1, '1': 2}", No('"1"')),
    ("[np.int64(2), np.float64(0.5)]", [2, 0.5]),
    ("np.dtype('i4')", No("numpy.dtype")),
]

PANDAS = [
    ("pd.NA", None),
    ("pd.NaT", None),
    ("pd.Timestamp('2024-01-02')", "2024-01-02T00:00:00"),
    ("pd.Timestamp('2024-01-02T03:04:05.123456789')", "2024-01-02T03:04:05.123456789"),
    ("pd.Timestamp('2024-07-01', tz='Europe/Berlin')", "2024-07-01T00:00:00+02:00"),
    ("pd.Timedelta('1.5s')", 1.5),
    ("pd.Timedelta('1ns')", 1e-9),
    ("pd.Period('2024-01')", "2024-01"),
    ("pd.Period('2024Q1')", "2024Q1"),
    ("pd.Interval(0, 1)", "(0, 1]"),
    ("pd.Interval(0.1, 0.25, 'both')", "[0.1, 0.25]"),
    (
        "pd.Interval(pd.Timestamp('2024'), pd.Timestamp('2025'), 'left')",
        "[2024-01-01T00:00:00, 2025-01-01T00:00:00)",
    ),
    ("pd.offsets.MonthEnd()", No("MonthEnd")),
    ("pd.Categorical(['b', None, 'a'])", ["b", None, "a"]),
    ("pd.array([1, None])", [1, None]),
    ("pd.array([1.5, None], dtype='Float64')", [1.5, None]),
    ("pd.Series([1, None], dtype='Int64')", [1, None]),
    ("pd.Series([True, None], dtype='boolean')", [True, None]),
    ("pd.Series(['a', None], dtype='string')", ["a", None]),
    ("pd.Series(['a', None])", ["a", None]),
    ("pd.Series([0.12345678901234568, 1e-15, np.nan])", [0.12345678901234568, 1e-15, None]),
    ("pd.Series([2, 1, None], dtype='category')", [2, 1, None]),
    (
        "pd.Series(pd.to_datetime(['2024', None]), dtype='category')",
        ["2024-01-01T00:00:00", None],
    ),
    ("pd.Series(pd.arrays.SparseArray([0, 0, 1]))", [0, 0, 1]),
    ("pd.Series(pd.period_range('2024-01', periods=2, freq='M'))", ["2024-01", "2024-02"]),
    ("pd.Series(pd.interval_range(0, 2))", ["(0, 1]", "(1, 2]"]),
    ("pd.Series(pd.to_timedelta(['1.5s', None]))", [1.5, None]),
    (
        "pd.Series(pd.to_datetime(['2024-01-02T03:04:05.123456789', None]))",
        ["2024-01-02T03:04:05.123456789", None],
    ),
    (
        "pd.Series(pd.to_datetime(['2024-01-01', '2024-07-01']).tz_localize('Europe/Berlin'))",
        ["2024-01-01T00:00:00+01:00", "2024-07-01T00:00:00+02:00"],
    ),
    (
        "pd.Series(pd.DatetimeIndex(['1890-07-01', None]).tz_localize(LOCAL_MEAN))",
        ["1890-07-01T00:00:00+00:53:28", None],
    ),
    (
        "pd.Series([uuid.UUID(int=1), Colour.RED, datetime.date(2024, 1, 1), {1}, None])",
        [str(uuid.UUID(int=1)), "red", "2024-01-01", [1], None],
    ),
    ("pd.Series([b'a'])", No("a bytes")),
    ("pd.Series([1j])", No("a complex")),
    ("pd.Series([1, 2], index=['Bonn', 'Ulm'])", {"Bonn": 1, "Ulm": 2}),
    ("pd.Series([1, 2], index=pd.Index([3, 4], name='id'))", {"3": 1, "4": 2}),
    ("pd.Series([1, 2, 3])[1:]", {"1": 2, "2": 3}),
    ("pd.Series([1], index=pd.to_datetime(['2024']))", {"2024-01-01T00:00:00": 1}),
    (
        "pd.Series([1, 2], index=pd.Index(['a', 'a'], name='k'), name='v')",
        [{"k": "a", "v": 1}, {"k": "a", "v": 2}],
    ),
    ("pd.Series([1, 2], index=['a', None])", [{"index": "a", "0": 1}, {"index": None, "0": 2}]),
    (
        "pd.Series([1, 2], index=pd.Index([1, '1'], dtype=object))",
        [{"index": 1, "0": 1}, {"index": "1", "0": 2}],
    ),
    (
        "pd.Series([5], index=pd.MultiIndex.from_tuples([('a', 1)], names=['k', None]), name='v')",
        [{"k": "a", "level_1": 1, "v": 5}],
    ),
    ("pd.Series([], dtype=float)", []),
    ("pd.Series([], dtype=float, index=pd.Index([], name='k'))", {}),
    ("pd.Index(['a', 'b'], name='k')", ["a", "b"]),
    ("pd.RangeIndex(2)", [0, 1]),
    ("pd.to_datetime(['2024']).tz_localize('UTC')", ["2024-01-01T00:00:00+00:00"]),
    ("pd.MultiIndex.from_tuples([('a', 1), ('b', 2)])", [["a", 1], ["b", 2]]),
    ("pd.interval_range(0, 1)", ["(0, 1]"]),
    ("pd.DataFrame({'a': [1, 2], 'b': ['x', None]})", [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
    ("pd.DataFrame()", []),
    ("pd.DataFrame(index=range(2))", [{}, {}]),
    ("pd.DataFrame({'n': [1]}, index=pd.Index(['Ulm'], name='city'))", [{"city": "Ulm", "n": 1}]),
    ("pd.DataFrame({'n': [1]}, index=['x'])", [{"index": "x", "n": 1}]),
    ("pd.DataFrame({'n': [1, 2]}).iloc[1:]", [{"index": 1, "n": 2}]),
    ("pd.DataFrame({'n': [1, 2]}, index=pd.array([0, 1], dtype='Int64'))", [{"n": 1}, {"n": 2}]),
    (
        "pd.DataFrame({'n': [1, 2]}, index=pd.array([0, None], dtype='Int64'))",
        [{"index": 0, "n": 1}, {"index": None, "n": 2}],
    ),
    ("pd.DataFrame({'n': [1]}, index=[False])", [{"index": False, "n": 1}]),
    (
        "pd.DataFrame({'n': [1]}, index=pd.MultiIndex.from_tuples([('a', 2)]))",
        [{"level_0": "a", "level_1": 2, "n": 1}],
    ),
    (
        "pd.DataFrame({'k': ['a', 'a'], 'n': [1, 2]}).groupby('k').agg({'n': ['min', 'max']})",
        [{"k": "a", "n": {"min": 1, "max": 2}}],
    ),
    (
        "pd.DataFrame({'k': ['a'], 'n': [1]}).groupby('k').agg({'n': ['min']}).reset_index()",
        [{"k": "a", "n": {"min": 1}}],
    ),
    ("pd.DataFrame([[1, 2]], columns=[1.5, 2.5])", [{"1.5": 1, "2.5": 2}]),
    ("pd.DataFrame([[1]], columns=pd.to_datetime(['2024']))", [{"2024-01-01T00:00:00": 1}]),
    ("pd.DataFrame([[1, 2]], columns=['a', 'a'])", No('2 columns whose name in JSON is "a"')),
    ("pd.DataFrame([[1, 2]], columns=[1, '1'])", No('2 columns whose name in JSON is "1"')),
    ("pd.DataFrame({'index': [1]}, index=['x'])", No('2 columns whose name in JSON is "index"')),
    ("pd.DataFrame({'k': [1]}, index=pd.Index([2], name='k'))", No('"k"')),
    ("pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([('a', 'b')] * 2))", No('"a.b"')),
    ("pd.DataFrame([[1]], columns=pd.Index([None], dtype=object))", [{"null": 1}]),
    ("pd.DataFrame([[1]], columns=[np.nan])", No("(nan) as a key")),
    ("pd.DataFrame({'c': [b'ab']})", No("a bytes")),
    ("pd.DataFrame({'c': [Opaque()]})", No("Opaque")),
    ("pd.DataFrame({'a': [1]}).groupby('a')", No("DataFrameGroupBy")),
]

POLARS = [
    ("pl.Series([1, None])", [1, None]),
    ("pl.Series([0.12345678901234568, float('nan'), None])", [0.12345678901234568, None, None]),
    ("pl.Series([2**64 - 1])", [2**64 - 1]),
    ("pl.Series(['a', None], dtype=pl.Categorical)", ["a", None]),
    ("pl.Series(['a'], dtype=pl.Enum(['a']))", ["a"]),
    ("pl.Series([decimal.Decimal('1.10')])", ["1.10"]),
    ("pl.Series([datetime.date(2024, 1, 1), None])", ["2024-01-01", None]),
    ("pl.Series([datetime.time(1, 2, 3, 4), None])", ["01:02:03.000004", None]),
    ("pl.Series([3723000000001]).cast(pl.Time)", ["01:02:03.000000001"]),
    ("pl.Series([1]).cast(pl.Datetime('ns'))", ["1970-01-01T00:00:00.000000001"]),
    ("pl.Series([500]).cast(pl.Datetime('ms'))", ["1970-01-01T00:00:00.500000"]),
    ("pl.Series([0, None]).cast(pl.Datetime('us'))", ["1970-01-01T00:00:00", None]),
    (
        "pl.Series([0, None]).cast(pl.Datetime('us', 'Europe/Berlin'))",
        ["1970-01-01T01:00:00+01:00", None],
    ),
    ("pl.Series([1500, None]).cast(pl.Duration('ms'))", [1.5, None]),
    ("pl.Series([1]).cast(pl.Duration('ns'))", [1e-9]),
    ("pl.Series([2**62 + 1]).cast(pl.Duration('ns'))", No("more digits than a number has")),
    ("pl.Series([[1, 2], [], None])", [[1, 2], [], None]),
    ("pl.Series([[[1.5]], [[], None]])", [[[1.5]], [[], None]]),
    (
        "pl.Series([[1, None], [], None, [2]]).cast(pl.List(pl.Duration('ns')))",
        [[1e-9, None], [], None, [2e-9]],
    ),
    (
        "pl.Series([[1, 2]], dtype=pl.Array(pl.Int64, 2)).cast(pl.Array(pl.Duration('ms'), 2))",
        [[0.001, 0.002]],
    ),
    ("pl.Series([{'a': 1, 'b': 'x'}, None])", [{"a": 1, "b": "x"}, None]),
    (
        "pl.Series([{'a': datetime.timedelta(1), 'b': [datetime.date(2024, 1, 1)]}, None])",
        [{"a": 86400.0, "b": ["2024-01-01"]}, None],
    ),
    ("pl.Series([b'a'])", No("a bytes")),
    ("pl.Series([uuid.UUID(int=1)], dtype=pl.Object)", [str(uuid.UUID(int=1))]),
    ("pl.Series([Opaque()], dtype=pl.Object)", No("Opaque")),
    ("pl.Series([None])", [None]),
    ("pl.DataFrame({'a': [1, 2], 'b': ['x', None]})", [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
    ("pl.DataFrame({'a': [1]}).lazy()", [{"a": 1}]),
    ("pl.DataFrame()", []),
    ("pl.DataFrame({'c': [b'a']})", No("a bytes")),
    ("pl.col('a')", No("Expr")),
]

PYDANTIC = [
    ("model(v=(float, 1.5))", {"v": 1.5}),
    ("model(v=(Any, np.float32(1)))", {"v": 1.0}),
    ("model(v=(Any, np.arange(2)))", {"v": [0, 1]}),
    ("model(v=(Any, np.datetime64('2024-01-01', 'ns')))", {"v": "2024-01-01T00:00:00"}),
    ("model(v=(dict, {'a': [np.int64(1)]}))", {"v": {"a": [1]}}),
    ("model(v=(Any, pd.DataFrame({'a': [1]})))", {"v": [{"a": 1}]}),
    ("model(v=(Any, pd.NA))", {"v": None}),
    ("model(v=(float, math.nan))", {"v": None}),
    (
        "model(v=(Any, [pd.Timestamp('2024-01-02T03:04:05.123456789')]))",
        {"v": ["2024-01-02T03:04:05.123456789"]},
    ),
    ("model(v=(Any, pd.NaT))", No("NaTType")),
    ("model(v=(dict, {1: 'a', '1': 'b'}))", No("the keys 1 and '1'")),
    ("model(v=(dict[int, float], {1: 2.5, 3: math.inf}))", {"v": {"1": 2.5, "3": None}}),
    ("model(v=(set[int], {1}), w=(tuple[int, str], (1, 'a')))", {"v": [1], "w": [1, "a"]}),
    ("model(v=(Any, model(w=(Any, Colour.RED))))", {"v": {"w": "red"}}),
    ("model(v=(Point, Point(np.int8(1))))", {"v": {"x": 1, "y": None}}),
    ("model(v=(datetime.timedelta, datetime.timedelta(seconds=1.5)))", {"v": "PT1.5S"}),
    ("model(v=(decimal.Decimal, decimal.Decimal('1.10')))", {"v": "1.10"}),
    ("model(v=(pydantic.SecretStr, 'secret'))", {"v": "**********"}),
    ("model(v=(pydantic.HttpUrl, 'http://a.b/'))", {"v": "http://a.b/"}),
    ("model(v=(bytes, b'ab'))", {"v": "ab"}),
    ("model(v=(bytes, b'\\xff'))", No("a bytes (encode it first")),
    ("model(v=(Any, Opaque()))", No("Opaque")),
    ("model(v=(Any, np.longdouble(1)))", No("a numpy.longdouble")),
    ("model(a=(Any, 1), v=(Any, model(w=(list, [1, Opaque()]))))", No("Opaque")),
    ("aliased()", {"the-name": 1, "twice": 2}),
    ("failing()", No("RuntimeError: bad")),
    ("pydantic.RootModel[list[int]]([1])", [1]),
    ("pydantic.SecretStr('secret')", "**********"),
    ("pydantic.HttpUrl('http://a.b/')", "http://a.b/"),
    ("dataclass_of_pydantic()", {"x": "**********", "y": 1}),
]

OTHERS = [
    ("attrs.make_class('A', ['x', 'y'])(1, {2})", {"x": 1, "y": [2]}),
    ("httpx.Response(200, json={'a': 1})", No("httpx.Response (give what it holds: .content, ")),
    ("response_of_requests()", No("requests.models.Response (give what it holds: .content, ")),
    ("httpx.URL('http://a')", "http://a"),
]


def model(**fields):
    import pydantic

    config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    made = {name: (kind, ...) for name, (kind, _) in fields.items()}
    return pydantic.create_model("M", __config__=config, **made)(
        **{name: value for name, (_, value) in fields.items()}
    )


def aliased():
    import pydantic

    class Aliased(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(serialize_by_alias=True)
        name: int = pydantic.Field(1, serialization_alias="the-name")
        left_out: int = pydantic.Field(1, exclude=True)

        @pydantic.computed_field
        @property
        def twice(self) -> int:
            return 2

    return Aliased()


def failing():
    import pydantic

    class Failing(pydantic.BaseModel):
        name: int = 1

        @pydantic.field_serializer("name")
        def write(self, value):
            raise RuntimeError("bad")

    return Failing()


def dataclass_of_pydantic():
    import numpy
    import pydantic.dataclasses

    @pydantic.dataclasses.dataclass
    class Made:
        x: pydantic.SecretStr
        y: typing.Any

    return Made("secret", numpy.int64(1))


def response_of_requests():
    import requests

    made = requests.Response()
    made.status_code = 200
    made._content = b"content"
    return made


def cases():
    for rows in (PYTHON, NUMPY, PANDAS, POLARS, PYDANTIC, OTHERS):
        yield from (pytest.param(*row, id=row[0]) for row in rows)


def made(expression):
    """The value, in a place where its libraries have their usual names; skips without them."""
    names = dict(globals(), Any=typing.Any)
    names.update((name, importlib.import_module(name)) for name in STANDARD)
    for name, library in LIBRARIES.items():
        if re.search(rf"\b{name}\b", expression):
            names[name] = pytest.importorskip(library)
    if "pydantic" not in names and re.search(r"\b(model|aliased|failing|dataclass_of)", expression):
        pytest.importorskip("pydantic")
    return eval(expression, names)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("expression", "expected"), cases())
def test_alone_in_a_dict_and_in_a_list(expression, expected):
    for wrap, place in [
        (lambda value: value, ""),
        (lambda value: {"v": value}, "v"),
        (lambda value: [0, value], "[1]"),
        (lambda value: Point(x=[value]), "x[0]"),
    ]:
        if isinstance(expected, No):
            with pytest.raises(Unrenderable, match=re.escape(expected)) as refused:
                encode(wrap(made(expression)))
            assert not place or f" at {place}" in refused.value.detail, refused.value.detail
        else:
            held = wrap(expected)
            held = dataclasses.asdict(held) if isinstance(held, Point) else held
            # As text: there 1 is not True, and -0.0 is not 0.0.
            assert json.dumps(json.loads(encode(wrap(made(expression))))) == json.dumps(held)


# What has a form of its own alone: text, numbers, bytes, files and streams.
OWN = (str, int, float, complex, bytes, bytearray, memoryview, pathlib.PurePath, type(None))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("expression", "expected"), cases())
def test_an_answer_is_the_same_json(expression, expected):
    value = made(expression)
    if isinstance(value, OWN) or hasattr(type(value), "item") or hasattr(value, "read1"):
        return
    if hasattr(type(value), "__next__") or hasattr(type(value), "__anext__"):
        return
    if web.take(value) is not None:  # a response is the answer, and no value
        return
    if isinstance(expected, No):
        if isinstance(value, (typing.Awaitable, typing.TextIO)) or hasattr(value, "_repr_html_"):
            return
        with pytest.raises(Unrenderable):
            respond(value, "application/json")
        return
    kind, status, headers, payload = respond(value, "application/json")
    told = [pair for pair in headers if pair[0] != "X-Owt-Forms"]
    assert (kind, status, told) == (WHOLE, 200, [("Content-Type", "application/json")])
    assert payload == encode(value).encode()


def test_the_table_is_long_enough():
    assert len(list(cases())) > 300
