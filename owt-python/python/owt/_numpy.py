"""What numpy makes, as plain values: arrays as lists of their rows, records as objects."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from ._json import plain
from ._numbers import Numbers
from ._rows import in_column, move_row, records
from ._times import EXACT, seconds, trimmed
from ._unknown import Unknown, unknown
from ._words import with_article

# Each unit of a timedelta64 in seconds: times the first, by the second.
_SECONDS = {
    "W": (604_800, 1),
    "D": (86_400, 1),
    "h": (3600, 1),
    "m": (60, 1),
    "s": (1, 1),
    "ms": (1, 10**3),
    "us": (1, 10**6),
    "ns": (1, 10**9),
    "ps": (1, 10**12),
    "fs": (1, 10**15),
    "as": (1, 10**18),
}
# Days and longer are dates; hours and minutes are written with their seconds.
_WRITTEN = {"Y": "D", "M": "D", "W": "D", "h": "s", "m": "s"}


def array(value: Any, depth: int = 0) -> Any:
    """An array of any shape and type of numpy's."""
    value = _numpy().asarray(value)
    kind = value.dtype.kind
    if kind in "biuf" and value.dtype.char != "g" and value.ndim and value.size:
        return Numbers(value)
    if kind in "biuU":
        return value.tolist()
    if kind == "f" and value.dtype.char != "g":
        return _floats(value, ~_numpy().isfinite(value))
    if kind == "M":
        return _moments(value)
    if kind == "m":
        return _lengths(value)
    if value.dtype.names is not None:
        return _records(value, depth)
    # Objects, and what is refused: bytes, complex numbers, long doubles. Each names its place.
    return plain(value.tolist(), depth)


def _masked(value: Any, depth: int) -> Any:
    """A masked array; what is masked is null."""
    if value.dtype.names is not None:
        return _records(_numpy().ma.asarray(value), depth)
    kind, data, mask = value.dtype.kind, value.data, _numpy().ma.getmaskarray(value)
    if kind == "f" and value.dtype.char != "g":
        return _floats(data, mask | ~_numpy().isfinite(data))
    if kind in "Mm":
        data = data.copy()
        data[mask] = "NaT"
        return array(data, depth)
    return plain(value.tolist(), depth)


def _scalar(value: Any, depth: int) -> Any:
    """One number, text or moment."""
    kind = value.dtype.kind
    if kind in "biuU":
        return value.item()
    if kind in "Mm" or value.dtype.names is not None:
        return array(value, depth)
    made = value.item()
    if isinstance(made, (_numpy().generic, bytes, complex)):
        raise unknown(value)
    return plain(made, depth)


FORMS: dict[str, Callable[[Any, int], Any]] = {
    "ndarray": array,
    "MaskedArray": _masked,
    "generic": _scalar,
}


def _numpy() -> Any:
    # It is there: a value of its own came in. Nothing is imported here.
    return sys.modules["numpy"]


def _floats(value: Any, absent: Any) -> Any:
    if not absent.any():
        return value.tolist()
    boxed = value.astype(object)
    boxed[absent] = None
    return boxed.tolist()


def _moments(value: Any) -> Any:
    unit, _ = _numpy().datetime_data(value.dtype)
    absent = _numpy().isnat(value)
    if unit == "generic" and not absent.all():
        raise _at_first(Unknown(f"{with_article(str(value.dtype))} without a unit"), ~absent)
    written = _converted(value, _WRITTEN.get(unit, "s" if unit == "generic" else unit))
    texts = _numpy().datetime_as_string(written).reshape(-1).tolist()
    if unit in ("ms", "us", "ns", "ps", "fs", "as"):
        texts = [trimmed(text) for text in texts]
    return _shaped(_without(texts, absent), value.shape)


def _converted(value: Any, unit: str) -> Any:
    """The moments in the unit they are written in; some are too far away to be in it."""
    try:
        written = value.astype(f"M8[{unit}]")
        lost = (written.astype(value.dtype) != value) & ~_numpy().isnat(value)
    except OverflowError:  # numpy 2.5; an older one gives another moment
        if value.shape:
            for place, moment in enumerate(value.reshape(-1)):
                try:
                    _converted(moment, unit)
                except Unknown as refused:
                    refused.inside(_place(place, value.shape))
                    raise
        raise Unknown(f"{with_article(str(value.dtype))} beyond what numpy can write") from None
    if lost.any():
        raise _at_first(
            Unknown(f"{with_article(str(value.dtype))} beyond what numpy can write"), lost
        )
    return written


def _lengths(value: Any) -> Any:
    unit, step = _numpy().datetime_data(value.dtype)
    absent = _numpy().isnat(value)
    if unit not in _SECONDS:
        if absent.all():
            return _shaped([None] * value.size, value.shape)
        raise _at_first(
            Unknown(f"{with_article(str(value.dtype))}, which is no number of seconds"), ~absent
        )
    times, per_second = _SECONDS[unit][0] * int(step), _SECONDS[unit][1]
    counts = value.astype("i8")
    counts[absent] = 0
    most = EXACT // times
    if ((counts >= -most) & (counts <= most)).all():
        made = (counts * times / per_second).reshape(-1).tolist()
    else:
        made = []
        for place, count in enumerate(counts.reshape(-1).tolist()):
            try:
                made.append(seconds(count, times, per_second))
            except Unknown as refused:
                refused.inside(_place(place, value.shape))
                raise
    return _shaped(_without(made, absent), value.shape)


def _records(value: Any, depth: int) -> Any:
    names, flat = value.dtype.names, value.reshape(-1)
    form = _masked if isinstance(value, _numpy().ma.MaskedArray) else array
    columns = []
    for name in names:
        try:
            columns.append(form(flat[name], depth + 1))
        except Unknown as refused:
            in_column(refused, name)
            move_row(refused, lambda row: _place(row, value.shape))
            raise
    rows = records([(name,) for name in names], columns, flat.size)
    return _shaped(rows, value.shape)


def _at_first(refused: Unknown, found: Any) -> Unknown:
    """The refusal, at the first place that was found."""
    refused.inside(_place(int(found.reshape(-1).argmax()), found.shape))
    return refused


def _place(flat: int, shape: tuple[int, ...]) -> str:
    return "".join(f"[{index}]" for index in _numpy().unravel_index(flat, shape)) if shape else ""


def _without(values: list[Any], absent: Any) -> list[Any]:
    for place in absent.reshape(-1).nonzero()[0].tolist():
        values[place] = None
    return values


def _shaped(flat: Sequence[Any], shape: Sequence[int]) -> Any:
    """A flat list as nested ones; the only value of an array without dimensions."""
    if len(shape) == 0:
        return flat[0]
    if 0 in shape:
        return _numpy().empty(shape).tolist()
    for size in reversed(shape[1:]):
        flat = [flat[start : start + size] for start in range(0, len(flat), size)]
    return flat
