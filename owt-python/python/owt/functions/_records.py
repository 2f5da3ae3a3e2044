"""Objects with members of their own: dataclasses, named tuples, TypedDicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .._errors import bounded, message_of, type_name
from ._shape import DEEPEST, Fault, Faults, Place, Schema, Shape, json_of, shown


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
            faults.append(Fault(place, f"it should be {self.named()}, not {shown(value)}"))
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
