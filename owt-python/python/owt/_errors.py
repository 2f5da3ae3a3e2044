"""What can go wrong, and how it is told to the caller."""

from __future__ import annotations

import collections
import functools
import inspect
import itertools
import json
import os
import re
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from types import CodeType
from typing import Any

from . import _missing, _offline, _ready, _threads, _walls, adaptors

#: What the code is called whose sender gave it no name.
UNNAMED = "adaptor.py"

#: The longest text of a description, in characters: 64 KiB in UTF-8 at worst.
LIMIT = 64 * 1024

#: The file of code that is no Python.
UNPARSED = "<adaptor>"

# Exceptions of a group that are told by name.
_MEMBERS = 10

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_ADAPTORS = "owt.adaptors."
_MODULE = re.compile(r"\bowt\.adaptors\.h\w+\.")


class Refused(Exception):
    """A call that owt itself refuses: a problem's slug, the field at fault, and why."""

    def __init__(self, slug: str, field: str | None, detail: str) -> None:
        """Take the problem's slug, the name of the call's field or None, and the reason."""
        super().__init__(slug, field, detail)
        self.slug = slug
        self.field = field
        self.detail = detail
        #: What is wrong with each argument, as the problem tells it.
        self.errors: list[dict[str, Any]] | None = None

    def __str__(self) -> str:
        """Give the reason."""
        return self.detail


class Unrenderable(Refused):
    """A result that has no representation in HTTP."""

    def __init__(self, detail: str) -> None:
        """Take what the result was and what would have worked."""
        Exception.__init__(self, detail)
        self.slug = "unrenderable"
        self.field = None
        self.detail = detail
        self.errors = None


class NotAcceptable(Refused):
    """A result that has no form of those that the request accepts."""

    def __init__(self, wish: str, there: Iterable[str]) -> None:
        """Take what was asked for, and the media types that there are."""
        detail = f"{wish} asks for a form that the result does not have; it has {', '.join(there)}"
        super().__init__("not-acceptable", None, detail)


class Cancelled(BaseException):
    """Raised in an adaptor whose client went away or whose deadline passed.

    It is a `BaseException`: `except Exception` lets it through. Clean up, and raise it again.

    def run():
        import time
        try:
            time.sleep(60)
        except Cancelled:
            print("nobody waits for this any more")
            raise
    # curl --url-query timeout=0.2 → 504
    """

    def __init__(self, *args: object) -> None:
        """Note that it was raised on this thread."""
        super().__init__(*args)
        raised[threading.get_ident()] += 1


#: How often `Cancelled` was raised, by thread: who keeps it to itself runs on regardless.
raised: collections.Counter[int] = collections.Counter()


def describe(
    exc: BaseException, code_name: str | None = None
) -> tuple[str, str | None, str, str, str, str, int | None, str | None]:
    """Tell an exception as (slug, field, detail, type, message, traceback, line, errors).

    `code_name` is what its sender calls the adaptor's code, `line` is that of the code, counted
    from 1, and `errors` are those of wrong arguments, as JSON. Never raises,
    whatever the exception does. No text is longer than 64 KiB of UTF-8.
    """
    message = message_of(exc)
    kind = type_name(type(exc))
    slug, field, errors = "adaptor-raised", None, None
    if isinstance(exc, Refused):
        slug, field, detail = exc.slug, exc.field, exc.detail
        errors = json.dumps(exc.errors) if exc.errors else None
        if isinstance(exc.__cause__, SyntaxError):
            kind, message = type_name(type(exc.__cause__)), message_of(exc.__cause__)
    elif isinstance(exc, SystemExit):
        detail = f"the adaptor called sys.exit({'' if exc.code is None else repr(exc.code)})"
    elif isinstance(exc, Cancelled):
        detail = "the call was cancelled: its client went away or its deadline passed"
    else:
        detail = f"the adaptor raised {kind}" + (f": {message}" if message else "") + _more(exc)
        if isinstance(exc, ModuleNotFoundError):
            detail += _missing.hint(exc)
        elif isinstance(exc, NameError):
            detail += _ready.hint(exc.name)
        detail += _threads.hint(message, exc.__traceback__) + _walls.hint(exc)
        detail += _offline.hint(exc)
    name = code_name or UNNAMED
    told = [bounded(shown(text, name)) for text in (detail, kind, message, _traceback(exc))]
    return slug, field, told[0], told[1], told[2], told[3], _line(exc), errors


def shown(text: str, code_name: str) -> str:
    """Put the name of the code in the place of the temporary file that it is in here."""
    text = text.replace(f'"{UNPARSED}"', f'"{code_name}"')
    folder = os.environ.get(adaptors.FOLDER)
    if not folder or folder not in text:
        return text
    return _source_files(folder).sub(lambda _: code_name, text)


@functools.cache
def _source_files(folder: str) -> re.Pattern[str]:
    # A server has one folder, as long as it lives.
    return re.compile(re.escape(os.path.join(folder, "h")) + r"[0-9a-f]{64}\.py")


def bounded(text: str) -> str:
    """Cut the middle out of a text longer than LIMIT bytes; lone surrogates become `?`."""
    data = text.encode("utf-8", "replace")
    if len(data) <= LIMIT:
        return data.decode("utf-8")
    mark = b"\n  ... cut by owt ...\n"
    half = (LIMIT - len(mark)) // 2
    return (data[:half] + mark + data[-half:]).decode("utf-8", "ignore")


def message_of(exc: BaseException) -> str:
    """Give the exception's text. Never raises."""
    try:
        return str(exc)
    except Exception:
        pass
    failed = "<the exception's __str__ failed>"
    try:
        return ", ".join(map(repr, exc.args)) or failed
    except Exception:
        return failed


def _more(exc: BaseException) -> str:
    """Give what an exception says beside its text: its notes, and those that a group holds."""
    said = [note for note in getattr(exc, "__notes__", None) or () if isinstance(note, str)]
    if isinstance(exc, BaseExceptionGroup):
        members = itertools.islice(_members(exc), _MEMBERS)
        said += [f"{type_name(type(one))}: {message_of(one)}" for one in members]
    return "".join(f"\n{text}" for text in said)


def _members(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for one in group.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _members(one)
        else:
            yield one


def type_name(cls: type) -> str:
    """Name a class as its author would: `ValueError`, `mylib.Thing`. Never raises."""
    try:
        module, name = str(cls.__module__), str(cls.__qualname__)
    except Exception:
        return "Exception"
    if module == "builtins" or module.startswith(_ADAPTORS):
        return name
    if module == "owt._errors":
        module = "owt"
    return f"{module}.{name}"


def _line(exc: BaseException) -> int | None:
    """The innermost line of an adaptor's own code that it passed, or that is no Python."""
    if isinstance(exc, Refused):
        cause = exc.__cause__ if exc.field == "code_b64" else None
        return cause.lineno if isinstance(cause, SyntaxError) else None
    found = None
    tb = exc.__traceback__
    while tb is not None:
        if _threads.is_marked(tb.tb_frame.f_globals):
            found = tb.tb_lineno
        tb = tb.tb_next
    return found


def _traceback(exc: BaseException) -> str:
    if isinstance(exc, Refused) and isinstance(exc.__cause__, SyntaxError):
        exc = exc.__cause__
    try:
        told = traceback.TracebackException.from_exception(exc, compact=True)
        refused = isinstance(exc, Refused)
        _drop_plumbing(told, set(), keep=not refused)
        if refused and not told.stack:
            return ""
        # a module named by a hash says nothing to the author
        return _MODULE.sub("", "".join(told.format()))
    except Exception:
        return f"{type_name(type(exc))}: {message_of(exc)}\n"


def _drop_plumbing(told: traceback.TracebackException, seen: set[int], keep: bool = True) -> None:
    """Leave out the frames of this package; when nothing else is there, keep the last one."""
    if id(told) in seen:
        return
    seen.add(id(told))
    own = [frame for frame in told.stack if not _is_plumbing(frame.filename)]
    told.stack[:] = own or (told.stack[-1:] if keep else [])
    others = [told.__cause__, told.__context__, *(getattr(told, "exceptions", None) or [])]
    for other in others:
        if other is not None:
            _drop_plumbing(other, seen)


def _is_plumbing(filename: str) -> bool:
    return filename.startswith(_PACKAGE)


def check_call(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], exc: TypeError
) -> Refused | None:
    """Tell a TypeError of the call itself (wrong arguments) from one raised inside the function."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    if _ran(function, exc):
        return None
    try:
        signature.bind(*args, **kwargs)
    except TypeError as why:
        name = getattr(function, "__name__", None) or type(function).__name__
        return Refused("malformed-call", "kwargs_b64", _misfit(name, signature, args, kwargs, why))
    return None


def _ran(function: Callable[..., Any], exc: BaseException) -> bool:
    """Whether the traceback shows that the function's own code was entered."""
    codes = {code for code in map(_code, _layers(function)) if code is not None}
    tb = exc.__traceback__
    while tb is not None:
        if tb.tb_frame.f_code in codes:
            return True
        tb = tb.tb_next
    return False


def _layers(function: Any) -> list[Any]:
    inner = inspect.unwrap(function)
    if isinstance(inner, type):
        return [getattr(inner, "__init__", None), getattr(inner, "__new__", None)]
    if not (inspect.isroutine(inner) or hasattr(inner, "__code__")):
        return [type(inner).__call__] if callable(inner) else []
    return [inner]


def _code(function: Any) -> CodeType | None:
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _misfit(
    name: str,
    signature: inspect.Signature,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    why: TypeError,
) -> str:
    parameters = list(signature.parameters.values())
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    taken = {p.name for p in positional[: len(args)]}
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    offered = [p.name for p in named if p.name not in ("_", "request")]
    missing = [
        p.name
        for p in parameters
        if p.default is p.empty
        and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        and p.name not in taken
        and (p.name not in kwargs or p.kind is p.POSITIONAL_ONLY)
    ]
    unknown = [] if takes_any else [key for key in kwargs if key not in {p.name for p in named}]
    said = []
    if missing:
        said.append(f"{name}() needs {_arguments(missing)}")
    if unknown:
        takes = f"it takes {', '.join(f'`{n}`' for n in offered)}" if offered else "it takes none"
        said.append(f"{name}() has no {_arguments(unknown, article=False)}; {takes}")
    if not said:
        said.append(f"{name}(): {why}")
    return "; ".join(said)


def _arguments(names: list[str], article: bool = True) -> str:
    shown = ", ".join(f"`{name}`" for name in names)
    if len(names) == 1:
        return f"{'an ' if article else ''}argument {shown}"
    return f"{'the ' if article else ''}arguments {shown}"
