"""Tables that are lists of records: tablib, petl, agate, and what Great Tables shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import _json
from . import rows
from .registry import Form, of

#: Gives a table's records as dicts.
Records = Callable[[Any], Sequence[dict[str, Any]]]


def _table(records: Records) -> Callable[[Any], Sequence[Form]]:
    def found(value: Any) -> rows.Batches:
        plain: list[rows.Record] = _json.plain_or_refused(list(records(value)))
        return rows.Batches(list(plain[0]) if plain else [], lambda: [plain])

    return lambda value: [rows.json_form(), *rows.forms(lambda: found(value))]


def _plain(records: Records) -> Callable[[Any, int], Any]:
    return lambda value, depth: _json.plain(list(records(value)), depth + 1)


def shown(value: Any) -> Sequence[Form]:
    """A table that Great Tables lays out: its page, else the forms of its data."""
    data = value._tbl_data
    forms = of(data)
    others = [
        Form(one.media, lambda _, one=one: one.make(data))  # type: ignore[misc]
        for one in (forms if isinstance(forms, list) else [])
        if one.media != "text/html"
    ]
    return [Form("text/html", lambda _: value.as_raw_html()), *others]


_RECORDS: dict[str, Records] = {
    "tablib.Dataset": lambda value: value.dict,
    "petl.Table": lambda value: list(value.dicts()),
    "agate.Table": lambda value: [row.dict() for row in value.rows],
}
FORMS: dict[str, Any] = {
    **{name: _table(records) for name, records in _RECORDS.items()},
    "great_tables.GT": shown,
}
PLAIN: dict[str, Any] = {
    **{name: _plain(records) for name, records in _RECORDS.items()},
    "great_tables.GT": lambda value, depth: _json.plain(value._tbl_data, depth),
}
