"""Parses Python while other threads parse, too."""

from __future__ import annotations

import ast
from typing import Any

_TRIES = 10


def parse(source: str, mode: str = "exec") -> Any:
    """Parse like `ast.parse`, with the same errors for what is no Python."""
    for _ in range(_TRIES):
        try:
            return ast.parse(source, mode=mode)
        except SystemError:
            # CPython 3.11 counts the depth of the trees of all threads in one place, and takes
            # another's for this one's (gh-106905).
            continue
    return ast.parse(source, mode=mode)
