"""Values beyond plain data as expressions, or what to send instead of them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

#: Writes plain data as an expression.
Literal = Callable[[Any], str]

_DATETIME = "__import__('datetime')"
#: Of numpy's arrays, the kinds of numbers, times and text whose bytes say all.
_FLAT: Final = "biufcmMSU"


def expression(value: object, literal: Literal) -> str | None:
    """An expression that gives `value` again where the server runs, None for other kinds.

    Raises `TypeError` with what to send instead, where a value of the kind has no expression.
    """
    kind = type(value)
    writer = _WRITERS.get(f"{kind.__module__}.{kind.__qualname__}")
    if writer is not None:
        return writer(value, literal)
    if kind.__module__.partition(".")[0] == "numpy":
        return _numpy(value, literal)
    return None


def mend(value: Any) -> str:
    """What to send instead of a value that has no expression."""
    for is_such, text in _MENDS:
        if is_such(value):
            return text
    return "plain data (numbers, text, bytes, lists, dicts, sets)"


def _datetime(value: Any, literal: Literal) -> str:
    day = f"{value.year}, {value.month}, {value.day}"
    fold = f", fold={value.fold}" if value.fold else ""
    return f"{_DATETIME}.datetime({day}, {_clock(value, literal)}{fold})"


def _time(value: Any, literal: Literal) -> str:
    fold = f", fold={value.fold}" if value.fold else ""
    return f"{_DATETIME}.time({_clock(value, literal)}{fold})"


def _clock(value: Any, literal: Literal) -> str:
    clock = f"{value.hour}, {value.minute}, {value.second}, {value.microsecond}"
    return clock if value.tzinfo is None else f"{clock}, {_zone(value.tzinfo, literal)}"


def _zone(value: Any, literal: Literal) -> str:
    text = expression(value, literal)
    if text is None or getattr(value, "key", "") is None:
        raise TypeError("its time in UTC: value.astimezone(datetime.timezone.utc)")
    return text


def _timezone(value: Any, literal: Literal) -> str:
    return f"{_DATETIME}.timezone({_timedelta(value.utcoffset(None), literal)})"


def _timedelta(value: Any, _: Literal) -> str:
    return f"{_DATETIME}.timedelta({value.days}, {value.seconds}, {value.microseconds})"


def _numpy(value: Any, literal: Literal) -> str | None:
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.generic):
        if value.dtype.kind in "biufcSU" and type(value.item()) in _PYTHONS:
            return literal(value.item())
        if value.dtype.kind in "mM":
            return f"__import__('numpy').{type(value).__name__}({_unit(value)})"
        raise TypeError("value.item(), or float(value)")
    if type(value) is not numpy.ndarray:
        return None
    if value.dtype.kind not in _FLAT or not value.dtype.itemsize:
        raise TypeError("value.tolist()")
    shape = literal(value.shape)
    held = literal(value.tobytes())
    return f"__import__('numpy').ndarray({shape}, {value.dtype.str!r}, {held}).copy()"


def _unit(value: Any) -> str:
    count = int(value.astype("i8"))
    return f"{count}, {value.dtype.str.partition('[')[2].rstrip(']')!r}"


_PYTHONS = (bool, int, float, complex, str, bytes)

_WRITERS: dict[str, Callable[[Any, Literal], str]] = {
    "datetime.datetime": _datetime,
    "datetime.date": lambda v, _: f"{_DATETIME}.date({v.year}, {v.month}, {v.day})",
    "datetime.time": _time,
    "datetime.timedelta": _timedelta,
    "datetime.timezone": _timezone,
    "zoneinfo.ZoneInfo": lambda v, literal: f"__import__('zoneinfo').ZoneInfo({literal(v.key)})",
    "decimal.Decimal": lambda v, literal: f"__import__('decimal').Decimal({literal(str(v))})",
    "fractions.Fraction": lambda v, literal: (
        f"__import__('fractions').Fraction({literal(v.numerator)}, {literal(v.denominator)})"
    ),
    "uuid.UUID": lambda v, literal: f"__import__('uuid').UUID({literal(str(v))})",
    "builtins.range": lambda v, literal: (
        f"range({literal(v.start)}, {literal(v.stop)}, {literal(v.step)})"
    ),
}


def _is_of(*names: str) -> Callable[[Any], bool]:
    """Whether a value is of a class of that name, whose module need not be imported."""

    def is_such(value: Any) -> bool:
        return any(
            f"{base.__module__.partition('.')[0]}.{base.__qualname__}" in names
            for base in type(value).__mro__
        )

    return is_such


def _is_a(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


def _has(value: Any, name: str) -> bool:
    """Whether a value has that attribute; of a client, without asking its server for functions."""
    is_ours = type(value).__module__.startswith("owt.")
    return hasattr(type(value) if is_ours else value, name)


# The first that fits is told.
_MENDS: list[tuple[Callable[[Any], bool], str]] = [
    (_is_a(type), "a value: a class has none (its source belongs into the code)"),
    (_is_of("enum.Enum"), "its .value"),
    (lambda v: _has(v, "__dataclass_fields__"), "dataclasses.asdict(value)"),
    (lambda v: _has(v, "__attrs_attrs__"), "attrs.asdict(value)"),
    (lambda v: _has(v, "model_dump"), "value.model_dump()"),
    (_is_of("pandas.DataFrame"), "value.to_dict('records')"),
    (_is_of("polars.DataFrame"), "value.to_dicts()"),
    (_is_of("pandas.Series", "pandas.Index", "array.array"), "value.tolist()"),
    (_is_of("polars.Series"), "value.to_list()"),
    (_is_of("numpy.MaskedArray", "ma.MaskedArray"), "value.tolist(), or its .data and .mask"),
    (_is_of("numpy.ndarray", "torch.Tensor"), "numpy.asarray(value)"),
    (_is_of("pandas.Timestamp"), "value.to_pydatetime()"),
    (_is_of("pandas.Timedelta"), "value.to_pytimedelta()"),
    (lambda v: isinstance(v, tuple) and _has(v, "_asdict"), "tuple(value) or value._asdict()"),
    (_is_of("pathlib.PurePath"), "str(value), or the file itself by `files` or `data`"),
    (_is_of("PIL.Image"), "the file's bytes"),
    (_is_of("datetime.datetime"), "value.isoformat()"),
    *[(_is_a(kind), f"{kind.__name__}(value)") for kind in (bool, int, float, complex, str)],
    *[(_is_a(kind), f"{kind.__name__}(value)") for kind in (dict, list, tuple, set, frozenset)],
    (_is_a(bytes, bytearray, memoryview), "bytes(value)"),
    (lambda v: _has(v, "read"), "its content, or the file itself by `files` or `data`"),
    (callable, "a value: a function is sent by `@client.remote`, or as code"),
    (lambda v: _has(v, "keys") and _has(v, "__getitem__"), "dict(value)"),
    (_is_a(Iterable), "list(value)"),
]


def hexadecimal(value: int) -> str:
    """An integer of any size: of decimal digits, Python reads no more than 4,300."""
    return hex(value) if value.bit_length() > _BITS else repr(value)


_BITS: Final = math.floor(4000 * math.log2(10))
