"""What an adaptor may give as JSON, and how it is written.

Beyond the standard library's encoder: dataclasses, named tuples, attrs classes and pydantic
models are objects; sets (sorted where they can be), ranges and dict views are arrays; dates and
times are ISO 8601, a `timedelta` its seconds; UUID, `Decimal`, `Fraction`, paths and IP addresses
are text; an `Enum` is its value; arrays and frames of numpy, pandas and polars are their rows.
`NaN` and the infinities, which JSON has no word for, are `null`, as in a browser.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import ipaddress
import json
import math
import pathlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ._errors import Unrenderable

# Deeper than this is a mistake, most likely a value that contains itself.
_DEEPEST = 200

_TEXT = (
    uuid.UUID,
    decimal.Decimal,
    fractions.Fraction,
    pathlib.PurePath,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)
_TIMES = (datetime.date, datetime.time)
_OTHERS = (Mapping, set, frozenset, enum.Enum, datetime.timedelta)
_ARRAYS = (
    list,
    tuple,
    range,
    collections.deque,
    collections.abc.KeysView,
    collections.abc.ValuesView,
    collections.abc.ItemsView,
)


# What JSON has as it is; of floats not all.
_SCALARS = frozenset((str, int, bool, type(None)))


class _Unknown(Exception):
    """A value without a JSON form; its path grows while the walk unwinds."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.path = ""


def encode(value: object) -> str:
    """`value` as JSON text.

    Raises `Unrenderable` naming the type and the place of what has no JSON form.
    """
    try:
        return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except _Unknown as unknown:
        place = f" at {unknown.path.lstrip('.')}" if unknown.path else ""
        raise Unrenderable(f"the result has no JSON form: {unknown.what}{place}") from None


def plain(value: object, depth: int = 0) -> Any:
    """`value` as dicts, lists, text, numbers, booleans and None."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else None  # type: ignore[arg-type]
    if depth > _DEEPEST:
        raise _Unknown(f"it is nested deeper than {_DEEPEST} levels (does it contain itself?)")
    if kind is dict:
        return _object(value.items(), depth)  # type: ignore[attr-defined]
    if kind is list or kind is tuple:
        return _array(value, depth)  # type: ignore[arg-type]
    return _other(value, depth)


def is_json(value: object) -> bool:
    """Whether a result of this type is answered as JSON (and is not a number or text)."""
    return (
        isinstance(value, (*_ARRAYS, *_TIMES, *_OTHERS))
        or (isinstance(value, _TEXT) and not isinstance(value, pathlib.PurePath))
        or _fields(value) is not None
    )


def root(value: object) -> str:
    """The top-level module of the value's class: `numpy` for a `numpy.ndarray`."""
    return type(value).__module__.partition(".")[0]


def _other(value: object, depth: int) -> Any:
    if isinstance(value, enum.Enum):
        return plain(value.value, depth + 1)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return plain(float(value), depth)
    fields = _fields(value)
    if fields is not None:
        return plain(fields(), depth + 1)
    if isinstance(value, Mapping):
        return _object(value.items(), depth)
    if isinstance(value, (set, frozenset)):
        return _array(_in_order(value), depth)
    if isinstance(value, _ARRAYS):
        return _array(value, depth)
    if isinstance(value, _TIMES):
        # pandas.NaT is a datetime that equals nothing, itself included.
        return value.isoformat() if value == value else None
    if isinstance(value, datetime.timedelta):
        return value.total_seconds() if value == value else None
    if isinstance(value, _TEXT):
        return str(value)
    return plain(_from_library(value), depth + 1)


def _object(items: Iterable[tuple[object, object]], depth: int) -> dict[str, Any]:
    made = {}
    for key, item in items:
        try:
            made[key if type(key) is str else _key(key)] = plain(item, depth + 1)
        except _Unknown as unknown:
            unknown.path = f".{key}{unknown.path}"
            raise
    return made


def _array(items: Iterable[object], depth: int) -> Sequence[Any]:
    if type(items) is list or type(items) is tuple:
        # Embeddings and the like: thousands of numbers, looked at without a call for each.
        kinds = set(map(type, items))
        if kinds <= _SCALARS or (kinds == {float} and all(map(math.isfinite, items))):
            return items
    made = []
    for index, item in enumerate(items):
        try:
            made.append(plain(item, depth + 1))
        except _Unknown as unknown:
            unknown.path = f"[{index}]{unknown.path}"
            raise
    return made


def _key(key: object) -> str:
    """A dict's key as the text that JSON wants."""
    made = plain(key)
    if isinstance(made, str):
        return made
    if isinstance(made, (dict, list, tuple)):
        raise _Unknown(f"a {named(key)} as a key")
    return json.dumps(made)


def _in_order(items: set[Any] | frozenset[Any]) -> Iterable[object]:
    try:
        return sorted(items)
    except TypeError:
        return items


def _fields(value: object) -> Callable[[], object] | None:
    """For an object with declared fields: a function that gives them as a dict."""
    kind = type(value)
    if isinstance(value, type):
        return None
    if isinstance(value, tuple):
        names = getattr(kind, "_fields", None)
        if isinstance(names, tuple):
            return lambda: {name: getattr(value, name) for name in names}
        return None
    if dataclasses.is_dataclass(kind):
        declared = [field.name for field in dataclasses.fields(kind)]
        return lambda: {name: getattr(value, name) for name in declared}
    attributes = getattr(kind, "__attrs_attrs__", None)
    if attributes is not None:
        return lambda: {field.name: getattr(value, field.name) for field in attributes}
    if hasattr(kind, "model_dump") and hasattr(kind, "model_fields"):  # pydantic 2
        return lambda: value.model_dump(mode="json")  # type: ignore[attr-defined]
    if hasattr(kind, "__fields__") and hasattr(kind, "parse_obj"):  # pydantic 1
        return lambda: value.dict()  # type: ignore[attr-defined]
    return None


def _from_library(value: object) -> object:
    """Arrays and frames, known by their module so that nothing is imported here."""
    kind = type(value)
    match root(value):
        case "pandas" if kind.__name__ == "NAType":
            return None
        case "pandas" | "polars" if hasattr(kind, "to_dicts"):
            return value.to_dicts()  # type: ignore[attr-defined]
        case "pandas" if hasattr(kind, "to_dict") and hasattr(kind, "columns"):
            return value.to_dict(orient="records")  # type: ignore[attr-defined]
        case "polars" if hasattr(kind, "to_list"):
            return value.to_list()  # type: ignore[attr-defined]
    if hasattr(kind, "tolist"):  # numpy and what follows it: torch, jax, pandas
        made = value.tolist()  # type: ignore[attr-defined]
        if type(made) is not kind:
            return made
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise _Unknown(f"a {named(value)} (encode it first, with base64 for instance)")
    raise _Unknown(f"a {named(value)}")


def named(value: object) -> str:
    """The value's type as one would write it: `int`, `mylib.Thing`."""
    kind = type(value)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
