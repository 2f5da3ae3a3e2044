"""Installs a group of libraries into an environment of its own, below target/libraries."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

from table import Library

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "target/libraries"
PINNED = ROOT / "libraries/requirements.in"
# What uv draws around its words.
_ORNAMENTS = " \u00d7\u2570\u2500\u25b6\u2502\u251c:"
# What takes longer is given up.
PATIENCE = 900.0


def uv() -> str:
    """The installer: the tests' own, else what is in the path."""
    found = shutil.which("uv", path=f"{ROOT / 'target/venv/bin'}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        sys.exit("uv is missing: `make setup` installs it into target/venv")
    return found


def python(group: str) -> pathlib.Path:
    """The Python of a group's environment."""
    return FOLDER / group / "bin/python"


def install(group: str, libraries: list[Library]) -> dict[str, str]:
    """Install what is missing of the libraries; gives the reasons of those that do not, by name.

    All at once, so that their versions fit together; one by one where that cannot be.
    """
    if not python(group).exists():
        subprocess.run(
            [uv(), "venv", "--quiet", "--python", sys.executable, FOLDER / group], check=True
        )
    together = sorted({wanted for library in libraries for wanted in library.install})
    if not _missing(group, together):
        return {}
    failed = {library.name: _missing(group, library.install) for library in libraries}
    return {name: reason for name, reason in failed.items() if reason}


def install_pinned(group: str) -> None:
    """Install what requirements.txt pins, as an environment of that name."""
    subprocess.run(
        [uv(), "venv", "--quiet", "--clear", "--python", sys.executable, FOLDER / group], check=True
    )
    command = [uv(), "pip", "install", "--quiet", "--python", python(group), "--require-hashes"]
    subprocess.run([*command, "-r", PINNED.with_suffix(".txt")], check=True)


def pinned() -> set[str]:
    """What requirements.in names, by normal names."""
    lines = PINNED.read_text(encoding="utf-8").splitlines()
    return {normal(line) for line in lines if line and not line.startswith("#")}


def _missing(group: str, wanted: list[str]) -> str:
    """Install these; gives why they did not, or nothing."""
    command = [uv(), "pip", "install", "--quiet", "--python", python(group)]
    try:
        made = subprocess.run([*command, *wanted], capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return "installing took too long"
    lines = [line.strip(_ORNAMENTS) for line in made.stderr.splitlines() if line.strip()]
    return "" if made.returncode == 0 else " ".join(lines)[:300] or "uv failed"


def versions(group: str) -> dict[str, str]:
    """What is installed, by normal name."""
    command = [uv(), "pip", "list", "--quiet", "--format", "json", "--python", python(group)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    return {normal(it["name"]): it["version"] for it in json.loads(listed.stdout)}


def normal(name: str) -> str:
    """A distribution's name as it is compared."""
    return name.lower().replace("_", "-").replace(".", "-")


def remove(group: str) -> None:
    """Remove a group's environment."""
    shutil.rmtree(FOLDER / group, ignore_errors=True)
