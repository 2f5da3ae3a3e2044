"""Lists, tuples and dicts of what has forms together: figures, images, arrays, records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from .. import _json
from . import arrays, pictures, pixels, rows
from .registry import Form

# So many are looked at before a list is taken for one of a kind.
_LOOKED_AT = 100


def of(value: Any) -> list[Form]:
    """The forms of a dict, list or tuple beside JSON; none where it is merely data."""
    if isinstance(value, dict):
        named = value and all(
            isinstance(name, str) and arrays.is_array(item)
            for name, item in islice(value.items(), _LOOKED_AT)
        )
        if named:
            return arrays.named_forms(value)
        figures = _figures(list(_flat(value.values())))  # what `boxplot` gives
        return pictures.of_figures(figures) if figures else []
    if type(value) is tuple:
        encoded = _encoded(value)
        if encoded is not None:
            return encoded
        sound = pixels.sound_forms(value)
        if sound:
            return sound
    parts = list(_flat(value))
    figures = _figures(parts)
    if figures:
        return pictures.of_figures(figures)
    if parts and all(pictures.is_image(part) for part in parts):
        return pictures.of_images(parts)
    if value and all(isinstance(item, dict) for item in islice(value, _LOOKED_AT)):
        return rows.forms(lambda: _records(value))
    return []


def _flat(value: Any) -> Iterator[Any]:
    """What is in the lists and tuples of a value, as far as one looks."""
    for item in islice(value, _LOOKED_AT):
        if isinstance(item, (list, tuple)):
            yield from islice(item, _LOOKED_AT)
        else:
            yield item


def _figures(parts: Sequence[Any]) -> list[Any]:
    """The figures that the parts belong to, such as a figure and its axes, each once."""
    found: dict[int, Any] = {}
    for part in parts:
        figure = pictures.figure_among(part)
        if figure is not None:
            found[id(figure)] = figure
    return list(found.values())


def _encoded(value: tuple[Any, ...]) -> list[Form] | None:
    """What OpenCV's `imencode` gives: whether it went well, and the image's bytes."""
    match value:
        case (True, array) if arrays.is_array(array):
            return pixels.file_forms(arrays.host(array)) or None
    return None


def _records(value: Sequence[dict[str, Any]]) -> rows.Batches:
    plain: list[rows.Record] = _json.plain_or_refused(value)
    names = dict.fromkeys(name for record in plain for name in record)
    return rows.Batches(list(names), lambda: [plain])
