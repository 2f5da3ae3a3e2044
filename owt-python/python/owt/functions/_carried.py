"""Values that are read from bytes: arrays, tables, images, files."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from .._bodies import Kind
from .._errors import Refused, bounded, message_of, type_name
from .._hints import read_as
from .._multipart import File
from ._shape import Fault, Faults, Place, Schema, Shape, shown


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
        faults.append(Fault(place, f"{message}, not {shown(value)}"))
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
