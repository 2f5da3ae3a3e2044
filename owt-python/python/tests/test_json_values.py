"""Ten thousand values: what their JSON says is what the type's own constructor gives back.

Or the value is refused, and then there is something in it to refuse and the place is named. The
values come from hypothesis and are the same in each run.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import uuid
import zoneinfo
from typing import Any

import pytest

from owt._errors import Unrenderable
from owt._json import encode

hypothesis = pytest.importorskip("hypothesis")
np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

from hypothesis import strategies as st  # noqa: E402


def values(count, strategy):
    """So many values of the strategy, the same in each run."""

    def decorate(test):
        settings = hypothesis.settings(
            max_examples=count,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        return settings(hypothesis.given(strategy)(test))

    return decorate


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


@dataclasses.dataclass(frozen=True)
class Point:
    x: Any
    y: Any


# What is refused wherever it is.
REFUSED = (bytes, complex, np.complexfloating, np.longdouble, np.bytes_)

ZONES = [datetime.UTC, datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))]
if "Europe/Berlin" in zoneinfo.available_timezones():
    ZONES.append(zoneinfo.ZoneInfo("Europe/Berlin"))

keys = st.text("abcdef", min_size=1, max_size=4)
times = st.one_of(
    st.datetimes(timezones=st.none() | st.sampled_from(ZONES)),
    st.dates(),
    st.times(),
    st.timedeltas(),
)
numbers = st.one_of(
    st.integers(), st.floats(), st.decimals(), st.fractions(), st.booleans(), st.none()
)
leaves = st.one_of(
    numbers, st.text(max_size=8), times, st.uuids(), st.sampled_from(Colour), numbers, times
)
hashed = st.one_of(st.integers(), st.floats(), st.decimals(allow_nan=False), st.booleans(), times)
some = st.integers(-(2**63) + 1, 2**63 - 1)
UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "25s", "generic"]
# Each type of numpy's, and what its values are made of.
makings = st.sampled_from(
    [
        *((f"f{size}", st.floats(width=8 * size)) for size in (2, 4, 8)),
        *((f"i{size}", st.integers(-(2 ** (8 * size - 1)), 127)) for size in (1, 2, 4, 8)),
        ("u8", st.integers(0, 2**64 - 1)),
        ("?", st.booleans()),
        ("U3", st.text("aü🦀", max_size=3)),
        ("S3", st.binary(max_size=3)),
        ("c16", st.complex_numbers()),
        ("g", st.floats()),
        *((f"M8[{unit}]", some | st.integers(-9, 9)) for unit in UNITS),
        *((f"m8[{unit}]", some | st.integers(-9, 9)) for unit in UNITS),
    ]
)


def made_of(dtype, values):
    if dtype[0] not in "Mm":
        return np.array(values, dtype=dtype)
    plain = dtype.replace("[generic]", "")
    made = np.array(values, dtype="i8").view(plain)
    made[made == made[:1]] = "NaT" if len(values) > 2 else made[:1]
    return made


@st.composite
def arrays(draw):
    dtype, values = draw(makings)
    size = draw(st.sampled_from([0, 1, 2, 4]))
    made = made_of(dtype, draw(st.lists(values, min_size=size, max_size=size)))
    match draw(st.integers(0, 4)):
        case 0 if size == 4:
            return made.reshape(2, 2)
        case 1 if size:
            return made[0]
        case 2:
            fields = np.zeros(size, dtype=[("n", made.dtype), ("m", "i4")])
            fields["n"] = made
            return fields
        case 3:
            return np.ma.array(made, mask=[place % 2 for place in range(size)])
    return made


def is_signaling(value):
    return isinstance(value, decimal.Decimal) and value.is_snan()


names = st.one_of(keys, st.integers(0, 3), st.sampled_from(["0", "1", "index"]))


@st.composite
def columns(draw, size):
    """What a column of a frame may be made of."""
    kind = draw(st.sampled_from(["float", "int", "time", "zone", "length", "text", "any", "Int64"]))
    several = lambda items: draw(st.lists(items, min_size=size, max_size=size))  # noqa: E731
    some = st.integers(-(2**52), 2**52)
    match kind:
        case "float":
            return pd.array(np.array(several(st.floats()), dtype="f8"))
        case "int":
            return np.array(several(st.integers(-(2**63), 2**63 - 1)), dtype="i8")
        case "time":
            return np.array(several(some), dtype=draw(st.sampled_from(["M8[ns]", "M8[ms]"])))
        case "zone":
            return pd.DatetimeIndex(np.array(several(some), dtype="M8[ns]"), tz="UTC").tz_convert(
                draw(st.sampled_from(ZONES))
            )
        case "length":
            return np.array(several(some), dtype=draw(st.sampled_from(["m8[ns]", "m8[s]"])))
        case "text":
            return several(st.text(max_size=4) | st.none())
        case "Int64":
            return pd.array(several(some | st.none()), dtype="Int64")
    # pandas asks each value whether it is missing, which a signaling NaN does not bear.
    return pd.Series(several(leaves.filter(lambda leaf: not is_signaling(leaf))), dtype=object)


@st.composite
def frames(draw):
    size = draw(st.integers(0, 3))
    labels = draw(st.lists(names, max_size=3))
    made = pd.DataFrame(index=pd.RangeIndex(size))
    for place, label in enumerate(labels):
        made.insert(place, label, draw(columns(size)), allow_duplicates=True)
    if draw(st.booleans()):
        made.index = pd.Index(draw(columns(size)), name=draw(st.none() | keys))
    return made


@st.composite
def series(draw):
    made = draw(frames())
    return made.iloc[:, 0] if made.shape[1] else made.index.to_series()


def nested(leaf):
    return st.recursive(
        leaf,
        lambda part: st.one_of(
            st.lists(part, max_size=3),
            st.dictionaries(keys, part, max_size=3),
            st.dictionaries(keys | hashed | st.none(), part, max_size=3),
            st.tuples(part, part),
            st.builds(Point, part, part),
        ),
        max_leaves=4,
    )


def key_of(key):
    """The text of a key, by the rules of the documentation; None if it is none."""
    if isinstance(key, enum.Enum):
        return key_of(key.value)
    if isinstance(key, str):
        return key
    try:
        found = json.loads(encode([key]))[0]
    except Unrenderable:
        return None
    if isinstance(found, (dict, list)) or (found is None and key is not None):
        return None
    return found if isinstance(found, str) else json.dumps(found)


def told(value, found):
    """Asserts that what JSON says is the value."""
    match value:
        case enum.Enum():
            told(value.value, found)
        case np.datetime64() | np.timedelta64():
            told_by_numpy(value, found)
        case None | bool() | np.bool_():
            assert found is (None if value is None else bool(value))
        case float() | np.floating():
            if math.isfinite(value):
                assert type(found) is float and type(value)(found) == value
                assert math.copysign(1, found) == math.copysign(1, value)
            else:
                assert found is None
        case str() | int() | np.integer():
            assert found == value and type(found) is (str if isinstance(value, str) else int)
        case _ if value is pd.NaT or value is pd.NA:
            assert found is None
        case pd.Timestamp() if not 0 < value.year < 10_000:
            told_by_numpy(value.to_datetime64(), found)  # pandas does not read what it writes
        case datetime.datetime():
            read = pd.Timestamp if isinstance(value, pd.Timestamp) else type(value).fromisoformat
            # Not compared as moments: in the hour that comes twice no two zones' are equal.
            assert read(found).replace(tzinfo=None) == value.replace(tzinfo=None)
            assert read(found).utcoffset() == value.utcoffset()
        case datetime.date() | datetime.time():
            assert type(value).fromisoformat(found) == value
        case pd.Timedelta():
            told_by_numpy(value.to_timedelta64(), found)
        case datetime.timedelta():
            assert datetime.timedelta(seconds=found) == value
        case decimal.Decimal():
            assert found is None or decimal.Decimal(found) == value
            assert (found is None) == (not value.is_finite())
        case fractions.Fraction() | uuid.UUID():
            assert type(value)(found) == value
        case Point():
            told({"x": value.x, "y": value.y}, found)
        case dict():
            assert list(found) == [key_of(key) for key in value]
            for item, said in zip(value.values(), found.values(), strict=True):
                told(item, said)
        case list() | tuple():
            assert type(found) is list
            for item, said in zip(value, found, strict=True):
                told(item, said)
        case np.ma.core.MaskedConstant():
            assert found is None
        case np.void():
            told({name: value[name] for name in value.dtype.names}, found)
        case np.ndarray():
            told(list(value) if value.ndim else value[()], found)
        case pd.DataFrame():
            told([dict(row) for row in rows_of(value)], found)
        case pd.Series():
            told_by_index(value, found)
        case _:
            raise AssertionError(f"no rule for {type(value)}")


def told_by_numpy(value, found):
    if np.isnat(value):
        assert found is None
        return
    unit, step = np.datetime_data(value.dtype)
    if isinstance(value, np.datetime64):
        assert np.datetime64(found, (unit, step)) == value
    else:
        second = fractions.Fraction(*PER_SECOND[unit])
        assert round(fractions.Fraction(found) * second / step) == value.astype("i8")


SMALL = ["s", "ms", "us", "ns", "ps", "fs", "as"]
PER_SECOND = {
    **{"W": (1, 604800), "D": (1, 86400), "h": (1, 3600), "m": (1, 60)},
    **{unit: (10 ** (3 * place), 1) for place, unit in enumerate(SMALL)},
}


def levels_of(index):
    """The index as columns: their names and values."""
    counted = index.dtype.kind in "iu" and not index.hasnans and list(index) == [*range(len(index))]
    if index.name is None and (counted or len(index) == 0):
        return []
    return [("index" if index.name is None else index.name, list(index))]


def rows_of(frame):
    """The rows as pairs of name and value: a dict would hide two of one name."""
    held = levels_of(frame.index)
    held += [(label, list(column)) for label, column in frame.items()]
    return [[(name, values[row]) for name, values in held] for row in range(len(frame))]


def told_by_index(value, found):
    held = levels_of(value.index)
    if not held:
        told(list(value), found)
        return
    texts = [None if pd.isna(key) else key_of(key) for key in held[0][1]]
    if None not in texts and len(set(texts)) == len(texts):
        told(dict(zip(texts, list(value), strict=True)), found)
    else:
        told(value.to_frame(), found)


def refusable(value):
    """Whether there is something in the value that JSON cannot say."""
    match value:
        case _ if isinstance(value, REFUSED):
            return True
        case np.timedelta64():
            unit, step = np.datetime_data(value.dtype)
            if np.isnat(value):
                return False
            return unit not in PER_SECOND or inexact(
                int(value.astype("i8")) * step / fractions.Fraction(*PER_SECOND[unit]),
                fractions.Fraction(*PER_SECOND[unit]) / step,
            )
        case np.datetime64():
            unit, _ = np.datetime_data(value.dtype)
            return not np.isnat(value) and (unit == "generic" or beyond(value, unit))
        case pd.Timedelta():
            return refusable(value.to_timedelta64())
        case np.ma.core.MaskedConstant():
            return False
        case datetime.timedelta():
            ticks = value // datetime.timedelta(microseconds=1)
            return inexact(fractions.Fraction(ticks, 10**6), 10**6)
        case Point():
            return refusable(value.x) or refusable(value.y)
        case dict():
            texts = [key_of(key) for key in value]
            return None in texts or len(set(texts)) < len(texts) or refusable(list(value.values()))
        case list() | tuple():
            return any(map(refusable, value))
        case np.void():
            return any(refusable(value[name]) for name in value.dtype.names)
        case np.ndarray():
            return refusable(list(value))
        case pd.DataFrame():
            labels = [name for name, _ in levels_of(value.index)] + list(value.columns)
            texts = [key_of(label) for label in labels]
            return len(set(texts)) < len(texts) or any(
                refusable([item for _, item in row]) for row in rows_of(value)
            )
        case pd.Series():
            return refusable(list(value)) or refusable(value.to_frame())
    return False


def inexact(seconds, per_second):
    made = float(seconds)
    return round(fractions.Fraction(made) * per_second) != seconds * per_second


def beyond(value, unit):
    """Whether numpy itself cannot convert the moment to the unit that it is written in."""
    written = {"Y": "D", "M": "D", "W": "D", "h": "s", "m": "s"}.get(unit, unit)
    try:
        return value.astype(f"M8[{written}]").astype(value.dtype) != value
    except OverflowError:
        return True


def check(value):
    try:
        text = encode(value)
    except Unrenderable as refused:
        assert refusable(value), refused.detail
        assert refused.detail.startswith("the result has no JSON form: ")
        nested = isinstance(value, (dict, list, tuple, Point)) and refusable_inside(value)
        assert not nested or " at " in refused.detail, refused.detail
    else:
        told(value, json.loads(text))
        text.encode()


def refusable_inside(value):
    parts = value.values() if isinstance(value, dict) else value
    if isinstance(value, Point):
        parts = (value.x, value.y)
    own = isinstance(value, dict) and refusable(dict.fromkeys(value))
    return not own and any(map(refusable, parts))


@values(5500, nested(st.one_of(leaves, leaves, leaves, st.binary(max_size=2))))
def test_nested_values(value):
    check(value)


@values(3500, nested(arrays()) | arrays())
def test_numpy_in_anything(value):
    check(value)


@pytest.mark.filterwarnings("ignore")
@values(1000, st.one_of(frames(), series(), nested(frames() | series() | leaves)))
def test_pandas_in_anything(value):
    check(value)


def test_an_int_of_any_size_has_all_its_digits():
    long = 10**5000 + 7
    text = "1" + "0" * 4999 + "7"
    assert encode(long) == text
    assert encode([1, {"a": -long}]) == f'[1,{{"a":-{text}}}]'
    assert encode({long: "é"}) == f'{{"{text}":"é"}}'
