"""The served library folders: importable, and imported anew when their files change."""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import importlib.util
import os
import sys
from _thread import RLock
from collections.abc import Iterator, Sequence, Set
from importlib.machinery import FileFinder, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

_Stamp = tuple[int, int, int]

_folders: list[str] = []
_loaded: dict[str, tuple[str, _Stamp | None]] = {}
#: out of date, but another thread was in the middle of importing them
_late: set[str] = set()
_lock = RLock()
_generation = 0
#: which modules changed between a generation and the one before it, of the last ones
_changes: dict[int, frozenset[str]] = {}
_REMEMBERED = 64


class _Loader(SourceFileLoader):
    """Compiles from the source each time: byte code is kept by whole seconds, edits are faster."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        # stamped before it is read: a write in between is then seen as a change
        with _lock:
            _loaded[fullname] = (path, _stamp(path))
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def serve(folders: Sequence[str]) -> None:
    """Put the folders first on sys.path, in order, and load what is below them by our loader."""
    _folders[:] = [os.path.realpath(folder) for folder in folders]
    sys.path[:] = [*_folders, *(entry for entry in sys.path if entry not in _folders)]
    if _hook not in sys.path_hooks:
        sys.path_hooks.insert(0, _hook)
    for entry in list(sys.path_importer_cache):
        if _served(entry):
            del sys.path_importer_cache[entry]


def generation() -> int:
    """Which state of the libraries is loaded: the number grows with each change seen."""
    return _generation


def refresh() -> int:
    """Look at the files of the loaded libraries; when one changed, forget them all.

    Gives the generation after that. Costs one stat for each loaded file.
    """
    global _generation
    with _lock:
        changed = {name for name, (path, stamp) in _loaded.items() if _stamp(path) != stamp}
        if changed or not all(map(_initializing, _late)):
            changed |= _late
            _forget()
            _generation += 1
            _changes[_generation] = frozenset(changed)
            _changes.pop(_generation - _REMEMBERED, None)
        return _generation


def changed(since: int, now: int) -> Set[str]:
    """Which modules changed from one generation to another; every one where that is forgotten."""
    with _lock:
        found: set[str] = set()
        for generation in range(since + 1, now + 1):
            found |= _changes.get(generation, {"*"})
        return found


@contextlib.contextmanager
def looking(name: str, path: str) -> Iterator[None]:
    """Have a module that is imported meanwhile from that file forgotten when the file changes."""
    stamp = _stamp(path)
    yield
    with _lock:
        if name in sys.modules:
            _loaded.setdefault(name, (path, stamp))


def may_provide(name: str) -> bool:
    """Whether a top-level module of this name is in a served folder, or may come there.

    That is so for what is nowhere yet. Imports nothing.
    """
    if not _folders:
        return False
    try:
        if PathFinder.find_spec(name, _folders) is not None:
            return True
        return importlib.util.find_spec(name) is None
    except (ImportError, ValueError):
        return False


def _hook(path: str) -> FileFinder:
    if not _served(path):
        raise ImportError("not a served folder", path=path)
    return FileFinder(
        path,
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (_Loader, importlib.machinery.SOURCE_SUFFIXES),
    )


def _served(path: str) -> bool:
    """Whether the path is in a served folder, and not in a site-packages that lies below one."""
    path = os.path.realpath(path) if path else os.getcwd()
    for folder in _folders:
        if _below(path, folder):
            others = (os.path.realpath(entry) for entry in sys.path if entry)
            return not any(
                other not in _folders and _below(path, other) and _below(other, folder)
                for other in others
            )
    return False


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _stamp(path: str) -> _Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _forget() -> None:
    # taking a module away while it is being imported would make that import fail
    _late.clear()
    _late.update(name for name in _loaded if _initializing(name))
    for name, module in sys.modules.copy().items():
        if name not in _late and (name in _loaded or _is_namespace(module)):
            sys.modules.pop(name, None)
    kept = {name: (_loaded[name][0], _stamp(_loaded[name][0])) for name in _late}
    _loaded.clear()
    _loaded.update(kept)
    importlib.invalidate_caches()


def _initializing(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


def _is_namespace(module: ModuleType) -> bool:
    """A folder without __init__.py below a served folder: it is a module too."""
    spec = getattr(module, "__spec__", None)
    if spec is None or spec.origin is not None or spec.submodule_search_locations is None:
        return False
    places = list(spec.submodule_search_locations)
    return bool(places) and all(_served(place) for place in places)
