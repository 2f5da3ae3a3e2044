"""Records as JSON lines, CSV, HTML, Markdown and XLSX, batch by batch where it can be so."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from .. import _json
from .available import available, library
from .registry import JSON, Form

LINES = "application/x-ndjson"
JSONL = "application/jsonl"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: A table longer than this is shown in part in HTML; all else has all of it.
SHOWN = 1000
#: Rows that are made plain at once.
BATCH = 5000

Record = dict[str, Any]


class Batches(NamedTuple):
    """A table: its columns' names, and what gives its rows in batches: what JSON has as arrays."""

    names: Sequence[str]
    batches: Callable[[], Iterable[Any]]

    def plain(self) -> Iterator[list[Record]]:
        """Give each batch as plain objects."""
        return map(_json.plain_or_refused, self.batches())

    def rows(self) -> Iterator[list[Any]]:
        """Give each row's values in the order of the names."""
        for batch in self.plain():
            for record in batch:
                yield [record.get(name) for name in self.names]


def forms(table: Callable[[], Batches]) -> list[Form]:
    """What any table can be given in besides JSON, the natural one first."""
    made = [
        Form("text/html", lambda _: as_html(table())),
        Form("text/csv", lambda _: as_csv(table())),
        Form(LINES, lambda _: as_lines(table())),
        Form(JSONL, lambda _: as_lines(table())),
        Form("text/markdown", lambda _: as_markdown(table())),
    ]
    if available("openpyxl"):
        made.append(Form(XLSX, lambda _: as_xlsx(table())))
    return made


def json_form() -> Form:
    """The value's own JSON."""
    return Form(JSON, _json.encoded)


def as_lines(table: Batches) -> Iterator[bytes]:
    """Give a line of JSON for each row."""
    for batch in table.batches():
        yield _json.lines(batch)


def as_array(table: Batches) -> Iterator[bytes]:
    """Give a JSON array of all rows, piece by piece."""
    before = b"["
    for batch in table.batches():
        rows = _json.encoded(batch)[1:-1]
        if rows:
            yield before + rows
            before = b","
    yield b"[]" if before == b"[" else b"]"


def as_csv(table: Batches) -> Iterator[str]:
    """Give CSV (RFC 4180, lines that end with LF), the names first."""
    yield _csv_lines([table.names])
    for batch in table.plain():
        yield _csv_lines([[_cell(row.get(name)) for name in table.names] for row in batch])


def _csv_lines(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def as_html(table: Batches) -> str:
    """A table of HTML of at most `SHOWN` rows, which says how many it leaves out."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in table.names)
    lines, count = [], 0
    for count, row in enumerate(table.rows(), 1):
        if count <= SHOWN:
            lines.append("".join(f"<td>{html.escape(_text(cell))}</td>" for cell in row))
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    shown = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return shown + left_out(count)


def left_out(count: int) -> str:
    """What HTML says of the rows that it does not show."""
    return f"\n<p>{count - SHOWN:,} of {count:,} rows are left out</p>" if count > SHOWN else ""


def as_markdown(table: Batches) -> str:
    """A table of Markdown (GitHub's)."""
    lines = [[_escaped(name) for name in table.names], ["---"] * len(table.names)]
    lines += [[_escaped(_text(cell)) for cell in row] for row in table.rows()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\r", " ").replace("\n", "<br>")


def as_xlsx(table: Batches) -> bytes:
    """A workbook with one sheet."""
    book = library("openpyxl").Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(table.names))
    for row in table.rows():
        sheet.append([_cell(cell) for cell in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _text(cell: Any) -> str:
    cell = _cell(cell)
    return "" if cell is None else str(cell)


def _cell(cell: Any) -> Any:
    """A value of a table of text: what is no number or text is JSON."""
    if isinstance(cell, (dict, list, tuple)):
        return json.dumps(cell, ensure_ascii=False)
    return cell
