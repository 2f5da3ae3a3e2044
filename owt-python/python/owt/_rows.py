"""Columns as records: a table's rows, each an object that has the columns' names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ._unknown import Unknown


class Records(Sequence[dict[str, Any]]):
    """The rows of columns that have names; each is made when it is asked for."""

    __slots__ = ("columns", "length")

    def __init__(self, columns: dict[str, Sequence[Any]], length: int) -> None:
        """Take the columns, each of `length` values."""
        self.columns = columns
        self.length = length

    def __len__(self) -> int:
        """Count the rows."""
        return self.length

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give the rows."""
        if not self.columns:
            return ({} for _ in range(self.length))
        names = list(self.columns)
        rows = zip(*self.columns.values(), strict=True)
        return (dict(zip(names, row, strict=True)) for row in rows)

    def __getitem__(self, index: Any) -> Any:
        """Give a row, or a list of some."""
        if isinstance(index, slice):
            some = {name: column[index] for name, column in self.columns.items()}
            return list(Records(some, len(range(self.length)[index])))
        return {name: column[index] for name, column in self.columns.items()}


def records(
    paths: Sequence[tuple[str, ...]], columns: Sequence[Sequence[Any]], count: int, above: str = ""
) -> Records:
    """The `count` rows of the columns; a path of several names is objects in objects.

    Raises `Unknown` if two columns would have one name.
    """
    groups: dict[str, list[int]] = {}
    for place, path in enumerate(paths):
        groups.setdefault(path[0], []).append(place)
    made: dict[str, Sequence[Any]] = {}
    for name, places in groups.items():
        rest = [paths[place][1:] for place in places]
        if all(rest):
            below = [columns[place] for place in places]
            made[name] = records(rest, below, count, f"{above}{name}.")
        elif len(places) == 1:
            made[name] = columns[places[0]]
        else:
            shown = json.dumps(above + name, ensure_ascii=False)
            raise Unknown(f"{len(places)} columns whose name in JSON is {shown} (rename them)")
    return Records(made, count)


def in_column(unknown: Unknown, name: str) -> None:
    """Puts the column's name behind the row in the place of what a column has: `[3].name`."""
    unknown.path.insert(1, f".{name}")


def move_row(unknown: Unknown, to: Callable[[int], str]) -> None:
    """Writes the place's row anew; what is nested too deep has none."""
    if unknown.path and unknown.path[0].startswith("["):
        unknown.path[0] = to(int(unknown.path[0].strip("[]")))
