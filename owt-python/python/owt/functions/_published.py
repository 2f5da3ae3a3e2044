"""Modules whose functions are published: loaded as what they are, with their functions to call."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pathlib
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from .. import _code, _hints, _libs, _threads
from .._batch import served
from .._context import loading
from .._errors import Refused
from ._describe import DESCRIBE, described, published, wants_request


class Published:
    """A module as its text was when it was published; what an adaptor is for code that is sent."""

    #: Its helpers may be in a served folder.
    uses_libs = True

    def __init__(self, module: ModuleType, name: str, generation: int, source: str) -> None:
        """Take the module, the name that it is published by, and the text that it is made of."""
        self._module = module
        self._name = name
        self.generation = generation
        self.uses_flask = "flask" in source

    def __repr__(self) -> str:
        """Show the module's name."""
        return f"<Published {self._name}>"

    def function(self, fn_name: str) -> tuple[Callable[..., Any], str | None]:
        """Give what to call, and the name of its first parameter if that wants the request."""
        if fn_name == DESCRIBE:
            return partial(described, self._module, self._name), None
        function = published(self._module).get(fn_name)
        if function is None:
            names = ", ".join(map(repr, published(self._module))) or "nothing"
            raise Refused(
                "not-runnable", "fn_name", f"{self._name} publishes {names}, and no {fn_name!r}"
            )
        function = served(function)
        return function, wants_request(function)

    def reader(self, fn_name: str) -> _hints.Reader | None:
        """None: what is called by its name has all its arguments read at once."""
        return None

    def fresh(self) -> bool:
        """Whether nothing changed that it imports; of its own text another one is made."""
        now = _libs.refresh()
        if now == self.generation or (
            _libs.changed(self.generation, now) <= {self._module.__name__}
        ):
            self.generation = now
            return True
        return False

    def unload(self) -> None:
        """Forget the module, for its memory to be given back."""
        if sys.modules.get(self._module.__name__) is self._module:
            del sys.modules[self._module.__name__]


def load(source: str, name: str, path: str) -> Published:
    """Load a module: import it where its file holds that text, else run the text in its place.

    It has no file where the path is empty. Raises Refused when it is no Python; what its body
    raises comes through.
    """
    generation = _libs.refresh()
    if path:
        try:
            compile(source, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as why:
            refused = _code.no_python(why, source)
            refused.field = None
            raise refused from why
    token = loading.set(True)
    try:
        module = _imported(source, name, path) or _run(source, name, path)
    finally:
        loading.reset(token)
    _threads.mark(vars(module))
    return Published(module, name, generation, source)


def _imported(source: str, name: str, path: str) -> ModuleType | None:
    if path:
        with _libs.looking(name, path):
            if pathlib.Path(path).read_bytes() != source.encode("utf-8", "surrogatepass"):
                return None
            module = importlib.import_module(name)
        file = getattr(module, "__file__", None) or ""
        # another module has the name: one of Python's own, or one that lies before it
        return module if os.path.realpath(file) == os.path.realpath(path) else None
    return importlib.import_module(name)


def _run(source: str, name: str, path: str) -> ModuleType:
    """The module of a text that its file does not hold any more, beside what else has its name."""
    parent = name.rpartition(".")[0]
    if parent:
        importlib.import_module(parent)
    is_package = os.path.basename(path) == "__init__.py"
    places = [os.path.dirname(path)] if is_package else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=places)
    if spec is None:
        raise ImportError(f"{path} is no module of Python's", name=name, path=path)
    module = importlib.util.module_from_spec(spec)
    # a dataclass looks there for the module that it stands in
    is_alone = sys.modules.setdefault(name, module) is module
    try:
        exec(compile(source, path, "exec", dont_inherit=True), vars(module))
    finally:
        if is_alone:
            sys.modules.pop(name, None)
    return module
