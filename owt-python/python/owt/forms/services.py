"""What databases and other services give: rows, structures, sounds."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import _json
from .._rows import records
from .._unknown import Unknown
from . import displays, rows
from .pixels import sound_tag
from .registry import JSON, Form


def result(value: Any) -> Sequence[Form]:
    """A result of SQLAlchemy, which is read as it is sent."""
    if not getattr(value, "returns_rows", True):
        return [Form(JSON, lambda _: _json.encoded({"rowcount": value.rowcount}))]
    names = list(value.keys()) if hasattr(value, "keys") else []

    def batches() -> Iterator[Sequence[Any]]:
        for batch in value.partitions(rows.BATCH):
            yield _objects(names, batch) if names else batch

    table = rows.Batches(names, batches)
    whole = Form(JSON, lambda _: rows.as_array(table))
    lines = [Form(media, lambda _: rows.as_lines(table)) for media in (rows.LINES, rows.JSONL)]
    return [whole, *(rows.forms(lambda: table) if names else lines)]


def _objects(names: Sequence[str], batch: Sequence[Any]) -> Sequence[rows.Record]:
    values = [row.values() if isinstance(row, Mapping) else row for row in batch]
    columns = list(map(list, zip(*values, strict=True)))
    try:
        return records([(name,) for name in names], columns, len(batch))
    except Unknown as refused:
        raise _json.unrenderable(refused) from None


def _plain_row(row: Any, depth: int) -> Any:
    names = list(row._fields)
    columns = [[_json.plain(item, depth + 1)] for item in row]
    return records([(name,) for name in names], columns, 1)[0]


def plain_entity(value: Any, depth: int) -> Any:
    """An object that SQLAlchemy maps to a row: its columns."""
    names = [column.key for column in type(value).__mapper__.column_attrs]
    return _json.plain({name: getattr(value, name) for name in names}, depth + 1)


def _plain_peewee(value: Any, depth: int) -> Any:
    return _json.plain(value.__data__, depth + 1)


def _plain_tortoise(value: Any, depth: int) -> Any:
    names = value._meta.fields_db_projection
    return _json.plain({name: getattr(value, name) for name in names}, depth + 1)


def _plain_struct(value: Any, depth: int) -> Any:
    kind = type(value)
    pairs = zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
    return _json.plain({name: getattr(value, field) for name, field in pairs}, depth + 1)


def segment(value: Any) -> Sequence[Form]:
    """A segment of pydub."""

    def wav(_: Any) -> bytes:
        buffer = io.BytesIO()
        value.export(buffer, format="wav")
        return buffer.getvalue()

    def player(_: Any) -> str:
        return sound_tag(wav(value))  # pydub's own would be MP3, which ffmpeg has to write

    return [Form("audio/wav", wav), Form("text/html", player)]


def notes(value: Any) -> Sequence[Form]:
    """A file of MIDI."""

    def midi(_: Any) -> bytes:
        buffer = io.BytesIO()
        value.save(file=buffer)
        return buffer.getvalue()

    return [Form("audio/midi", midi)]


def media(value: Any) -> Sequence[Form]:
    """A sound or a film of IPython's."""
    shown = displays.of(value, type(value).__mro__)
    kind = getattr(value, "mimetype", None) or getattr(value, "_mimetype", None)
    if not isinstance(kind, str) or not isinstance(value.data, (bytes, bytearray)):
        return shown
    return [*shown, Form(kind, lambda _: bytes(value.data))]


FORMS: dict[str, Any] = {
    "sqlalchemy.Result": result,
    "sqlalchemy.ScalarResult": result,
    "sqlalchemy.MappingResult": result,
    "pydub.AudioSegment": segment,
    "mido.MidiFile": notes,
    "IPython.Audio": media,
    "IPython.Video": media,
}
PLAIN: dict[str, Any] = {
    "sqlalchemy.Row": _plain_row,
    "msgspec.Struct": _plain_struct,
    "peewee.Model": _plain_peewee,
    "tortoise.Model": _plain_tortoise,
    "graphql.ExecutionResult": lambda value, depth: _json.plain(value.formatted, depth + 1),
}
