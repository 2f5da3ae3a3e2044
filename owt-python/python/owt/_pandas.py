"""What pandas makes, as plain values: frames as records, with the index where it says something."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from . import _numpy
from ._json import key, plain
from ._rows import in_column, records
from ._times import offset
from ._unknown import Unknown


def levels(index: Any) -> list[Any]:
    """The names that the index's levels have as columns; none for rows that are merely counted.

    An index says something when it has a name, several levels, or anything but 0, 1, 2 …
    A level without a name is `index`, or `level_0`, `level_1` … of several, as in `reset_index`.
    """
    if index.nlevels > 1:
        return [f"level_{at}" if name is None else name for at, name in enumerate(index.names)]
    if index.name is not None:
        return [index.name]
    return [] if _is_counted(index) else ["index"]


def _is_counted(index: Any) -> bool:
    # Not `equals`: to that an Int64 is no int64, and False is 0.
    if len(index) == 0:
        return True
    if index.dtype.kind not in "iu" or index.hasnans:
        return False
    return bool((index.to_numpy() == sys.modules["numpy"].arange(len(index))).all())


def _frame(frame: Any, depth: int) -> Any:
    paths = [(key(name),) for name in levels(frame.index)]
    columns = [_level(frame.index, at, name, depth) for at, (name,) in enumerate(paths)]
    labels = _paths(frame.columns)
    for path, (_, column) in zip(labels, frame.items(), strict=True):
        columns.append(_column(column, ".".join(path), depth))
    return records(paths + labels, columns, len(frame))


def _series(series: Any, depth: int) -> Any:
    names = levels(series.index)
    if not names:
        return _values(series, depth)
    if len(names) == 1:
        keys = _keys(_values(series.index, depth))
        if keys is not None:
            return dict(zip(keys, _values(series, depth), strict=True))
    return _frame(series.to_frame(), depth)


def _index(index: Any, depth: int) -> Any:
    if index.nlevels == 1:
        return _values(index, depth)
    columns = [_level(index, at, str(at), depth) for at in range(index.nlevels)]
    return [list(row) for row in zip(*columns, strict=True)]


def _array(array: Any, depth: int) -> Any:
    return _values(array, depth)


def _moment(value: Any, _: int) -> Any:
    return value.isoformat()


def _length(value: Any, depth: int) -> Any:
    return _numpy.array(value.to_timedelta64(), depth)


def _text(value: Any, _: int) -> Any:
    return str(value)


def _interval(value: Any, depth: int) -> Any:
    """An interval as it is written, its ends as they are in JSON: `(0, 1]`."""
    left, right = key(plain(value.left, depth)), key(plain(value.right, depth))
    opening = "[" if value.closed in ("left", "both") else "("
    return f"{opening}{left}, {right}{']' if value.closed in ('right', 'both') else ')'}"


def _absent(_: Any, __: int) -> Any:
    return None


FORMS: dict[str, Callable[[Any, int], Any]] = {
    "DataFrame": _frame,
    "Series": _series,
    "Index": _index,
    "ExtensionArray": _array,
    "Timestamp": _moment,
    "Timedelta": _length,
    "Period": _text,
    "Interval": _interval,
    "NaTType": _absent,
    "NAType": _absent,
}


def _pandas() -> Any:
    return sys.modules["pandas"]


def _level(index: Any, at: int, name: str, depth: int) -> Any:
    return _column(index.get_level_values(at), name, depth)


def _column(values: Any, name: str, depth: int) -> Any:
    try:
        return _values(values, depth + 1)
    except Unknown as refused:
        in_column(refused, name)
        raise


def _values(values: Any, depth: int) -> Any:
    """The values of a series, an index or an array, each kind all at once where it can be."""
    dtype = values.dtype
    match type(dtype).__name__:
        case "DatetimeTZDtype":
            return _zoned(values)
        case "CategoricalDtype":
            found = getattr(values, "array", values)
            categories = [*_values(found.categories, depth), None]  # code -1 is the last
            return [categories[code] for code in found.codes.tolist()]
        case "SparseDtype":
            return _numpy.array(values, depth)
    if isinstance(dtype, sys.modules["numpy"].dtype):
        return _numpy.array(values.to_numpy(), depth)
    return plain(values.to_numpy(dtype=object, na_value=None).tolist(), depth)


def _zoned(values: Any) -> list[str | None]:
    """Moments with their time zone: the local time and its offset."""
    moments = _pandas().DatetimeIndex(values)
    local = moments.tz_localize(None)
    ahead = (local - moments.tz_convert("UTC").tz_localize(None)).total_seconds()
    texts: list[str | None] = _numpy.array(local.to_numpy())
    return [
        text if text is None else text + offset(int(seconds))
        for text, seconds in zip(texts, ahead.tolist(), strict=True)
    ]


def _paths(columns: Any) -> list[tuple[str, ...]]:
    """The names of each column, level by level.

    An empty name at the end is left out where only one column has the names before it: what
    `reset_index` makes of a frame with several levels of columns is `city`, with no `""` in it.
    """
    if columns.nlevels == 1:
        return [(key(label),) for label in columns]
    paths = [tuple(key(part) for part in label) for label in columns]
    begun = Counter(path[:end] for path in paths for end in range(1, len(path)))
    return [_shortened(path, begun) for path in paths]


def _shortened(path: tuple[str, ...], begun: Counter[tuple[str, ...]]) -> tuple[str, ...]:
    while len(path) > 1 and path[-1] == "" and begun[path[:-1]] == 1:
        path = path[:-1]
    return path


def _keys(values: list[Any]) -> list[str] | None:
    """The values as an object's keys, None if two are alike or one is no key."""
    if any(value is None or isinstance(value, (dict, list)) for value in values):
        return None
    keys = [key(value) for value in values]
    return keys if len(set(keys)) == len(keys) else None
