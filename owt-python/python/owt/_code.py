"""Which of the three ways an adaptor is written in (docs/wire.md, 2), found by parsing alone."""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
from collections.abc import Collection, Iterator
from types import ModuleType
from typing import Any, NamedTuple

from . import _parse
from ._errors import UNPARSED, Refused
from .summat import STEPS


class Code(NamedTuple):
    """A parsed adaptor."""

    tree: ast.Module | ast.Expression
    #: dotted names in an expression that nothing there binds: modules, perhaps
    free: tuple[tuple[str, ...], ...]


def parse(source: str, known: Collection[str]) -> Code:
    """Parse an adaptor; `known` are the names that it finds in its namespace.

    Raises Refused, with the SyntaxError as its cause, when it is no Python.
    """
    expression = None
    try:
        module = _parse.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as why:
        expression = _wrapped(source, why)
    else:
        if not module.body:
            raise _refused(
                "the code is empty: send a module that defines a function, or one "
                "expression such as pipe().path().last()"
            )
        statements = [node for node in module.body if not _is_text(node)] or module.body[-1:]
        if len(statements) > 1 or not isinstance(statements[0], ast.Expr):
            return Code(module, ())
        expression = statements[0].value
    scan = _Names(known, _first_step(expression), expression)
    body = scan.visit(expression)
    tree = ast.fix_missing_locations(ast.Expression(body))
    return Code(tree, tuple(dict.fromkeys(scan.free)))


def compiled(code: Code, source: str, filename: str) -> Any:
    """Compile a parsed adaptor. Raises Refused, with its cause, when it is no Python."""
    mode = "eval" if isinstance(code.tree, ast.Expression) else "exec"
    try:
        return compile(code.tree, filename, mode, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as why:
        raise no_python(why, source) from _as_syntax_error(why, source)


def bind_modules(code: Code, namespace: dict[str, Any]) -> None:
    """Import the free names that are modules, and what their dotted chains need of submodules.

    What the import itself raises comes through.
    """
    for name, *attributes in code.free:
        if name not in namespace:
            if not _findable(name):
                continue
            namespace[name] = importlib.import_module(name)
        module = namespace[name]
        for attribute in attributes:
            if not isinstance(module, ModuleType):
                break
            inner = f"{module.__name__}.{attribute}"
            if not hasattr(module, attribute) and _findable(inner):
                importlib.import_module(inner)
            module = getattr(module, attribute, None)


def imported(code: Code) -> Iterator[str]:
    """Give the top-level names of all modules that the adaptor may import, without importing."""
    for name, *_ in code.free:
        yield name
    for node in ast.walk(code.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and _called(node) in (
            "importing",
            "import_module",
            "__import__",
        ):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value.partition(".")[0]


def no_python(why: BaseException, source: str) -> Refused:
    """Say where the code is no Python: line, column, the line itself and a caret."""
    if not isinstance(why, SyntaxError):
        said = "it is nested too deeply" if isinstance(why, RecursionError | MemoryError) else why
        return _refused(f"the code is no Python: {said}")
    detail = f"the code is no Python: {why.msg}"
    if why.lineno:
        text = _line(source, why.lineno)
        column = max(why.offset or 1, 1)
        shown = text.expandtabs(1)
        lead = len(shown) - len(shown.lstrip())
        detail += f" (line {why.lineno}, column {column})"
        if shown.strip():
            caret = " " * max(column - 1 - lead, 0) + "^"
            detail += f"\n    {shown.strip()}\n    {caret}"
    return _refused(detail)


def lines(source: str) -> list[str]:
    """Give the lines as Python counts them: a form feed ends none."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _line(source: str, number: int) -> str:
    every = lines(source)
    return every[number - 1] if 0 < number <= len(every) else ""


def _refused(detail: str) -> Refused:
    return Refused("not-runnable", "code_b64", detail)


def _as_syntax_error(why: BaseException, source: str) -> SyntaxError:
    if isinstance(why, SyntaxError):
        why.filename = UNPARSED
        if why.text is None and why.lineno:
            why.text = _line(source, why.lineno) or None
        return why
    return SyntaxError(str(why))


def _wrapped(source: str, why: BaseException) -> ast.expr:
    """Parse what is an expression only in parentheses: lines that begin with a dot."""
    try:
        # on a line of its own, so that columns stay right
        tree: ast.Expression = _parse.parse(f"(\n{source}\n)", mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as inner:
        if isinstance(inner, SyntaxError) and _is_dotted(source):
            if inner.lineno == 1:
                inner = _unclosed(source) or inner
            # line 1 is our parenthesis: without a place of its own, the error is about the end
            last = max(len(lines(source)), 1)
            inner.lineno = min(max((inner.lineno or 1) - 1, 1), last)
            if inner.end_lineno:
                inner.end_lineno = min(max(inner.end_lineno - 1, inner.lineno), last)
            inner.text = None
            why = inner
        raise no_python(why, source) from _as_syntax_error(why, source)
    body = tree.body
    if body.lineno == 1 and not isinstance(body, ast.Tuple | ast.GeneratorExp):
        # the code closed our parenthesis: `a) + (b`
        raise no_python(why, source) from _as_syntax_error(why, source)
    ast.increment_lineno(tree, -1)
    return body


def _unclosed(source: str) -> SyntaxError | None:
    """The error of a parenthesis of the code's own that our closing one has closed."""
    try:
        _parse.parse(f"(\n{source}", mode="eval")
    except SyntaxError as error:
        return error if (error.lineno or 1) > 1 else None
    return None


def _is_dotted(source: str) -> bool:
    return any(line.lstrip().startswith(".") for line in lines(source)[1:])


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _first_step(expression: ast.expr) -> ast.Name | None:
    """The leftmost name, when it is a step that is called: the expression is terse."""
    node: ast.expr = expression
    while True:
        match node:
            case ast.Call(func=ast.Name() as name):
                return name if name.id in STEPS else None
            case ast.Call(func=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case _:
                return None


def _findable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _called(node: ast.Call) -> str | None:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


class _Names(ast.NodeTransformer):
    """Finds the free names of an expression, and writes steps that are called as pipelines."""

    def __init__(
        self, known: Collection[str], first: ast.Name | None, expression: ast.expr
    ) -> None:
        self.free: list[tuple[str, ...]] = []
        self._first = first
        self._known = known
        walrus = {
            node.target.id for node in ast.walk(expression) if isinstance(node, ast.NamedExpr)
        }
        self._bound: list[set[str]] = [walrus]

    def visit_Name(self, node: ast.Name) -> ast.expr:
        self._note(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        chain = [node.attr]
        inner = node.value
        while isinstance(inner, ast.Attribute):
            chain.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            self._note(inner.id, *reversed(chain))
            return node
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function = node.func
        if isinstance(function, ast.Name) and self._is_step(function):
            begin = ast.Call(ast.Name("pipe", ast.Load()), [], [])
            node.func = ast.Attribute(begin, function.id, ast.Load())
            for made in (begin, begin.func, node.func):
                ast.copy_location(made, function)
            node.args = [self.visit(argument) for argument in node.args]
            node.keywords = [self.visit(keyword) for keyword in node.keywords]
            return node
        return self.generic_visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        arguments = node.args
        arguments.defaults = [self.visit(value) for value in arguments.defaults]
        arguments.kw_defaults = [value and self.visit(value) for value in arguments.kw_defaults]
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
        self._bound.append({argument.arg for argument in every})
        node.body = self.visit(node.body)
        self._bound.pop()
        return node

    def _comprehension(self, node: Any) -> Any:
        # the first iterable is worked out outside, all else sees the targets
        node.generators[0].iter = self.visit(node.generators[0].iter)
        self._bound.append(
            {
                name.id
                for generator in node.generators
                for name in ast.walk(generator.target)
                if isinstance(name, ast.Name)
            }
        )
        for index, generator in enumerate(node.generators):
            if index:
                generator.iter = self.visit(generator.iter)
            generator.ifs = [self.visit(test) for test in generator.ifs]
        for part in ("elt", "key", "value"):
            if hasattr(node, part):
                setattr(node, part, self.visit(getattr(node, part)))
        self._bound.pop()
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _is_step(self, name: ast.Name) -> bool:
        if name is self._first:
            return True
        return name.id in STEPS and self._is_free(name.id)

    def _is_free(self, name: str) -> bool:
        bound = any(name in names for names in self._bound)
        return not (bound or name in self._known or hasattr(builtins, name))

    def _note(self, name: str, *attributes: str) -> None:
        if self._is_free(name):
            self.free.append((name, *attributes))
