"""Reads the table of libraries: groups/*.toml, an entry for each library.

install   what is installed for it, if not the entry's own name
code      the adaptor; `run` gives the library's natural value
forms     the forms that it has to have, the natural one first: short names or media types
holds     what the natural answer contains
fixed     whether the value is the answer itself (text, bytes, a response), whatever is accepted
varies    whether two answers differ (identifiers, moments in a file)
programs  programs that it calls; where one is missing, the library is not tried
note      what users of it have to know
"""

from __future__ import annotations

import pathlib
import tomllib
from dataclasses import dataclass

from owt.forms.wishes import SHORT

GROUPS = pathlib.Path(__file__).resolve().parent / "groups"

# Media types by the names that the report shows; of two names the first.
NAMES: dict[str, str] = {}
for _name, _media in SHORT.items():
    NAMES.setdefault(_media, _name)


@dataclass(frozen=True)
class Library:
    """An entry of the table."""

    name: str
    code: str
    forms: list[str]
    install: list[str]
    holds: str = ""
    fixed: bool = False
    varies: bool = False
    programs: tuple[str, ...] = ()
    note: str = ""

    @property
    def media(self) -> list[str]:
        """The media types of `forms`."""
        return [SHORT.get(form, form) for form in self.forms]

    @property
    def distribution(self) -> str:
        """The name of what is installed, whose version the report tells."""
        requirement = self.install[0]
        return next(
            (requirement[:at] for at, letter in enumerate(requirement) if letter in "[<>=~; "),
            requirement,
        )


def groups() -> list[str]:
    """The groups' names."""
    return sorted(path.stem for path in GROUPS.glob("*.toml"))


def of(group: str) -> list[Library]:
    """The libraries of a group."""
    entries = tomllib.loads((GROUPS / f"{group}.toml").read_text(encoding="utf-8"))
    return [Library(name=name, **{"install": [name], **entry}) for name, entry in entries.items()]


def about(group: str) -> str:
    """What a group is, in words: its file's first line."""
    first = (GROUPS / f"{group}.toml").read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("#").strip().removesuffix(".")
