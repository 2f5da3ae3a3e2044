"""The text of `kwargs_b64` as a value: a Python expression that accepts JSON as it is."""

from __future__ import annotations

import builtins
import copy
import json
import warnings
from collections.abc import Callable
from types import CodeType
from typing import Any

from ._errors import Refused

_FILE = "<kwargs_b64>"
_CONSTANTS = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "nan": float("nan"),
    "Infinity": float("inf"),
    "inf": float("inf"),
}
_GLOBALS = {"__builtins__": builtins, "__name__": "owt.arguments", **_CONSTANTS}
_WORDS = {"True", "False", "None", *_CONSTANTS}
_SCALARS = (str, int, float, bool, type(None))

# `'\d'` in somebody's arguments is not this server's warning
warnings.filterwarnings("ignore", category=SyntaxWarning, module="<kwargs_b64>")
warnings.filterwarnings("ignore", category=DeprecationWarning, module="<kwargs_b64>")


class _NoValue(Exception):
    """The text is not an expression that evaluates."""


def arguments(text: str) -> Callable[[], object]:
    """Compile the text of `kwargs_b64`; each call of the result gives a fresh value.

    A text that is no expression, or whose evaluation raises an Exception, is itself the value.
    One bare name is text too (so that `list` and `id` are not Python's functions), except the
    constants. Calling the result raises Refused for a dict with keys that are no strings.
    """
    parsed, make = _read(text)
    if isinstance(parsed, dict):
        # the commonest by far: JSON's keys are strings, so there is nothing left to see to
        return make

    def value() -> object:
        try:
            made = make()
        except _NoValue:
            return text
        if isinstance(made, str):
            try:
                made = _read(made)[1]()
            except _NoValue:
                return made
        if isinstance(made, dict):
            _check_keys(made)
        return made

    return value


def _read(text: str) -> tuple[object, Callable[[], object]]:
    """The text as JSON, or None, and what makes a fresh value of it.

    The latter raises _NoValue if there is no value.
    """
    # JSON first: "\/" and surrogate pairs mean something else in a Python literal
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None, _evaluator(text)
    return parsed, _copier(parsed)


def _copier(value: Any) -> Callable[[], object]:
    if isinstance(value, _SCALARS):
        return lambda: value
    if all(isinstance(v, _SCALARS) for v in (value.values() if type(value) is dict else value)):
        make: Callable[[], object] = value.copy
        return make
    return lambda: copy.deepcopy(value)


def _evaluator(text: str) -> Callable[[], object]:
    code = _compiled(text)

    def evaluate() -> object:
        if code is None:
            raise _NoValue
        try:
            # a fresh namespace each time: a walrus writes to it
            return eval(code, dict(_GLOBALS))
        except Exception as why:
            raise _NoValue from why

    return evaluate


def _compiled(text: str) -> CodeType | None:
    word = text.strip()
    if not word or (word.isidentifier() and word not in _WORDS):
        return None
    try:
        return compile(word, _FILE, "eval", dont_inherit=True)
    except Exception:  # SyntaxError, ValueError for a null byte, RecursionError, MemoryError
        return None


def _check_keys(value: dict[Any, Any]) -> None:
    for key in value:
        if not isinstance(key, str):
            raise Refused(
                "malformed-call",
                "kwargs_b64",
                f"the keys of the arguments must be strings: {key!r} is {type(key).__name__}",
            )
