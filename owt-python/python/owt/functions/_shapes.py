"""What a hint says of a value: its JSON Schema, and how it is read from JSON and from text."""

from __future__ import annotations

import base64
import binascii
import datetime
import decimal
import enum
import json
import pathlib
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .._arguments import integer
from .._bodies import Kind
from .._errors import Refused, bounded, message_of, type_name
from .._hints import read_as
from .._multipart import File

Place = tuple[str | int, ...]
Schema = dict[str, Any]

#: How deep a schema goes; what is below it may be anything.
DEEPEST = 8
#: How much of a wrong value is shown.
_SHOWN = 60


class Fault(NamedTuple):
    """What is wrong with a part of a value."""

    place: Place
    message: str


class Wrong(Exception):
    """The value is not what it should be; its text says what that is."""


Faults = list[Fault]


class Shape:
    """Any value at all."""

    #: Whether it takes several texts of one name.
    repeats = False
    #: Whether a text stays as it is, an empty one too.
    is_text = True

    def schema(self, depth: int = 0) -> Schema:
        """Its JSON Schema (2020-12), without references."""
        return {}

    def read(self, value: Any, place: Place, faults: Faults) -> Any:
        """The argument that a JSON value means. What is wrong is added to the faults."""
        try:
            return self.made(value)
        except Wrong as why:
            faults.append(Fault(place, f"{why}, not {_shown(value)}"))
            return None

    def written(self, text: str, place: Place, faults: Faults) -> Any:
        """The argument that a text of a query or a form means."""
        return self.read(self.parsed(text), place, faults)

    def file(self, file: File, place: Place, faults: Faults) -> Any:
        """The argument that a file of a form means, or a body that is none of our own types."""
        faults.append(Fault(place, f"it should be {self.named()}, not a file"))
        return None

    def several(self, sent: list[Any], place: Place, faults: Faults) -> Any:
        """The argument that a field means which came once or several times: texts or files.

        Only asked of a shape that `repeats`.
        """
        raise NotImplementedError

    def takes_file(self) -> bool:
        """Whether a body that is no JSON and no form can be one."""
        return False

    def made(self, value: Any) -> Any:
        """The argument of a JSON value. Raises Wrong."""
        return value

    def parsed(self, text: str) -> Any:
        """The JSON value that a text means; the text itself if it means none."""
        return text

    def named(self) -> str:
        """What it is, with its article."""
        return "a value"


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

ANYTHING = Shape()
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


class Either(Shape):
    """What one of several shapes is; the first that takes it has it."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._shapes = shapes
        self._real = [shape for shape in shapes if shape is not NULL]
        self.repeats = any(shape.repeats for shape in shapes)
        self.is_text = any(shape.is_text for shape in shapes)

    def schema(self, depth: int = 0) -> Schema:
        return {"anyOf": [shape.schema(depth) for shape in self._shapes]}

    def read(self, value: Any, place: Place, faults: Faults) -> Any:
        return self._first(lambda shape, found: shape.read(value, place, found), place, faults)

    def written(self, text: str, place: Place, faults: Faults) -> Any:
        return self._first(lambda shape, found: shape.written(text, place, found), place, faults)

    def several(self, sent: list[Any], place: Place, faults: Faults) -> Any:
        def read(shape: Shape, found: Faults) -> Any:
            if shape.repeats:
                return shape.several(sent, place, found)
            if len(sent) > 1 or isinstance(sent[0], File):
                found.append(Fault(place, f"it should be {shape.named()}, not {len(sent)} of them"))
                return None
            return shape.written(sent[0], place, found)

        return self._first(read, place, faults)

    def file(self, file: File, place: Place, faults: Faults) -> Any:
        takes = [shape for shape in self._real if shape.takes_file()]
        return (takes or self._real)[0].file(file, place, faults)

    def takes_file(self) -> bool:
        return any(shape.takes_file() for shape in self._real)

    def _first(self, read: Callable[[Shape, Faults], Any], place: Place, faults: Faults) -> Any:
        every = []
        # null is told from text last: an empty text is one where text is taken
        for shape in sorted(self._shapes, key=lambda shape: shape is NULL):
            found: Faults = []
            argument = read(shape, found)
            if not found:
                return argument
            if shape is not NULL:
                every.append(found)
        if len(every) == 1:
            faults.extend(every[0])
        else:
            # the one that came furthest into the value has the most to tell
            deepest = max(every, key=lambda found: max(len(fault.place) for fault in found))
            if max(len(fault.place) for fault in deepest) > len(place):
                faults.extend(deepest)
            else:
                message = every[0][0].message.rpartition(", not ")[2]
                faults.append(Fault(place, f"it should be {self.named()}, not {message}"))
        return None

    def named(self) -> str:
        return " or ".join(shape.named() for shape in self._shapes)


class Listed(Shape):
    """Any number of values of one shape."""

    repeats = True
    is_text = False

    def __init__(self, item: Shape, make: Callable[[list[Any]], Any]) -> None:
        self._item = item
        self._make = make

    def schema(self, depth: int = 0) -> Schema:
        if depth >= DEEPEST:
            return {}
        made: Schema = {"type": "array", "items": self._item.schema(depth + 1)}
        return made | ({"uniqueItems": True} if self._make in (set, frozenset) else {})

    def read(self, value: Any, place: Place, faults: Faults) -> Any:
        if not isinstance(value, list):
            faults.append(Fault(place, f"it should be {self.named()}, not {_shown(value)}"))
            return None
        return self.gathered(
            [self._item.read(item, (*place, at), faults) for at, item in enumerate(value)],
            place,
            faults,
        )

    def several(self, sent: list[Any], place: Place, faults: Faults) -> Any:
        parsed = _list_of(sent)
        if parsed is not None:
            return self.read(parsed, place, faults)
        if sent == [""] and not self._item.is_text:
            sent = []
        items = [_one(self._item, one, (*place, at), faults) for at, one in enumerate(sent)]
        return self.gathered(items, place, faults)

    def written(self, text: str, place: Place, faults: Faults) -> Any:
        return self.several([text], place, faults)

    def gathered(self, items: list[Any], place: Place, faults: Faults) -> Any:
        """The collection of these items."""
        try:
            return self._make(items)
        except TypeError:  # what cannot be in a set
            if not faults:
                faults.append(Fault(place, "it has an item that cannot be in a set"))
            return None

    def named(self) -> str:
        return "a list"


class Fixed(Listed):
    """So many values, each of a shape of its own."""

    def __init__(self, items: Sequence[Shape]) -> None:
        super().__init__(ANYTHING, tuple)
        self._items = items

    def schema(self, depth: int = 0) -> Schema:
        if depth >= DEEPEST:
            return {}
        count = len(self._items)
        items = [item.schema(depth + 1) for item in self._items]
        made: Schema = {"type": "array", "minItems": count, "maxItems": count}
        return made | ({"prefixItems": items} if items else {})

    def read(self, value: Any, place: Place, faults: Faults) -> Any:
        if not isinstance(value, list) or len(value) != len(self._items):
            faults.append(Fault(place, f"it should be {self.named()}, not {_shown(value)}"))
            return None
        pairs = enumerate(zip(self._items, value, strict=True))
        return tuple(item.read(part, (*place, at), faults) for at, (item, part) in pairs)

    def several(self, sent: list[Any], place: Place, faults: Faults) -> Any:
        parsed = _list_of(sent)
        if parsed is not None:
            return self.read(parsed, place, faults)
        if len(sent) != len(self._items):
            faults.append(Fault(place, f"it should be {self.named()}, not {len(sent)}"))
            return None
        pairs = enumerate(zip(self._items, sent, strict=True))
        return tuple(_one(item, one, (*place, at), faults) for at, (item, one) in pairs)

    def named(self) -> str:
        return f"a list of {len(self._items)} values"


class Mapped(Shape):
    """An object whose keys and values have a shape each."""

    is_text = False

    def __init__(self, key: Shape, value: Shape) -> None:
        self._key = key
        self._value = value

    def schema(self, depth: int = 0) -> Schema:
        if depth >= DEEPEST:
            return {}
        return {"type": "object", "additionalProperties": self._value.schema(depth + 1)}

    def read(self, value: Any, place: Place, faults: Faults) -> Any:
        if not isinstance(value, dict):
            faults.append(Fault(place, f"it should be an object, not {_shown(value)}"))
            return None
        made = {}
        for name, part in value.items():
            key = self._key.written(name, (*place, name), faults)
            item = self._value.read(part, (*place, name), faults)
            made[name if key is None else key] = item
        return made

    def parsed(self, text: str) -> Any:
        return json_of(text)

    def named(self) -> str:
        return "an object"


class Field(NamedTuple):
    """A member of an object."""

    shape: Shape
    required: bool


class Record(Shape):
    """An object with members of its own: a dataclass, a named tuple, a TypedDict."""

    is_text = False

    def __init__(
        self,
        make: Callable[..., Any],
        named: str,
        fields: Callable[[], Mapping[str, Field]],
        room: list[int],
    ) -> None:
        """Take what makes one of its members, its name, and its members, once they are asked for.

        A class may have members of its own class. `room` holds how many objects the schemas that
        share it may still show.
        """
        self._room = room
        self._make = make
        self._named = named
        self._fields = fields
        self._known: Mapping[str, Field] | None = None

    def fields(self) -> Mapping[str, Field]:
        """Its members by their names."""
        if self._known is None:
            self._known = self._fields()
        return self._known

    def schema(self, depth: int = 0) -> Schema:
        if depth >= DEEPEST or self._room[0] == 0:
            return {}
        self._room[0] -= 1
        fields = self.fields()
        return {
            "type": "object",
            "title": self._named,
            "properties": {name: field.shape.schema(depth + 1) for name, field in fields.items()},
            "required": [name for name, field in fields.items() if field.required],
            "additionalProperties": False,
        }

    def read(self, value: Any, place: Place, faults: Faults) -> Any:
        if not isinstance(value, dict):
            faults.append(Fault(place, f"it should be {self.named()}, not {_shown(value)}"))
            return None
        fields = self.fields()
        found: Faults = []
        made = {
            name: fields[name].shape.read(part, (*place, name), found)
            for name, part in value.items()
            if name in fields
        }
        for name, field in fields.items():
            if field.required and name not in value:
                found.append(Fault((*place, name), "it is missing"))
        known = ", ".join(fields) or "no members"
        found += [
            Fault((*place, name), f"{self._named} has {known}")
            for name in value
            if name not in fields
        ]
        if not found:
            try:
                return self._make(**made)
            except Exception as why:  # of what the class itself finds wrong
                found.append(Fault(place, bounded(f"{type_name(type(why))}: {message_of(why)}")))
        faults.extend(found)
        return None

    def parsed(self, text: str) -> Any:
        return json_of(text)

    def named(self) -> str:
        return f"an object with the members of {self._named}"


class Carried(Shape):
    """An object that is read from bytes: an array, a table, an image, bytes."""

    is_text = False

    def __init__(self, kind: Kind, name: str) -> None:
        self._kind = kind
        self._name = name

    def schema(self, depth: int = 0) -> Schema:
        if "" in self._kind.readers:
            return {"type": "string", "contentEncoding": "base64"}
        return {"x-owt-type": self._name}

    def read(self, value: Any, place: Place, faults: Faults) -> Any:
        if isinstance(value, str):
            data = decoded(value)
            if data is not None:
                return self.file(File("", None, "", data), place, faults)
        elif self._kind.of_json is not None and isinstance(value, list | dict):
            try:
                return self._kind.of_json(value)
            except Exception as why:  # of a library about values that it makes nothing of
                said = bounded(f"{type_name(type(why))}: {message_of(why)}")
                faults.append(Fault(place, f"it cannot be made {self._kind.name}: {said}"))
                return None
        ways = "base64" + (", lists of numbers or objects" if self._kind.of_json else "")
        message = f"it should be {self._kind.name}, in JSON and text as {ways}"
        faults.append(Fault(place, f"{message}, not {_shown(value)}"))
        return None

    def file(self, file: File, place: Place, faults: Faults) -> Any:
        data = file.read()
        file.seek(0)
        try:
            return read_as(self._kind, data, file.mimetype, file.filename or "", "this", "it")
        except Refused as why:
            faults.append(Fault(place, why.detail))
            return None

    def takes_file(self) -> bool:
        return True

    def named(self) -> str:
        return self._kind.name


class Uploaded(Carried):
    """A file as it was sent, with its name and its type."""

    def __init__(self) -> None:
        super().__init__(Kind("a file", {"": bytes}), "owt.functions.File")

    def schema(self, depth: int = 0) -> Schema:
        return {**super().schema(depth), "x-owt-type": self._name}

    def file(self, file: File, place: Place, faults: Faults) -> Any:
        return file


def decoded(text: str) -> bytes | None:
    """The bytes of base64 of either alphabet; None if it is none."""
    plain = "".join(text.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def json_of(text: str) -> Any:
    """The JSON value that a text is; the text itself if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _list_of(sent: list[Any]) -> list[Any] | None:
    """The list that one text is, written as JSON."""
    if len(sent) != 1 or not isinstance(sent[0], str) or not sent[0].lstrip().startswith("["):
        return None
    parsed = json_of(sent[0])
    return parsed if isinstance(parsed, list) else None


def _one(shape: Shape, sent: Any, place: Place, faults: Faults) -> Any:
    """The argument that one text or file means."""
    read = shape.file if isinstance(sent, File) else shape.written
    return read(sent, place, faults)


_KINDS: dict[type, str] = {str: "a text", list: "a list", dict: "an object"}


def _shown(value: Any) -> str:
    """A wrong value for people: itself if it is short, else what it is."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return "that"
    if len(text) <= _SHOWN:
        return text
    kind = _KINDS.get(type(value), "a number")
    count = f" of {len(value)}" if isinstance(value, list | dict | str) else ""
    return f"{kind}{count}"


def union(shapes: Iterable[Shape]) -> Shape:
    """What any of these is."""
    every = list(shapes)
    return every[0] if len(every) == 1 else Either(every)
