"""Reads what a function gives: arrays from npy, tables from Arrow, all else as its type says."""

from __future__ import annotations

import codecs
import importlib
import importlib.util
import io
import sys
from typing import Any, Final

from . import _values
from ._errors import BadAnswer
from ._named_arguments import ARROW, NPY, NPZ
from ._names import Description

#: JSON lines are the values of a stream; text and bytes come as they are.
STREAM: Final = "application/x-ndjson, */*;q=0.9"
LINES: Final = ("application/x-ndjson", "application/jsonl")


def accept() -> str:
    """What is asked for: what this program can read as the value that it is."""
    forms = [NPY, NPZ] if _is_there("numpy") else []
    forms += [ARROW] if _is_there("polars") or _is_there("pyarrow") else []
    return ", ".join([*forms, "application/json;q=0.9", "*/*;q=0.8"])


def value(body: bytes, content_type: str, media: str, told: Description | None) -> Any:
    """The value that came. What is hinted as text or bytes is that, whatever it looks like."""
    hint = "" if told is None else str((told.get("returns") or {}).get("hint", ""))
    if hint in ("bytes", "bytearray"):
        return body
    if hint == "str" and not _values.is_json(media):
        return _values.text(body, content_type)
    if media not in (NPY, NPZ, ARROW):
        return _values.value(body, content_type, media)
    try:
        return _table(body, told) if media == ARROW else _arrays(body)
    except (ImportError, ValueError, OSError) as error:
        raise BadAnswer(f"the answer, {media}, cannot be read: {error}") from error


def _arrays(body: bytes) -> Any:
    loaded = importlib.import_module("numpy").load(io.BytesIO(body), allow_pickle=False)
    return dict(loaded) if hasattr(loaded, "files") else loaded


def _table(body: bytes, told: Description | None) -> Any:
    """A frame of the library that the function says, or that made it, or that is here."""
    schema = {} if told is None else (told.get("returns") or {}).get("schema") or {}
    library = str(schema.get("x-owt-type", "")).partition(".")[0]
    if (library == "polars" and _is_there("polars")) or not _is_there("pyarrow"):
        return importlib.import_module("polars").read_ipc_stream(io.BytesIO(body))
    table = importlib.import_module("pyarrow.ipc").open_stream(body).read_all()
    is_pandas = b"pandas" in (table.schema.metadata or {})
    if library != "pyarrow" and (library == "pandas" or is_pandas) and _is_there("pandas"):
        return table.to_pandas()
    if library != "pyarrow" and _is_there("polars"):
        return importlib.import_module("polars").from_arrow(table)
    return table


def _is_there(name: str) -> bool:
    return name in sys.modules or importlib.util.find_spec(name) is not None


def decoder(content_type: str) -> codecs.IncrementalDecoder:
    """What decodes a text that comes in pieces."""
    return codecs.getincrementaldecoder(_values.charset(content_type))("replace")
