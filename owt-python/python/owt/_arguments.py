"""The text of a call's arguments as a value: a Python expression that accepts JSON as it is."""

from __future__ import annotations

import builtins
import contextlib
import copy
import decimal
import io
import json
import tokenize
import warnings
from collections.abc import Callable, Sequence
from itertools import islice
from types import CodeType
from typing import Any

from ._errors import Refused, bounded

_FILE = "<kwargs_b64>"
# What was changed before it was compiled: its places are not those of the text.
_LIFTED = "<kwargs_b64 without what is long>"
# Python reads an int of so many digits under any limit (`sys.set_int_max_str_digits`).
_DIGITS = 640
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
#: What begins with one of these is meant to be more than text.
_BRACKETS = ("{", "[", "(")
_SCALARS = (str, int, float, bool, type(None))

# `'\d'` in somebody's arguments is not this server's warning
warnings.filterwarnings("ignore", category=SyntaxWarning, module="<kwargs_b64>")
warnings.filterwarnings("ignore", category=DeprecationWarning, module="<kwargs_b64>")


class _NoValue(Exception):
    """The text is not an expression that evaluates."""


def arguments(text: str, held: Sequence[bytes] = ()) -> Callable[[], object] | None:
    """Compile the text of the arguments; each call of the result gives a fresh value.

    A text that is no expression, or whose evaluation raises an Exception, is itself the value,
    unless it begins with a bracket: then it was meant to be more than text. One bare name is text
    too (so that `list` and `id` are not Python's functions), except the constants. Calling the
    result raises Refused for what begins with a bracket and has no value, and for a dict with
    keys that are no strings. In the text, `_owt_0`, `_owt_1` … stand for what is `held`; None if
    that is no expression.
    """
    if held:
        code, _ = _compiled(text, _LIFTED)
        if code is None:
            return None
        parsed, make = None, _evaluator(code, None, held)
    else:
        parsed, make = _read(text)
    if isinstance(parsed, dict):
        # the commonest by far: JSON's keys are strings, so there is nothing left to see to
        return make

    def value() -> object:
        try:
            made = make()
        except _NoValue as why:
            if text.lstrip().startswith(_BRACKETS):
                raise _refused(text, why.__cause__) from why.__cause__
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
        parsed = read_json(text)
    except (ValueError, RecursionError):
        return None, _evaluator(*_compiled(text))
    return parsed, _copier(parsed)


def read_json(text: str | bytes) -> object:
    """Read JSON, with integers of any number of digits. Raises ValueError, RecursionError."""
    try:
        return json.loads(text)
    except ValueError as why:
        if not _is_limit(why):
            raise
        return json.loads(text, parse_int=integer)


def _is_limit(why: BaseException) -> bool:
    """Whether Python refuses to read an int because it has too many digits."""
    return str(why).startswith("Exceeds the limit")


def integer(digits: str) -> int:
    """Read an integer of any number of digits."""
    return int(decimal.Decimal(digits)) if len(digits) > _DIGITS else int(digits)


def _copier(value: Any) -> Callable[[], object]:
    if isinstance(value, _SCALARS):
        return lambda: value
    if all(isinstance(v, _SCALARS) for v in (value.values() if type(value) is dict else value)):
        make: Callable[[], object] = value.copy
        return make
    return lambda: copy.deepcopy(value)


def _evaluator(
    code: CodeType | None, error: Exception | None, held: Sequence[bytes] = ()
) -> Callable[[], object]:
    names = {f"_owt_{index}": value for index, value in enumerate(held)}

    def evaluate() -> object:
        if code is None:
            raise _NoValue from error
        try:
            # a fresh namespace each time: a walrus writes to it
            return eval(code, {**_GLOBALS, **names})
        except Exception as why:
            raise _NoValue from why

    return evaluate


def _compiled(text: str, file: str = _FILE) -> tuple[CodeType | None, Exception | None]:
    """The code of an expression, or why it is none if it could have been one."""
    word = text.strip()
    if not word or (word.isidentifier() and word not in _WORDS):
        return None, None
    try:
        return compile(word, file, "eval", dont_inherit=True), None
    # SyntaxError, ValueError for a null byte, RecursionError, MemoryError
    except Exception as error:
        if _is_limit(error) and file == _FILE:
            with contextlib.suppress(tokenize.TokenError, SyntaxError):
                return _compiled(_in_hex(word), _LIFTED)
        # without what leads here: it is kept
        return None, error.with_traceback(None)


def _in_hex(word: str) -> str:
    """The expression with its long ints in hexadecimal, of which Python reads any number."""
    lines = word.split("\n")
    tokens = tokenize.generate_tokens(io.StringIO(word).readline)
    found = [t for t in tokens if t.type == tokenize.NUMBER and len(t.string) > _DIGITS]
    for token in reversed(found):
        digits = token.string.replace("_", "")
        if digits.isdecimal():
            (row, start), (_, end) = token.start, token.end
            line = lines[row - 1]
            lines[row - 1] = line[:start] + hex(integer(digits)) + line[end:]
    return "\n".join(lines)


def _refused(text: str, why: BaseException | None) -> Refused:
    said = str(why.msg if isinstance(why, SyntaxError) else why)
    kind = "" if isinstance(why, SyntaxError) else f"{type(why).__name__}: "
    detail = (
        f"the arguments begin with `{text.lstrip()[0]}`, and are no JSON and no Python "
        f"expression: {kind}{said}"
    )
    place = _place(text, why)
    if place:
        detail += f" (line {place[0]}, column {place[1]})"
    hint = "; quote it if it is text" if isinstance(why, NameError) else ""
    return Refused("malformed-call", "kwargs_b64", bounded(detail) + hint)


def _place(text: str, why: BaseException | None) -> tuple[int, int] | None:
    """The line and the column of the text, counted from 1, that an error is about."""
    lead = text[: len(text) - len(text.lstrip())]
    if isinstance(why, SyntaxError):
        line, column = why.lineno, why.offset
    else:
        line, column = _raised_at(text.strip(), why)
    if not line or column is None:
        return None
    first = len(lead) - lead.rfind("\n") - 1 if line == 1 else 0
    return line + lead.count("\n"), max(column, 1) + first


def _raised_at(word: str, why: BaseException | None) -> tuple[int | None, int | None]:
    """Where the expression was when this was raised; its own frame is the second one."""
    tb = why.__traceback__.tb_next if why and why.__traceback__ else None
    if tb is None or tb.tb_frame.f_code.co_filename != _FILE:
        return None, None
    line, _, offset, _ = next(
        islice(tb.tb_frame.f_code.co_positions(), tb.tb_lasti // 2, None), (None,) * 4
    )
    if line is None or offset is None:
        return None, None
    # the offset counts bytes
    before = word.split("\n")[line - 1].encode("utf-8", "surrogatepass")[:offset]
    return line, len(before.decode("utf-8", "replace")) + 1


def _check_keys(value: dict[Any, Any]) -> None:
    for key in value:
        if not isinstance(key, str):
            raise Refused(
                "malformed-call",
                "kwargs_b64",
                f"the keys of the arguments must be strings: {key!r} is {type(key).__name__}",
            )
