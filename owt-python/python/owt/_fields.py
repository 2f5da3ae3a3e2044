"""The fields of a request: of its query, its form and its head."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


class MultiDict(dict[str, Any]):
    """A dict that gives the first of several values; `getlist` gives all."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        """Take the pairs in their order."""
        self._all: dict[str, list[Any]] = {}
        for key, value in pairs:
            self._all.setdefault(key, []).append(value)
        super().__init__({key: values[0] for key, values in self._all.items()})

    def get(self, key: str, default: Any = None, type: Callable[[Any], Any] | None = None) -> Any:
        """Give the first value, made by `type`; the default when missing or when that fails."""
        if key not in self:
            return default
        if type is None:
            return self[key]
        try:
            return type(self[key])
        except (TypeError, ValueError):
            return default

    def getlist(self, key: str, type: Callable[[Any], Any] | None = None) -> list[Any]:
        """Give all values of a key, without those that `type` cannot make."""
        values = list(self._all.get(key, []))
        if type is None:
            return values
        made = []
        for value in values:
            try:
                made.append(type(value))
            except (TypeError, ValueError):
                continue
        return made

    def lists(self) -> Iterator[tuple[str, list[Any]]]:
        """Give each key with all its values."""
        return ((key, list(values)) for key, values in self._all.items())

    def to_dict(self, flat: bool = True) -> dict[str, Any]:
        """Give a plain dict of the first values, or of lists."""
        return dict(self) if flat else dict(self.lists())


class Headers(Mapping[str, str]):
    """The header fields: case does not matter, repeated fields are joined with commas."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        """Take the fields in their order, with their bytes as Latin-1 text."""
        self._all: dict[str, list[str]] = {}
        for name, value in pairs:
            self._all.setdefault(name.lower(), []).append(_utf8_or_latin(value))

    def __getitem__(self, name: str) -> str:
        """Give the field's value (RFC 9110, 5.3)."""
        values = self._all[name.lower()]
        return ("; " if name.lower() == "cookie" else ", ").join(values)

    def __contains__(self, name: object) -> bool:
        """Say whether the field was sent."""
        return isinstance(name, str) and name.lower() in self._all

    def __iter__(self) -> Iterator[str]:
        """Give the names, written as `Content-Type`."""
        return ("-".join(word.capitalize() for word in name.split("-")) for name in self._all)

    def __len__(self) -> int:
        """Count the names."""
        return len(self._all)

    def __repr__(self) -> str:
        """Show the fields, without secrets."""
        secret = ("authorization", "cookie", "proxy-authorization")
        shown = {k: "..." if k.lower() in secret else v for k, v in self.items()}
        return f"Headers({shown!r})"

    def getlist(self, name: str) -> list[str]:
        """Give each value of a repeated field."""
        return list(self._all.get(name.lower(), []))


def _utf8_or_latin(value: str) -> str:
    """Read a header's bytes as UTF-8 where they are; else they stay the Latin-1 they came as."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
