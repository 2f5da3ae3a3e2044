"""What an adaptor may give as JSON, and how it is written.

Beyond the standard library's encoder: dataclasses, named tuples, attrs classes, pydantic models
and rows of sqlite3 are objects; sets (in a stable order), ranges and dict views are arrays; dates
and times are ISO 8601, a `timedelta` its seconds; UUID, `Decimal`, `Fraction`, paths, IP addresses,
time zones and patterns are text; an `Enum` is its value, an exception its type and message; arrays
and frames of numpy, pandas and polars are their rows. `NaN` and the infinities, which JSON has no
word for, are `null`, as in a browser. A value has the same form alone and in another.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import importlib
import ipaddress
import json
import math
import os
import pathlib
import re
import types
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

from . import _times, forms
from ._errors import Unrenderable, message_of, type_name
from ._numbers import Numbers
from ._rows import Records
from ._unknown import Unknown, named, unknown
from ._words import with_article

# Deeper than this is a mistake, most likely a value that contains itself.
_DEEPEST = 200

_TEXT = (
    fractions.Fraction,
    pathlib.PurePath,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
    datetime.timezone,
    collections.UserString,
)
_ARRAYS = (
    list,
    tuple,
    range,
    collections.deque,
    collections.UserList,
    collections.abc.KeysView,
    collections.abc.ValuesView,
    collections.abc.ItemsView,
)

_BYTES = (bytes, bytearray, memoryview)
# The bits of an int that has few enough digits for Python's own encoder.
_SHORT = 2_000
# What JSON has as it is; of floats not all.
_SCALARS = frozenset((str, int, bool, type(None)))
# What needs no form to be written.
_WRITTEN = _SCALARS | {float, dict, list, tuple, Numbers, Records}
# Libraries whose values have forms of their own, in the module here with `_` before the name.
_LIBRARIES = frozenset(("numpy", "pandas", "polars", "pydantic"))

# What gives a value of some type one level plainer: the value, and how deep it is.
Form = Callable[[Any, int], Any]


def install(write: Callable[[object], bytes], lines: Callable[[object], bytes]) -> None:
    """Has values written by the native `write`, and rows by `lines`, from now on."""
    global _write, _write_lines
    _write, _write_lines = write, lines


def encode(value: object) -> str:
    """`value` as JSON text that has a UTF-8 form.

    Raises `Unrenderable` naming the type and the place of what has no JSON form.
    """
    return encoded(value).decode()


def encoded(value: object) -> bytes:
    """As `encode`, in UTF-8."""
    return _or_refused(_write, value)


def lines(rows: object) -> bytes:
    """A line of JSON for each item of what is an array in JSON, in UTF-8.

    Raises `Unrenderable` as `encode` does.
    """
    return _or_refused(_write_lines, rows)


def _or_refused(write: Callable[[object], bytes], value: object) -> bytes:
    try:
        return write(value)
    except Unknown as refused:
        raise unrenderable(refused) from None
    except RecursionError:
        raise Unrenderable(f"the result has no JSON form: {_TOO_DEEP}") from None


def unrenderable(refused: Unknown) -> Unrenderable:
    """What a caller is told of a value without a JSON form."""
    return Unrenderable(f"the result has no JSON form: {refused}")


def plain_or_refused(value: Any) -> Any:
    """`value` as `plain` gives it. Raises `Unrenderable`."""
    try:
        return plain(value)
    except Unknown as refused:
        raise unrenderable(refused) from None


def plain(value: Any, depth: int = 0) -> Any:
    """`value` as dicts, lists, text, numbers, booleans and None. Raises `Unknown`."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if depth > _DEEPEST:
        raise Unknown(_TOO_DEEP)
    if kind is dict:
        return _object(value, depth)
    if kind is list or kind is tuple:
        return _array(value, depth)
    return plain(_listed(opened(value, depth)), depth)


def opened(value: Any, depth: int) -> Any:
    """One level of a value that JSON has no word for, whose parts may be anything.

    A dict, a list, a tuple, text, a number, a boolean, None, or an array or a table that is
    written as a whole. Raises `Unknown`.
    """
    while True:
        if depth > _DEEPEST:
            raise Unknown(_TOO_DEEP)
        if type(value) in _WRITTEN:
            return value
        form = _form(value)
        if form is None:
            raise unknown(value)
        value = form(value, depth)
        depth += 1


def members(items: Mapping[Any, Any], _: int = 0) -> dict[str, Any]:
    """The same mapping with text for its keys, of which two may not be alike. Raises `Unknown`."""
    made: dict[str, Any] = {}
    for name, item in items.items():
        text = key(name)
        if text in made:
            alike = " and ".join(repr(other) for other in items if key(other) == text)
            shown = json.dumps(text, ensure_ascii=False)
            raise Unknown(f"the keys {alike}, which would both be {shown} (rename one)")
        made[text] = item
    return made


def digits(number: float) -> str:
    """A number's text, also that of an int with more digits than Python writes by `str`."""
    try:
        return str(number)
    except ValueError:
        return str(decimal.Decimal(number))


def placed(error: BaseException, steps: Iterable[str | int]) -> None:
    """Put the steps to what was refused, the last one first, before its place."""
    if isinstance(error, Unknown):
        for step in steps:
            error.inside(f"[{step}]" if isinstance(step, int) else f".{step}")


def breathe() -> None:
    """Let other threads run, and hear what interrupts this one: Python does, in any call."""


def is_json(value: object) -> bool:
    """Whether a result of this type is answered as JSON (if it is no number, text or path)."""
    return _form(value) is not None


def root(value: object) -> str:
    """The top-level module of the value's class: `numpy` for a `numpy.ndarray`."""
    return type(value).__module__.partition(".")[0]


def key(value: object) -> str:
    """A dict's key, or a column's name, as the text that JSON wants. Raises `Unknown`."""
    made = plain(value)
    if isinstance(made, str):
        return made
    if isinstance(made, (dict, list, tuple)):
        raise Unknown(f"{with_article(named(value))} as a key")
    if made is None and value is not None:
        raise Unknown(
            f"{with_article(named(value))} that is no number or moment ({value!r}) as a key"
        )
    return digits(made) if type(made) is int else json.dumps(made)


_TOO_DEEP = f"it is nested deeper than {_DEEPEST} levels (does it contain itself?)"


def _listed(made: Any) -> Any:
    """What is written as a whole, as lists."""
    if type(made) is Numbers:
        return made.values()
    return list(made) if type(made) is Records else made


def _written(value: object) -> bytes:
    """In a process that is no worker: Python's own encoder."""
    made = plain(value)
    write = functools.partial(json.dumps, made, allow_nan=False, separators=(",", ":"))
    try:
        return write(ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair: JSON can escape it
        return write(ensure_ascii=True).encode()
    except ValueError:  # an int of more digits than Python writes
        mark, long = os.urandom(16).hex(), list[int]()
        marked = _written(_marked(made, mark, long)).decode()
        return re.sub(f'"{mark}([0-9]+)"', lambda at: digits(long[int(at[1])]), marked).encode()


def _written_lines(rows: object) -> bytes:
    return b"".join([_written(row) + b"\n" for row in plain(rows)])


def _marked(made: Any, mark: str, long: list[int]) -> Any:
    """The same with a mark for each int that is too long, which goes to the list."""
    if isinstance(made, dict):
        return {name: _marked(item, mark, long) for name, item in made.items()}
    if isinstance(made, (list, tuple)):
        return [_marked(item, mark, long) for item in made]
    if isinstance(made, int) and made.bit_length() > _SHORT:
        long.append(made)
        return f"{mark}{len(long) - 1}"
    return made


def _form(value: Any) -> Form | None:
    """How this value is made plain, None if JSON has no form for it."""
    kind = type(value)
    exact = forms.own_plain(kind) or _EXACT.get(kind)
    if exact is not None:
        return exact
    if isinstance(value, type):
        return None
    for base, form in _FIRST:
        if isinstance(value, base):
            return form
    form_of_library = _form_of_library(kind)
    if form_of_library is not None:
        return form_of_library
    # What says that it is an array may be a dataclass within, as zarr's are.
    if _declares(kind) and not hasattr(kind, "__array__"):
        return _fields
    for base, form in _FORMS.items():
        if isinstance(value, base):
            return form
    # What follows numpy, and the array of the standard library.
    if hasattr(kind, "tolist") and not isinstance(value, memoryview):
        return _to_list
    # What other libraries say is a list or a set, such as sortedcontainers.
    if isinstance(value, Sequence) and not isinstance(value, _BYTES):
        return _list
    if isinstance(value, Set):
        return _set
    return forms.plain_by_protocol(kind)


def _form_of_library(kind: type) -> Form | None:
    """The form by the names of the class and its bases, so that nothing is imported for it."""
    for base in kind.__mro__:
        library = base.__module__.partition(".")[0]
        form = _NAMED.get((library, base.__name__))
        if form is None and library in _LIBRARIES:
            form = _forms_of(library).get(base.__name__)
        if form is None:
            form = forms.plain_form(library, base.__name__)
        if form is not None:
            return form
    if dataclasses.is_dataclass(kind) and hasattr(kind, "__pydantic_serializer__"):
        return _forms_of("pydantic")["dataclass"]
    return None


@functools.cache
def _forms_of(library: str) -> Mapping[str, Form]:
    """The forms for a library's classes, loaded when the first of its values comes."""
    forms: Mapping[str, Form] = importlib.import_module(f"._{library}", __package__).FORMS
    return forms


def _object(items: dict[Any, Any], depth: int) -> dict[str, Any]:
    if any(type(name) is not str for name in items):
        items = members(items)
    made = {}
    for name, item in items.items():
        try:
            made[name] = plain(item, depth + 1)
        except Unknown as refused:
            refused.inside(f".{name}")
            raise
    return made


def _array(items: Iterable[Any], depth: int) -> Sequence[Any]:
    if type(items) is list or type(items) is tuple:
        # Embeddings and the like: thousands of numbers, looked at without a call for each.
        kinds = set(map(type, items))
        if kinds <= _SCALARS or (kinds == {float} and all(map(math.isfinite, items))):
            return items
    made = []
    for index, item in enumerate(items):
        try:
            made.append(plain(item, depth + 1))
        except Unknown as refused:
            refused.inside(f"[{index}]")
            raise
    return made


def _list(items: Iterable[Any], _: int) -> list[Any]:
    return list(items)


def _set(items: Set[Any], depth: int) -> Sequence[Any]:
    """A set's items in order: by their own where they have one, else by their JSON."""
    kinds = set(map(type, items))
    if (kinds <= {int, float, bool} and all(item == item for item in items)) or (
        len(kinds) == 1 and not kinds & {float, frozenset}
    ):
        try:
            return sorted(items)
        except TypeError:
            pass
    return sorted(_array(items, depth), key=functools.partial(json.dumps, sort_keys=True))


def _declares(kind: type) -> bool:
    """Whether the class declares fields: a named tuple, a dataclass, a class of attrs."""
    if issubclass(kind, tuple):
        return isinstance(getattr(kind, "_fields", None), tuple)
    return hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__attrs_attrs__")


def _fields(value: Any, _: int) -> Any:
    made = {}
    for name in _names(type(value)):
        try:
            made[name] = getattr(value, name)
        except AttributeError:
            raise Unknown(f"{with_article(named(value))} whose {name} was not set") from None
    return made


def _names(kind: Any) -> Iterable[str]:
    if issubclass(kind, tuple):
        names: tuple[str, ...] = kind._fields
        return names
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    return [field.name for field in kind.__attrs_attrs__]


def _enum(value: Any, _: int) -> Any:
    return value.value


def _isoformat(value: Any, _: int) -> Any:
    return value.isoformat()


def _seconds(value: Any, _: int) -> Any:
    return _times.length(value)


def _decimal(value: Any, _: int) -> Any:
    return str(value) if value.is_finite() else None


def _text(value: Any, _: int) -> Any:
    return str(value)


def _near(value: Any, _: int) -> Any:
    """A number of any precision: a float where that says the same."""
    number = float(value)
    return number if number == value or number != number else str(value)


def _exception(value: Any, _: int) -> Any:
    return {"type": type_name(type(value)), "message": message_of(value)}


def _pattern(value: Any, _: int) -> Any:
    return value.pattern


def _namespace(value: Any, _: int) -> Any:
    return vars(value)


def _row(value: Any, _: int) -> Any:
    """A row of sqlite3: two columns of one name would be one."""
    names = value.keys()
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise Unknown(
            f"{with_article(named(value))} with two columns {twice[0]!r} (name one with AS)"
        )
    return dict(zip(names, value, strict=True))


def _zone(value: Any, _: int) -> Any:
    if value.key is None:
        raise unknown(value)
    return value.key


def _to_list(value: Any, _: int) -> Any:
    made = value.tolist()
    if type(made) is type(value):
        raise unknown(value)
    return made


# What is asked first: np.float64 is a float, an IntEnum an Enum.
_FIRST: tuple[tuple[type, Form], ...] = (
    (enum.Enum, _enum),
    (str, lambda value, _: str.__str__(value)),
    (int, lambda value, _: int.__int__(value)),
    (float, lambda value, _: float.__float__(value)),
)
# Classes that are not worth an import: known by name.
_NAMED: dict[tuple[str, str], Form] = {
    ("sqlite3", "Row"): _row,
    ("uuid", "UUID"): _text,
    ("zoneinfo", "ZoneInfo"): _zone,
    ("yarl", "URL"): _text,
    ("bson", "ObjectId"): _text,
    ("bson", "Decimal128"): _text,
    ("babel", "Locale"): _text,
    ("phonenumbers", "PhoneNumber"): _namespace,
    ("gmpy2", "mpz"): lambda value, _: int(value),
    ("gmpy2", "mpq"): _text,
    ("gmpy2", "mpfr"): _near,
    ("mpmath", "mpf"): _near,
    ("httpx", "URL"): _text,
    ("pydantic_core", "Url"): _text,
    ("pydantic_core", "MultiHostUrl"): _text,
    ("imagehash", "ImageHash"): _text,
    ("arrow", "Arrow"): _isoformat,
    # whose text is ISO 8601
    **{
        ("whenever", name): _text
        for name in (
            *("Instant", "ZonedDateTime", "OffsetDateTime", "PlainDateTime", "Date", "Time"),
            *("YearMonth", "MonthDay", "IsoWeekDate", "TimeDelta", "DateDelta", "DateTimeDelta"),
            *("ItemizedDelta", "ItemizedDateDelta"),
        )
    },
}
_FORMS: dict[type, Form] = {
    dict: members,
    Mapping: members,
    set: _set,
    frozenset: _set,
    datetime.date: _isoformat,
    datetime.time: _isoformat,
    datetime.timedelta: _seconds,
    decimal.Decimal: _decimal,
    BaseException: _exception,
    re.Pattern: _pattern,
    types.SimpleNamespace: _namespace,
    **dict.fromkeys(_ARRAYS, _list),
    **dict.fromkeys(_TEXT, _text),
}
# These very classes, and not what a library derives from them.
_EXACT: dict[type, Form] = {datetime.datetime: _isoformat, **_FORMS}

_write: Callable[[object], bytes] = _written
_write_lines: Callable[[object], bytes] = _written_lines
