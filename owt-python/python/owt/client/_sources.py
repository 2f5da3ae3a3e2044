"""The source of a function with all that it uses, as an adaptor."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import os
import symtable
import sys
import sysconfig
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, Union

import owt

from ._literals import literal

# So that annotations are never evaluated: what they name is not sent.
_HEAD = "from __future__ import annotations\n"
#: What every adaptor finds defined (docs/wire.md).
_GIVEN = {*owt.__all__, "_SERVER"}
_PLACES = tuple(
    {os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib")}
)
#: What is sent: a function, or a class with all its methods.
Definition = Union[FunctionType, type]
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def local_function(function: Callable[..., Any]) -> FunctionType:
    """The function as it was defined, below its decorators. Raises `TypeError` if it is none."""
    found = inspect.unwrap(function)
    name = getattr(found, "__qualname__", repr(found))
    if not isinstance(found, FunctionType):
        raise TypeError(f"{name} is a {type(found).__name__}: only what `def` defines can be sent")
    _source(found)  # what is wrong with it is told where it is defined
    return found


def adaptor(definition: Definition, before: str) -> str:
    """The source of a function or class and of all that it uses from outside, with today's values.

    `before` is a source that is put before them. Raises `TypeError` that names what cannot be
    sent, and what to do.
    """
    made = _Program(before)
    made.define(definition, "this program")
    return "\n".join(made.parts) + "\n"


class _Source:
    """The text of one function or class, and the names that it uses from outside."""

    def __init__(self, function: Definition) -> None:
        name = function.__name__
        try:
            text = inspect.getsource(function)
        except (OSError, TypeError) as error:
            raise TypeError(
                f"{name} has no source that could be sent ({error}): define it in a file"
            ) from error
        # Not dedented: there may be text in it that goes over lines.
        indented = text[:1].isspace()
        try:
            tree = ast.parse(f"if True:\n{text}" if indented else text)
        except SyntaxError as error:
            raise TypeError(f"{name} cannot be sent: write it as a `def` of its own") from error
        body = tree.body[0].body if indented else tree.body  # type: ignore[attr-defined]
        definition = body[0]
        if not isinstance(definition, _DEFINITIONS):
            raise TypeError(f"{name} cannot be sent: write it as a `def` of its own")
        offset = 2 if indented else 1
        lines = text.split("\n")
        if isinstance(definition, ast.ClassDef):
            for line in _remote_lines(definition, function):
                lines[line - offset] = ""
        first = _first_line(definition, function) - offset
        text = "\n".join(lines[first:])
        self.text = f"if True:\n{text}" if indented else text
        self.tree = definition
        try:
            table = symtable.symtable(_HEAD + self.text, "<function>", "exec")
        except SyntaxError as error:
            raise TypeError(
                f"{name} cannot be sent: {error.msg}; return the value instead"
            ) from error
        self.names: dict[str, None] = {}
        for scope in _scopes(table):
            for symbol in scope.get_symbols():
                if symbol.is_declared_global() and symbol.is_assigned():
                    raise TypeError(
                        f"{name} cannot be sent: it changes the global {symbol.get_name()!r}, "
                        "which would change on the server alone; return the value instead"
                    )
                if symbol.is_global() and symbol.is_referenced():
                    self.names[symbol.get_name()] = None


# Reading it takes longer than many a call.
_source = functools.lru_cache(maxsize=256)(_Source)


class _Program:
    """Collects sources; what is used comes before what uses it."""

    def __init__(self, before: str) -> None:
        self.parts = [_HEAD + before]
        self._defined: set[CodeType | type] = set()
        #: What each name means, and who said so.
        self._bound: dict[str, tuple[object, str]] = {}

    def define(self, function: Definition, user: str) -> None:
        self._bind(function.__name__, function, user)
        own = function if isinstance(function, type) else function.__code__
        if own in self._defined:
            return
        self._defined.add(own)
        source = _source(function)
        for name in source.names:
            self._use(name, function, source)
        self.parts.append(source.text)

    def _use(self, name: str, function: Definition, source: _Source) -> None:
        user = function.__name__
        found, value = _look_up(name, function)
        if not found:
            if name in _GIVEN or hasattr(builtins, name):
                return
            raise TypeError(
                f"{user} uses {name!r}, which is not defined here: define it before the call, or "
                f"import it inside {user}"
            )
        inner = inspect.unwrap(value) if callable(value) else value
        if isinstance(inner, (FunctionType, type)) and _is_sent(inner):
            if inner.__name__ != name:
                self._bind(name, inner, user)
            self.define(inner, user)
            if inner.__name__ != name:
                self._say(f"{name} = {inner.__name__}")
        elif self._bind(name, value, user):
            self._say(self._statement(name, value, user, source))

    def _bind(self, name: str, value: object, user: str) -> bool:
        """Whether the name is new. Raises `TypeError` when it means two things."""
        if name not in self._bound:
            self._bound[name] = (value, user)
            return True
        other, first = self._bound[name]
        if other is value or _same(other, value):
            return False
        raise TypeError(
            f"{name!r} means one thing in {first} and another in {user}, and they are sent "
            "together: rename one of them"
        )

    def _say(self, statement: str) -> None:
        if statement not in self.parts:
            self.parts.append(statement)

    def _statement(self, name: str, value: object, user: str, source: _Source) -> str:
        if isinstance(value, ModuleType):
            return _import(name, value, user, source)
        if home := _home(name, value):
            return f"from {home[0]} import {home[1]} as {name}"
        try:
            return f"{name} = {literal(value, f'{name!r}, which {user} uses,')}"
        except TypeError as error:
            raise TypeError(
                f"{error}; or pass it to {user} as an argument, or make it inside {user}"
            ) from None


def _same(one: object, other: object) -> bool:
    try:
        return literal(one) == literal(other)
    except TypeError:
        return False


def _is_sent(definition: Definition) -> bool:
    """Whether it is this program's own, and has a source."""
    if is_installed(definition.__module__):
        return False
    if isinstance(definition, FunctionType):
        return True
    try:
        return bool(inspect.getsource(definition))
    except (OSError, TypeError):  # a named tuple, for one
        return False


def _remote_lines(definition: ast.ClassDef, owner: Definition) -> Iterator[int]:
    """The lines in a class that say `@client.remote`."""
    for method in definition.body:
        if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in method.decorator_list:
                if _is_remote(decorator, owner):
                    yield from range(decorator.lineno, (decorator.end_lineno or 0) + 1)


def _first_line(
    definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, function: Definition
) -> int:
    """The line where what is sent begins: below `@client.remote`, and what is above that."""
    kept = definition.decorator_list
    for index, decorator in enumerate(kept):
        if _is_remote(decorator, function):
            kept = kept[index + 1 :]
    definition.decorator_list = kept
    return min([definition.lineno, *(decorator.lineno for decorator in kept)])


def _is_remote(decorator: ast.expr, function: Definition) -> bool:
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    if isinstance(decorator, ast.Name):
        _, value = _look_up(decorator.id, function)
        method = getattr(value, "__func__", None)
        module = str(getattr(method, "__module__", ""))
        return module.startswith("owt.client.") and getattr(method, "__name__", "") == "remote"
    return isinstance(decorator, ast.Attribute) and decorator.attr == "remote"


def _look_up(name: str, definition: Definition) -> tuple[bool, object]:
    for function in _functions(definition):
        for free, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            if free == name:
                try:
                    return True, cell.cell_contents
                except ValueError:  # it is bound later
                    return False, None
    if isinstance(definition, type):
        around = vars(sys.modules.get(definition.__module__, builtins))
    else:
        around = definition.__globals__
    return (True, around[name]) if name in around else (False, None)


def _functions(definition: Definition) -> Iterator[FunctionType]:
    """The function itself, or those of the class."""
    if isinstance(definition, FunctionType):
        yield definition
        return
    for value in vars(definition).values():
        inner = getattr(value, "fget", None) or getattr(value, "__func__", value)
        inner = inspect.unwrap(inner) if callable(inner) else inner
        if isinstance(inner, FunctionType):
            yield inner


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _scopes(child)


def _import(name: str, module: ModuleType, user: str, source: _Source) -> str:
    if module.__name__ == "__main__":
        raise TypeError(f"{user} uses {name!r}, this program itself: use its functions by name")
    # `import xml.etree.ElementTree` binds `xml` alone; the attributes tell which parts are meant.
    parts = [f"import {module.__name__} as {name}"]
    for node in ast.walk(source.tree):
        path = _path(node)
        if path and path[0] == name:
            part = ".".join([module.__name__, *path[1:]])
            if len(path) > 1 and part in sys.modules:
                parts.append(f"import {part} as _owt_part")
    return "\n".join(dict.fromkeys(parts))


def _path(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        path = _path(node.value)
        return [*path, node.attr] if path else []
    return []


def _home(name: str, value: object) -> tuple[str, str] | None:
    """The installed module and the name there by which a value can be imported."""
    if name in _GIVEN and value is vars(owt).get(name):
        return "owt", name
    module = getattr(value, "__module__", None)
    own = getattr(value, "__name__", None)
    if not isinstance(module, str) or not isinstance(own, str) or not is_installed(module):
        return None
    return (module, own) if getattr(sys.modules.get(module), own, None) is value else None


def is_installed(module: str) -> bool:
    """Whether a module is Python's own or a package's, and no part of this program."""
    if module.partition(".")[0] == "owt":
        return True
    found = sys.modules.get(module)
    if found is None or module == "__main__":
        return False
    file = getattr(found, "__file__", None)
    if file is None:
        return module in sys.builtin_module_names
    file = os.path.realpath(file)
    return file.startswith(_PLACES) or any(part in file for part in _PACKAGES)
