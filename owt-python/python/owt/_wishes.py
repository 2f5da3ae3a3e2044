"""How an adaptor wants to be run: what it binds to `__owt__`, read before anything of it runs."""

from __future__ import annotations

import ast
from typing import Any

from ._errors import Refused
from ._parse import parse

_NAME = "__owt__"


def wants_own_thread(source: str) -> bool:
    """Whether the code says `__owt__ = {"threads": 1}`: body and calls on one thread of its own.

    Raises Refused when it says what is not known.
    """
    return _wishes(source).get("threads") == 1


def _wishes(source: str) -> dict[str, Any]:
    try:
        module = parse(source.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}  # loading it says better what is wrong
    value = next(filter(None, map(_bound, module.body)), None)
    if value is None:
        return {}
    try:
        wishes = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise _refused("is read before the code runs: write the dict itself there") from None
    if not isinstance(wishes, dict):
        raise _refused(f"is of type {type(wishes).__name__}; it has to be a dict")
    for key, wish in wishes.items():
        if key != "threads":
            raise _refused(f"has {key!r}, which is not known; it may have 'threads'")
        if type(wish) is not int or wish != 1:
            raise _refused(f"has {wish!r} threads; it may have 1, or leave 'threads' out")
    return wishes


def _bound(statement: ast.stmt) -> ast.expr | None:
    """The value that a statement of the module binds to the name."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            names = targets
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            names = [target]
        case _:
            return None
    return value if any(isinstance(n, ast.Name) and n.id == _NAME for n in names) else None


def _refused(what: str) -> Refused:
    return Refused("not-runnable", "code_b64", f"{_NAME} {what}")
