"""What polars makes, as plain values: frames as records, moments with all their digits."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from . import _numpy
from ._rows import in_column, move_row, records
from ._times import seconds, trimmed
from ._unknown import Unknown

_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_NUMBERS = frozenset(
    (
        *("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"),
        *("Float32", "Float64"),
    )
)


def _lazy(frame: Any, depth: int) -> Any:
    return _frame(frame.collect(), depth)


def _frame(frame: Any, depth: int) -> Any:
    columns = [_column(series, series.name, depth) for series in frame.get_columns()]
    return records([(name,) for name in frame.columns], columns, frame.height)


def _series(series: Any, depth: int) -> Any:
    return _values(series, depth)


FORMS: dict[str, Callable[[Any, int], Any]] = {
    "LazyFrame": _lazy,
    "DataFrame": _frame,
    "Series": _series,
}


def _values(series: Any, depth: int) -> Any:
    """The values, where `to_list` would lose nanoseconds all at once and as text."""
    if _base(series.dtype) in _NUMBERS and series.null_count() == 0 and "numpy" in sys.modules:
        return _numpy.array(series.to_numpy())  # which is written from its memory
    if not _is_timed(series.dtype):
        return series.to_list()
    match _base(series.dtype):
        case "Date":
            return _texts(series, "%Y-%m-%d")
        case "Time":
            return _texts(series, "%H:%M:%S%.f")
        case "Datetime":
            return _moments(series)
        case "Duration":
            return _lengths(series)
        case "Array":
            return _lists(series.arr.to_list(), depth)
        case "List":
            return _lists(series, depth)
    return _structs(series, depth)


def _base(dtype: Any) -> str:
    return str(dtype.base_type().__name__)


def _is_timed(dtype: Any) -> bool:
    """Whether there are moments or lengths of time in this type, at any depth."""
    match _base(dtype):
        case "Date" | "Time" | "Datetime" | "Duration":
            return True
        case "Array" | "List":
            return _is_timed(dtype.inner)
        case "Struct":
            return any(_is_timed(field.dtype) for field in dtype.fields)
    return False


def _texts(series: Any, form: str) -> list[Any]:
    return [text and trimmed(text) for text in series.dt.to_string(form).to_list()]


def _moments(series: Any) -> list[Any]:
    local = _texts(series, "%Y-%m-%dT%H:%M:%S%.f")
    if series.dtype.time_zone is None:
        return local
    offsets = series.dt.to_string("%::z").to_list()
    return [
        moment if moment is None else moment + ahead.removesuffix(":00")
        for moment, ahead in zip(local, offsets, strict=True)
    ]


def _lengths(series: Any) -> list[Any]:
    per_second = _PER_SECOND[series.dtype.time_unit]
    made: list[Any] = []
    for place, ticks in enumerate(series.to_physical().to_list()):
        try:
            made.append(None if ticks is None else seconds(ticks, 1, per_second))
        except Unknown as refused:
            refused.inside(f"[{place}]")
            raise
    return made


def _lists(series: Any, depth: int) -> list[Any]:
    sizes = series.list.len().to_list()
    try:
        items = iter(_values(series.filter(series.list.len() > 0).explode(), depth + 1))
    except Unknown as refused:
        move_row(refused, lambda flat: _row_and_place(sizes, flat))
        raise
    return [size if size is None else [next(items) for _ in range(size)] for size in sizes]


def _structs(series: Any, depth: int) -> list[Any]:
    names = series.struct.fields
    columns = [_column(series.struct.field(name), name, depth) for name in names]
    rows = records([(name,) for name in names], columns, len(series))
    absent = series.is_null().to_list()
    return [None if none else row for row, none in zip(rows, absent, strict=True)]


def _column(series: Any, name: str, depth: int) -> Any:
    try:
        return _values(series, depth + 1)
    except Unknown as refused:
        in_column(refused, name)
        raise


def _row_and_place(sizes: list[int | None], flat: int) -> str:
    """Where the item of this number is, of all lists' items one after the other."""
    for row, size in enumerate(sizes):
        if flat < (size or 0):
            return f"[{row}][{flat}]"
        flat -= size or 0
    return f"[{flat}]"
