"""Writes the arguments of a call by name as a body: JSON, or a form where files are among them.

What a function is given is data, as its hints read it. Numpy's arrays go as npy, frames as a stream
of Arrow, images as PNG, bytes and open files as they are: each is a file of the form, and what
stands beside them is JSON in a part of its own.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import importlib
import io
import json
import math
import os
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, Union

from ._multipart import OCTETS, Body, Field, File, of_parts

JSON: Final = "application/json"
NPY: Final = "application/x-npy"
NPZ: Final = "application/x-npz"
ARROW: Final = "application/vnd.apache.arrow.stream"
#: As deep as JSON goes: what holds itself is told by it.
_DEEPEST: Final = 190

#: What a value is sent as: a file, several of one name, or what JSON has.
Sent = Union["Upload", list["Upload"], Any]


class Upload:
    """A value that is sent as a file."""

    def __init__(self, file: File) -> None:
        """Take the file, as `files` of a call has it."""
        self.file = file


#: In a request that has one of these, it is code that runs (docs/functions.md).
_CODE = ("code", "code_b64")


def body_of(
    args: Sequence[object], named: Mapping[str, object], placed: Sequence[str] | None
) -> Body:
    """The body that carries these arguments.

    `placed` are the names of the parameters that positions give, where they are known: files have
    names. Raises `TypeError` for what cannot be sent, with its place and what to send instead.
    """
    positional = [_sent(value, f"argument {at + 1}") for at, value in enumerate(args)]
    by_name = {name: _sent(value, f"the argument {name}") for name, value in named.items()}
    names = placed or ()
    if len(names) >= len(positional):
        for name, value in zip(names, positional):
            if name in by_name:
                raise TypeError(f"the argument {name} is given by position and by name")
            by_name[name] = value
        positional = []
    if not any(map(_is_file, [*positional, *by_name.values()])):
        # beside the name of code, which would be run, they go in `kwargs`
        is_plain = not positional and by_name.keys().isdisjoint(_CODE)
        whole = by_name if is_plain else {"args": positional, "kwargs": by_name}
        text = json.dumps(whole, separators=(",", ":")).encode()
        return Body([text], JSON, len(text))
    if positional:
        raise TypeError(
            f"files go by name, and of {len(positional)} arguments by position only {len(names)} "
            "have one that is known: give them by name"
        )
    if not by_name.keys().isdisjoint(_CODE):
        raise TypeError("an argument called code cannot be sent with a file: it would be run")
    return of_parts([part for name, value in by_name.items() for part in _parts(name, value)])


def _parts(name: str, value: Sent) -> list[tuple[str, Field | File]]:
    if isinstance(value, Upload):
        return [(name, value.file)]
    if _is_file(value):
        return [(name, one.file) for one in value]
    return [(name, Field(json.dumps(value, separators=(",", ":")).encode(), JSON))]


def _is_file(value: Sent) -> bool:
    return isinstance(value, Upload) or (
        isinstance(value, list) and bool(value) and all(isinstance(one, Upload) for one in value)
    )


def _sent(value: object, place: str) -> Sent:
    if isinstance(value, (list, tuple)) and value:
        files = [upload_of(one, f"{place}[{at}]") for at, one in enumerate(value)]
        if all(file is not None for file in files):
            return files
    return upload_of(value, place) or _plain(value, place, 0)


def upload_of(value: Any, place: str) -> Upload | None:
    """The file that a value is sent as; None for one that JSON has."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Upload(("data", value, OCTETS))
    if hasattr(value, "read"):
        return Upload(value)
    for kind in type(value).__mro__:
        writer = _WRITERS.get(f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}")
        if writer is not None:
            try:
                return Upload(writer(value))
            except (TypeError, ValueError) as error:
                raise TypeError(f"{place} cannot be sent: {error}") from error
    return None


def _array(value: Any) -> File:
    numpy = importlib.import_module("numpy")
    buffer = io.BytesIO()
    numpy.save(buffer, value, allow_pickle=False)
    return ("array.npy", buffer.getbuffer(), NPY)


def _pandas(frame: Any) -> File | Any:
    try:
        arrow = importlib.import_module("pyarrow")
    except ImportError:
        csv: bytes = frame.to_csv(index=False).encode()
        return ("frame.csv", csv, "text/csv")
    return _arrow(arrow.Table.from_pandas(frame))


def _arrow(table: Any) -> File:
    arrow = importlib.import_module("pyarrow")
    buffer = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(buffer, table.schema) as writer:
        writer.write(table)
    return ("table.arrow", memoryview(buffer.getvalue()), ARROW)


def _polars(frame: Any) -> File:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer)
    return ("frame.arrow", buffer.getbuffer(), ARROW)


def _image(image: Any) -> File:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return ("image.png", buffer.getbuffer(), "image/png")


#: By library and class: nothing is imported to know a value.
_WRITERS: dict[str, Any] = {
    "numpy.ndarray": _array,
    "torch.Tensor": lambda tensor: _array(tensor.detach().cpu().numpy()),
    "pandas.DataFrame": _pandas,
    "polars.DataFrame": _polars,
    "polars.LazyFrame": lambda frame: _polars(frame.collect()),
    "pyarrow.Table": _arrow,
    "PIL.Image": _image,
}


def _plain(value: Any, place: str, depth: int) -> Any:
    """The value as JSON has it."""
    if depth > _DEEPEST:
        raise TypeError(f"{place} is nested too deep (does it contain itself?)")
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, enum.Enum):
        return _plain(value.value, place, depth + 1)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(
                f"{place} is {value!r}, which JSON has not: send an array, or None for no number"
            )
        return float(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    for kinds, write in _WRITTEN:
        if isinstance(value, kinds):
            return write(value)
    return _plain_members(value, place, depth + 1)


def _plain_members(value: Any, place: str, depth: int) -> Any:
    if hasattr(value, "model_dump"):  # pydantic's
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        value = {field.name: getattr(value, field.name) for field in fields if field.init}
    elif isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {
            _key(key, place): _plain(item, f"{place}[{key!r}]", depth)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [_plain(item, f"{place}[{at}]", depth) for at, item in enumerate(value)]
    if type(value).__module__.partition(".")[0] == "numpy" and getattr(value, "shape", None) == ():
        return _plain(value.item(), place, depth)
    kind = type(value)
    raise TypeError(
        f"{place} is a {kind.__module__}.{kind.__qualname__}, which cannot be sent; "
        + ("send its values: .tolist()" if hasattr(value, "tolist") else _MEND)
    )


_MEND: Final = (
    "send plain data (numbers, text, bytes, lists, dicts, dates, dataclasses), and an array, a "
    "frame or a file as an argument of its own"
)


def _key(key: Any, place: str) -> str:
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, str):
        return key
    if type(key) in (bool, int, float):
        return json.dumps(key)
    for kinds, write in _WRITTEN:
        if isinstance(key, kinds):
            return str(write(key))
    raise TypeError(f"{place} has a {type(key).__qualname__} as a key; send text, or a number")


#: What a text spells, as the hints of the same classes read it.
_WRITTEN: list[tuple[Any, Any]] = [
    ((datetime.date, datetime.time), lambda value: value.isoformat()),
    (datetime.timedelta, lambda value: value.total_seconds()),
    ((uuid.UUID, decimal.Decimal), str),
    (os.PathLike, os.fspath),
]
