"""Parses Python, also while other threads do."""

from __future__ import annotations

import ast
from typing import Any

_TRIES = 10


def parse(source: str, mode: str = "exec") -> Any:
    """Do as `ast.parse` does, and raise what it raises of the source."""
    for _ in range(_TRIES):
        try:
            return ast.parse(source, mode=mode)
        except SystemError:
            # CPython 3.11 counts the depth of the trees of all threads in one place, and takes
            # another's for this one's (gh-106905).
            continue
    return ast.parse(source, mode=mode)
