"""Names that an adaptor may use without an import: they are bound where its code uses them.

Modules and functions of Python's own, and those of flask and requests where these are installed.
"""

from __future__ import annotations

import pkgutil
import symtable
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from . import _flask, _missing

STANDARD = {
    "Any": "typing:Any",
    "Callable": "typing:Callable",
    "Optional": "typing:Optional",
    "Process": "multiprocessing:Process",
    "argparse": "argparse",
    "asyncio": "asyncio",
    "base64": "base64",
    "builtins": "builtins",
    "dataclass": "dataclasses:dataclass",
    "dataclasses": "dataclasses",
    "defaultdict": "collections:defaultdict",
    "hashlib": "hashlib",
    "json": "json",
    "logging": "logging",
    "os": "os",
    "sys": "sys",
    "traceback": "traceback",
    "types": "types",
    "urllib": "urllib",
}
FLASK = {
    "Flask": "flask:Flask",
    "jsonify": "flask:jsonify",
    "make_response": "flask:make_response",
    "render_template": "flask:render_template",
    "send_file": "flask:send_file",
    "url_for": "flask:url_for",
}
INSTALLED = {**FLASK, "app": "flask", "requests": "requests"}


def used(source: str) -> set[str]:
    """Give the names that a module takes from outside. Its source must be known to compile."""
    top = symtable.symtable(source, "<adaptor>", "exec")
    bound = {
        symbol.get_name()
        for table in _tables(top)
        for symbol in table.get_symbols()
        if (table is top or symbol.is_declared_global()) and _binds(symbol)
    }
    taken = {
        symbol.get_name()
        for table in _tables(top)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and symbol.is_global()
    }
    return taken - bound


def bind(names: Iterable[str], namespace: dict[str, Any]) -> dict[str, Any]:
    """Bind those of the names that are ready and nothing else yet; give what was bound."""
    bound = {}
    for name in names:
        if name in namespace or not (name in STANDARD or name in INSTALLED):
            continue
        try:
            bound[name] = _value(name)
        except ImportError:
            continue  # the code meets a NameError where it uses the name
    namespace.update(bound)
    return bound


def needs_flask(names: Iterable[str]) -> bool:
    """Whether one of these works only in flask's context."""
    return any(name in FLASK or name == "app" for name in names)


def hint(name: str | None) -> str:
    """Say of a name that was not found what is to be installed for it; empty for other names."""
    package = INSTALLED.get(name or "", "").partition(":")[0]
    if not package or _missing.is_there(package):
        return ""
    return f": it is there where {package} is" + _missing.hint(ModuleNotFoundError(name=package))


def _value(name: str) -> Any:
    if name == "app":
        return _flask.app()
    if name == "urllib":
        return _urllib()
    return pkgutil.resolve_name({**STANDARD, **INSTALLED}[name])


def _urllib() -> ModuleType:
    import urllib.error
    import urllib.parse
    import urllib.request

    return urllib


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for inner in table.get_children():
        yield from _tables(inner)


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported()
