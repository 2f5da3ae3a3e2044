"""Adaptors: the code of a call, loaded once and kept warm."""

from __future__ import annotations

import ast
import importlib.util
import linecache
import os
import pathlib
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from . import _code, _hints, _libs, _ready, _threads, adaptors
from ._batch import served
from ._context import loading
from ._errors import UNPARSED, Refused
from ._flow import Flow
from ._words import with_article
from .functions import _published
from .functions._describe import DESCRIBE, described, wants_request
from .functions._published import Published

_RUN = "run"


class Adaptor:
    """The loaded code of a call."""

    def __init__(
        self,
        module: ModuleType,
        code: _code.Code,
        generation: int,
        source: str,
        ready: dict[str, Any],
    ) -> None:
        """Take the module whose body has run, what is known of its source, and what it was lent."""
        self._module = module
        self._given = namespace() | ready
        self._expression = not isinstance(code.tree, ast.Module)
        #: The state of the served libraries that it was loaded with.
        self.generation = generation
        self._functions: dict[str, tuple[Callable[..., Any], str | None]] = {}
        #: Whether the code may use flask.
        self.uses_flask = "flask" in source or _ready.needs_flask(ready)
        #: Whether the code may import what lives in a served library folder.
        self.uses_libs = any(_libs.may_provide(name) for name in set(_code.imported(code)))

    def __repr__(self) -> str:
        """Show the module's name."""
        return f"<Adaptor {self._module.__name__}>"

    def function(self, fn_name: str) -> tuple[Callable[..., Any], str | None]:
        """Give what to call, and the name of its first parameter if that wants the request.

        Raises Refused when the code does not define it, or when it cannot be called. An
        expression has one value, whatever the name.
        """
        if fn_name == DESCRIBE:
            return partial(described, self._module, self._module.__name__), None
        if self._expression:
            fn_name = _RUN
        found = self._functions.get(fn_name)
        if found is None:
            function = served(self._find(fn_name))
            request_name = None if isinstance(function, Flow) else wants_request(function)
            found = self._functions[fn_name] = (function, request_name)
        return found

    def reader(self, fn_name: str) -> _hints.Reader | None:
        """Give what reads arguments of that function from a body; None if no hint asks for it."""
        function, request_name = self.function(fn_name)
        return None if isinstance(function, Flow) else _hints.reader(function, request_name)

    def fresh(self) -> bool:
        """Whether no served library changed since this was loaded."""
        return _libs.refresh() == self.generation

    def unload(self) -> None:
        """Forget the module and its file. Loaded again, both are made again."""
        name = self._module.__name__
        if sys.modules.get(name) is self._module:
            adaptors.put(name, None)
            file = self._module.__file__ or ""
            linecache.cache.pop(file, None)
            pathlib.Path(file).unlink(missing_ok=True)

    def _find(self, fn_name: str) -> Callable[..., Any]:
        if self._expression:
            value: Any = self._module.__dict__[_RUN]
            return value  # type: ignore[no-any-return]
        defined = {
            name: value
            for name, value in self._module.__dict__.items()
            if not name.startswith("__") and value is not self._given.get(name, self)
        }
        if fn_name not in defined:
            names = [name for name, value in defined.items() if _is_function(value)]
            has = f"it defines {', '.join(map(repr, names))}" if names else "it defines nothing"
            raise Refused("not-runnable", "fn_name", f"the code does not define {fn_name!r}: {has}")
        value = defined[fn_name]
        if not callable(value):
            what = f"{fn_name!r} is {_what(value)}, and cannot be called"
            raise Refused("not-runnable", "fn_name", what)
        return value  # type: ignore[no-any-return]


def load(source: str, digest: str, origin: tuple[str, str] | None = None) -> Adaptor | Published:
    """Load an adaptor: parse it, write it to its file, run its body once.

    `origin` is the name and the file of the module that the source is of, if it is one's. Raises
    Refused when it is no Python or cannot be run; what the body raises comes through.
    """
    if origin is not None:
        return _published.load(source, *origin)
    source = source.removeprefix("\ufeff")
    name, path = adaptors.module_name(digest), adaptors.source_file(digest)
    generation = _libs.refresh()
    code = _code.parse(source, _known())  # a refused text leaves no file
    _write(path, source)
    linecache.cache[path] = (
        len(source),
        None,
        [line + "\n" for line in _code.lines(source.removesuffix("\n"))],
        path,
    )
    spec = adaptors.spec_for(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    before = adaptors.put(name, module)
    try:
        ready = execute(module, source, code)
    except BaseException:
        if sys.modules.get(name) is module:
            adaptors.put(name, before)
        raise
    return Adaptor(module, code, generation, source, ready)


def execute(module: ModuleType, source: str, code: _code.Code | None = None) -> dict[str, Any]:
    """Run an adaptor's source, perhaps parsed already, as the body of a module.

    An expression's value is bound to `run`. Gives what it was lent of names that are ready where
    code uses them. Raises Refused when that is nothing to call.
    """
    code = code or _code.parse(source, _known())
    body = _code.compiled(code, source, module.__file__ or UNPARSED)
    names = module.__dict__
    names.update(namespace())
    _threads.mark(names)
    token = loading.set(True)
    try:
        if isinstance(code.tree, ast.Module):
            ready = _ready.bind(_ready.used(source), names)
            exec(body, names)
            return ready
        _code.bind_modules(code, names)
        ready = _ready.bind((name for name, *_ in code.free), names)
        value = eval(body, names)
    finally:
        loading.reset(token)
    if not callable(value):
        raise Refused(
            "not-runnable",
            "code_b64",
            f"the code is one expression, and its value is {_what(value)}, which cannot be "
            "called: give a function, or a pipeline such as pipe().path().last(), or define "
            f"`{_RUN}`",
        )
    names[_RUN] = value
    return ready


def namespace() -> dict[str, Any]:
    """Give what each adaptor finds defined."""
    import owt

    names = {name: getattr(owt, name) for name in owt.__all__}
    names["_SERVER"] = owt.Server.sing()
    return names


def _known() -> set[str]:
    return {*namespace(), "__name__", "__file__", "__builtins__", "__doc__"}


def _write(path: str, source: str) -> None:
    """Write the file so that nobody ever reads half of it."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".h", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(source.encode("utf-8", "surrogatepass"))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, ModuleType)


def _what(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, ModuleType):
        return f"the module {value.__name__!r}"
    return with_article(type(value).__name__)
