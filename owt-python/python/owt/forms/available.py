"""Libraries that make a form: offered where they are there, imported when the form is asked for."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from typing import Any


@functools.cache
def available(name: str) -> bool:
    """Whether a top-level module is loaded or could be. Imports nothing."""
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def library(name: str) -> Any:
    """Import a module for a form that somebody asks for."""
    return importlib.import_module(name)
