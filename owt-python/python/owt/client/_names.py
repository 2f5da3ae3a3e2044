"""The names that a server publishes, as a client last read them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

#: What the catalogue tells of one function.
Description = Mapping[str, Any]
#: In seconds, how old the catalogue has to be before it is asked for a name that it lacks.
_STALE: Final = 5.0
#: In seconds, how long a server that has just begun may take to know a name.
_LONGEST: Final = 30.0


class Names:
    """The catalogue as it was when it was last read."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._told: dict[str, Description] = {}
        self._is_ready = True
        self._read_at: float | None = None

    def keep(self, catalogue: Any) -> None:
        """Take what the server answered."""
        told = catalogue.get("functions", []) if isinstance(catalogue, dict) else []
        self._told = {one["name"]: one for one in told if isinstance(one, dict) and "name" in one}
        self._is_ready = not isinstance(catalogue, dict) or bool(catalogue.get("ready", True))
        self._read_at = time.monotonic()

    def readings(self, name: str) -> Iterator[float]:
        """When to read the catalogue so that this name is known: seconds to wait before each time.

        A server that has just begun does not know all of its modules yet.
        """
        waited, pause = 0.0, 0.0
        if self._read_at is None or (
            time.monotonic() - self._read_at > _STALE and self._lacks(name)
        ):
            yield pause
        while not self._is_ready and self._lacks(name) and waited < _LONGEST:
            pause = min(2 * pause or 0.02, 0.5)
            waited += pause
            yield pause

    def _lacks(self, name: str) -> bool:
        return name not in self._told and not self.below(name)

    def get(self, name: str) -> Description | None:
        """What is told of a function."""
        return self._told.get(name)

    def below(self, prefix: str) -> list[str]:
        """The next parts of the names that begin so; all first parts for nothing."""
        begin = f"{prefix}." if prefix else ""
        found = (name[len(begin) :] for name in self._told if name.startswith(begin))
        return sorted({name.partition(".")[0] for name in found})

    def missing(self, address: str, name: str) -> AttributeError:
        """The error of a name that nobody publishes, with those that are like it."""
        import difflib  # for those alone who misspell

        modules = {name.rpartition(".")[0] for name in self._told}
        near = difflib.get_close_matches(name, sorted({*self._told, *modules}), 3)
        if not near:
            # The same function of another module.
            last = name.rpartition(".")[2]
            near = [one for one in self._told if one.rpartition(".")[2] == last][:3]
        said = f"; near: {', '.join(near)}" if near else ""
        return AttributeError(
            f"{address} publishes no {name}{said} (what it hides is called by "
            f"client.function({name!r}))"
        )
