"""The adaptors as modules: `owt.adaptors.h<digest>`.

A child process of an adaptor (multiprocessing with spawn or forkserver) imports them by these
names to find the functions it is to run; they are read from the folder that OWT_ADAPTORS names.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import ModuleType

#: The environment variable that names the folder of the adaptors' sources.
FOLDER = "OWT_ADAPTORS"

_PREFIX = __name__ + "."


def folder() -> str:
    """Give the folder of the adaptors' sources; without a server, a temporary one."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="owt-adaptors-")
    return os.environ[FOLDER]


def module_name(digest: str) -> str:
    """Give the name of the module for the source of this digest."""
    return f"{_PREFIX}h{digest}"


def source_file(digest: str) -> str:
    """Give the path of the file for the source of this digest."""
    return os.path.join(folder(), f"h{digest}.py")


def put(name: str, module: ModuleType | None) -> ModuleType | None:
    """Make this module the one of that name, as an import would, and give what it replaces.

    `None` takes away what is there. Code finds functions by their modules' names in two ways:
    in `sys.modules`, and as attributes of packages.
    """
    before = sys.modules.pop(name, None)
    namespace = globals()
    namespace.pop(name.removeprefix(_PREFIX), None)
    if module is not None:
        sys.modules[name] = namespace[name.removeprefix(_PREFIX)] = module
    return before


class Loader(SourceFileLoader):
    """Loads an adaptor's module from its source file."""

    def get_source(self, fullname: str) -> str:
        """Give the source as it was sent, whatever its lines end with."""
        with open(self.path, encoding="utf-8", newline="") as file:
            return file.read()

    def exec_module(self, module: ModuleType) -> None:
        """Run the adaptor in the namespace that the server gives it."""
        from owt._adaptor import execute  # which imports this package

        execute(module, self.get_source(module.__name__))


class _Finder:
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if not fullname.startswith(_PREFIX + "h") or FOLDER not in os.environ:
            return None
        file = source_file(fullname.removeprefix(_PREFIX + "h"))
        return spec_for(fullname, file) if os.path.isfile(file) else None


def spec_for(fullname: str, path: str) -> ModuleSpec | None:
    """Give the import system's description of an adaptor's module."""
    return importlib.util.spec_from_file_location(fullname, path, loader=Loader(fullname, path))


sys.meta_path.insert(0, _Finder())
