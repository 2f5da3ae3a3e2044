"""What a hint says of a value: its JSON Schema, and how it is read from JSON and from text."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from .._multipart import File

Place = tuple[str | int, ...]

Schema = dict[str, Any]

#: How deep a schema goes; what is below it may be anything.
DEEPEST = 8

#: How much of a wrong value is shown.
_SHOWN = 60

_KINDS: dict[type, str] = {str: "a text", list: "a list", dict: "an object"}


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
            faults.append(Fault(place, f"{why}, not {shown(value)}"))
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


ANYTHING = Shape()


def json_of(text: str) -> Any:
    """The JSON value that a text is; the text itself if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def shown(value: Any) -> str:
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
