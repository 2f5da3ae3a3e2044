"""Does something to a module of somebody else's once it has been imported, if it ever is."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Work = Callable[[Any], None]

_logger = logging.getLogger("owt.import")
_wanted: dict[str, Work] = {}


def after_import(name: str, work: Work) -> None:
    """Do the work with the module of that name as soon as its body has run; now if it has."""
    _wanted[name] = work
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    if (module := sys.modules.get(name)) is not None:
        _do(work, module)


class _Finder:
    """First on `sys.meta_path`: knows the modules that are wanted, lets others find them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _wanted:
            return None
        for finder in [other for other in sys.meta_path if other is not self]:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                _follow(spec.loader, name)
                return spec
        return None


def _follow(loader: Any, name: str) -> None:
    """Have the loader's next run of that module's body be followed by the work."""
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        if module.__name__ == name:  # a loader of an archive loads others too
            _do(_wanted[name], module)

    loader.exec_module = exec_module


def _do(work: Work, module: ModuleType) -> None:
    try:
        work(module)
    except Exception:
        # Another version than those that are known. It works as it does elsewhere.
        _logger.exception("%s is not kept apart for each call", module.__name__)
