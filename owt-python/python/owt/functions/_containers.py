"""Values that hold others: lists, tuples, sets, dicts; and unions, which are one of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .._multipart import File
from ._scalars import NULL
from ._shape import ANYTHING, DEEPEST, Fault, Faults, Place, Schema, Shape, json_of, shown


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


def union(shapes: Iterable[Shape]) -> Shape:
    """What any of these is."""
    every = list(shapes)
    return every[0] if len(every) == 1 else Either(every)


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
            faults.append(Fault(place, f"it should be {self.named()}, not {shown(value)}"))
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
            faults.append(Fault(place, f"it should be {self.named()}, not {shown(value)}"))
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
            faults.append(Fault(place, f"it should be an object, not {shown(value)}"))
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
