"""Single values: texts, numbers, dates and what else a text spells, one of a few choices."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import pathlib
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from .._arguments import integer
from .._multipart import File
from ._shape import ANYTHING, Fault, Faults, Place, Schema, Shape, Wrong


class Text(Shape):
    """A text."""

    def schema(self, depth: int = 0) -> Schema:
        return {"type": "string"}

    def made(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise Wrong(f"it should be {self.named()}")
        return value

    def takes_file(self) -> bool:
        return True

    def file(self, file: File, place: Place, faults: Faults) -> Any:
        try:
            return file.read().decode()
        except UnicodeDecodeError as why:
            faults.append(Fault(place, f"it should be text in UTF-8: {why}"))
            return None

    def named(self) -> str:
        return "a text"


class Scalar(Shape):
    """A value that JSON has, of one type."""

    is_text = False

    def __init__(self, kind: type, schema: Schema, named: str) -> None:
        self._kind = kind
        self._schema = schema
        self._named = named

    def schema(self, depth: int = 0) -> Schema:
        return dict(self._schema)

    def made(self, value: Any) -> Any:
        kind = self._kind
        if type(value) is kind:
            return value
        if kind is float and type(value) is int:
            try:
                return float(value)
            except OverflowError:
                raise Wrong("it should be a number that a float can hold") from None
        if kind is int and type(value) is float and value.is_integer():
            return int(value)
        raise Wrong(f"it should be {self._named}")

    def parsed(self, text: str) -> Any:
        return _SPELLED[self._kind](text.strip())

    def named(self) -> str:
        return self._named


def _integer(text: str) -> Any:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        return text
    return integer(text)


def _number(text: str) -> Any:
    try:
        return text if "_" in text else float(text)
    except ValueError:
        return text


def _boolean(text: str) -> Any:
    yes, no = ("true", "1", "on", "yes"), ("false", "0", "off", "no")
    word = text.lower()
    return True if word in yes else False if word in no else text


def _null(text: str) -> Any:
    return None if text.lower() in ("", "null", "none") else text


_SPELLED: dict[type, Callable[[str], Any]] = {
    int: _integer,
    float: _number,
    bool: _boolean,
    type(None): _null,
}

TEXT = Text()

INTEGER = Scalar(int, {"type": "integer"}, "a whole number")

NUMBER = Scalar(float, {"type": "number"}, "a number")

BOOLEAN = Scalar(bool, {"type": "boolean"}, "true or false")

NULL = Scalar(type(None), {"type": "null"}, "null")


class Named(Shape):
    """Any value; the class that the hint names is told, and nothing is made of it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def schema(self, depth: int = 0) -> Schema:
        return {"x-owt-type": self._name}


class Spelled(Shape):
    """An object that a text spells: a date, a UUID."""

    is_text = False

    def __init__(
        self,
        make: Callable[[Any], Any],
        schema: Schema,
        named: str,
        takes: tuple[type, ...] = (str,),
    ) -> None:
        self._make = make
        self._schema = schema
        self._named = named
        self._takes = takes

    def schema(self, depth: int = 0) -> Schema:
        return dict(self._schema)

    def made(self, value: Any) -> Any:
        if not isinstance(value, self._takes) or isinstance(value, bool):
            raise Wrong(f"it should be {self._named}")
        try:
            return self._make(value)
        except (ValueError, ArithmeticError, TypeError):
            raise Wrong(f"it should be {self._named}") from None

    def named(self) -> str:
        return self._named


_DURATION = re.compile(
    r"([+-])?P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)


def _duration(value: Any) -> datetime.timedelta:
    """Seconds, or a duration as ISO 8601 writes it (without years and months)."""
    if not isinstance(value, str):
        return datetime.timedelta(seconds=value)
    found = _DURATION.fullmatch(value)
    if found is None or value[-1] in "PT":
        return datetime.timedelta(seconds=float(value))
    sign, *numbers = found.groups()
    weeks, days, hours, minutes, seconds = (float(number or 0) for number in numbers)
    whole = datetime.timedelta(
        weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
    )
    return -whole if sign == "-" else whole


def _of_text(name: str, **more: Any) -> Schema:
    return {"type": "string", "format": name, **more}


#: By the class that a hint names.
PLAIN: dict[Any, Shape] = {
    str: TEXT,
    int: INTEGER,
    float: NUMBER,
    bool: BOOLEAN,
    None: NULL,
    type(None): NULL,
    Any: ANYTHING,
    object: ANYTHING,
    datetime.datetime: Spelled(
        datetime.datetime.fromisoformat,
        _of_text("date-time"),
        "a date and time such as 2026-02-28T12:00:00Z",
    ),
    datetime.date: Spelled(
        datetime.date.fromisoformat, _of_text("date"), "a date such as 2026-02-28"
    ),
    datetime.time: Spelled(
        datetime.time.fromisoformat, _of_text("time"), "a time such as 12:00:00"
    ),
    datetime.timedelta: Spelled(
        _duration,
        {"type": ["number", "string"], "format": "duration"},
        "a number of seconds or a duration such as PT1M30S",
        (str, int, float),
    ),
    uuid.UUID: Spelled(uuid.UUID, _of_text("uuid"), "a UUID"),
    decimal.Decimal: Spelled(
        lambda value: decimal.Decimal(str(value)),
        {"type": ["string", "number"]},
        "a decimal number",
        (str, int, float),
    ),
    **{
        path: Spelled(path, {"x-owt-type": f"pathlib.{path.__name__}"}, "a path")
        for path in (pathlib.Path, pathlib.PurePath, pathlib.PosixPath, pathlib.PurePosixPath)
    },
}


class Choice(Shape):
    """One of a few values."""

    is_text = False

    def __init__(self, meant: Sequence[tuple[Any, Any]]) -> None:
        """Take pairs: the JSON value, and the argument that it means."""
        self._meant = meant

    def schema(self, depth: int = 0) -> Schema:
        return {"enum": [value for value, _ in self._meant]}

    def made(self, value: Any) -> Any:
        for known, argument in self._meant:
            if type(known) is type(value) and known == value:
                return argument
        raise Wrong(f"it should be {self.named()}")

    def parsed(self, text: str) -> Any:
        for known, _ in self._meant:
            if text == (known if isinstance(known, str) else json.dumps(known)):
                return known
        return text

    def named(self) -> str:
        shown = [json.dumps(value, ensure_ascii=False) for value, _ in self._meant[:20]]
        return " or ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else shown[0]


def choice_of(cls: type[enum.Enum]) -> Choice:
    """The members of an enum by their values; by their names where values have no JSON form."""
    members = list(cls)
    if all(isinstance(member.value, str | int | float) for member in members):
        return Choice([(member.value, member) for member in members])
    return Choice([(member.name, member) for member in members])
