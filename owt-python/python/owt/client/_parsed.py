"""What a remote function gives: a Python expression of data, read without evaluating it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final


def parsed(text: str) -> Any:
    """The value of an expression of data. Raises `ValueError` for anything else."""
    try:
        return _value(ast.parse(text, mode="eval").body)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"{text[:80]!r} is no plain data: {error}") from error


def _value(node: ast.AST | None) -> Any:
    reader = _READERS.get(type(node))
    if reader is None:
        raise ValueError(f"it has a {type(node).__name__} in it")
    return reader(node)


def _dict(node: Any) -> dict[Any, Any]:
    return {_value(key): _value(item) for key, item in zip(node.keys, node.values)}


def _unary(node: Any) -> Any:
    if not isinstance(node.op, ast.USub):
        raise ValueError("it has an operator in it")
    return -_value(node.operand)


def _name(node: Any) -> float:
    if node.id not in ("nan", "inf"):
        raise ValueError(f"it has the name {node.id} in it")
    return float(node.id)


def _attribute(node: Any) -> Any:
    if _path(node) != "datetime.timezone.utc":
        raise ValueError(f"it has the name {_path(node)} in it")
    import datetime

    return datetime.timezone.utc


def _call(node: Any) -> Any:
    home = _CLASSES.get(_path(node.func))
    if home is None or (home[1] == "set" and node.args):
        raise ValueError(f"it has a call of {_path(node.func)} in it")
    module, name = home
    made = getattr(__import__(module), name)
    named = {keyword.arg: _value(keyword.value) for keyword in node.keywords}
    return made(*map(_value, node.args), **named)


def _path(node: Any) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_path(node.value)}.{node.attr}"
    return str(getattr(node, "id", ""))


_READERS: Final[Mapping[Any, Callable[[Any], Any]]] = {
    ast.Constant: lambda node: node.value,
    ast.List: lambda node: [_value(item) for item in node.elts],
    ast.Tuple: lambda node: tuple(_value(item) for item in node.elts),
    ast.Set: lambda node: {_value(item) for item in node.elts},
    ast.Dict: _dict,
    ast.UnaryOp: _unary,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
}
#: What stands in the text, and where it is imported from.
_CLASSES: Final = {
    **{f"datetime.{name}": ("datetime", name)
       for name in ("datetime", "date", "time", "timedelta", "timezone")},
    **{name: ("builtins", name)
       for name in ("set", "frozenset", "bytearray", "complex", "range")},
    "zoneinfo.ZoneInfo": ("zoneinfo", "ZoneInfo"),
    "Decimal": ("decimal", "Decimal"),
    "Fraction": ("fractions", "Fraction"),
    "UUID": ("uuid", "UUID"),
}  # fmt: skip
