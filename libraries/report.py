"""Writes how libraries fare into docs/libraries.md, a table for each group."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

import table
from installing import FOLDER, ROOT

DOCUMENT = ROOT / "docs/libraries.md"
MARK = "<!-- tried -->"
SECTION = re.compile(r"(?m)^### (.+)\n\n(\|(?:.*\n)+)")


def keep(group: str, rows: list[dict[str, Any]]) -> None:
    """Keep a group's results, for it can be tried again alone."""
    results(group).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def results(group: str) -> pathlib.Path:
    """Where they are."""
    return FOLDER / f"{group}.json"


def write() -> str:
    """Write what is known into the document; gives the sum of it in words.

    A group that was not tried here stands as it was.
    """
    text = DOCUMENT.read_text(encoding="utf-8")
    before, old, after = text.split(MARK)
    sections = dict(SECTION.findall(old))
    for group in table.groups():
        if results(group).exists():
            rows = json.loads(results(group).read_text(encoding="utf-8"))
            sections[table.about(group)] = _section(rows)
    kept = {
        about: sections[about] for about in map(table.about, table.groups()) if about in sections
    }
    told = _sum("".join(kept.values()))
    tables = "".join(f"### {about}\n\n{rows}\n" for about, rows in kept.items())
    DOCUMENT.write_text(f"{before}{MARK}\n\n{told}\n\n{tables}{MARK}{after}", encoding="utf-8")
    return told


def _sum(rows: str) -> str:
    marks = re.findall(r"(?m)^\| [^|]+\| (yes|no|not tried) \|", rows)
    out = f", {marks.count('not tried')} could not be tried" if "not tried" in marks else ""
    return f"{marks.count('yes')} of {len(marks)} pass in all ways{out}."


def _section(rows: list[dict[str, Any]]) -> str:
    lines = ["| library | passes | forms, the natural one first | notes |", "|---|---|---|---|"]
    return "\n".join([*lines, *map(_row, rows)]) + "\n"


def _row(row: dict[str, Any]) -> str:
    passes = "not tried" if row["not_tried"] else "no" if row["failed"] else "yes"
    shown = [table.NAMES.get(media, f"`{media}`") for media in row["forms"]]
    notes = "; ".join([row["not_tried"], *row["failed"], *row["notes"]]).strip("; ")
    cells = [f"{row['name']} {row['version']}".strip(), passes, ", ".join(shown), _cell(notes)]
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    shown = " ".join(text.split()).replace("|", "\\|")
    return shown if len(shown) <= 300 else f"{shown[:300]}…"
