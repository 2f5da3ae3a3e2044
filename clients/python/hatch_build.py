"""Puts the client into what is built, from the one place where it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: Of the server's package `owt`: the client, that of TARP's, and what makes a package of it.
SHIPPED = (
    "__init__.py",
    "py.typed",
    "client",
    "tarp/__init__.py",
    "tarp/_errors.py",
    "tarp/_pickles.py",
    "tarp/client.py",
)


class Client(BuildHookInterface):
    """Takes the client from the repository, or from the sdist that holds it already."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files. Raises `FileNotFoundError` when they are nowhere."""
        root = Path(self.root)
        places = [root / "owt", root.parents[1] / "owt-python/python/owt"]
        home = next((place for place in places if (place / "client").is_dir()), None)
        if home is None:
            raise FileNotFoundError(f"the client is neither in {places[0]} nor in {places[1]}")
        for name in SHIPPED:
            for file in _files(home / name):
                build_data["force_include"][str(file)] = f"owt/{file.relative_to(home)}"


def _files(place: Path) -> list[Path]:
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    return [file for file in files if file.name == "py.typed" or file.suffix == ".py"]
