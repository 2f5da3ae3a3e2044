"""Which parameters of a function take their argument from a body, by their hints."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple, Union

from ._bodies import KINDS, RATED, Kind, form_of
from ._errors import Refused, bounded, message_of, type_name

# Bodies that hold the call itself, or its fields.
_CALLS = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/x-python",
    "text/x-python3",
    "text/x-script.python",
)
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Taking(NamedTuple):
    """A parameter whose hint says what a body is read as."""

    name: str
    kind: Kind
    #: Whether it has to be given.
    required: bool
    #: Whether it receives an unnamed argument.
    first: bool


def reader(function: Callable[..., Any], request_name: str | None) -> Reader | None:
    """What reads arguments of this function from a body; None if no hint asks for it."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except Exception:  # of what has none, and of hints that are worked out late and fail
        return None
    names = getattr(inspect.unwrap(function), "__globals__", {})
    positional = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    first = next((name for name in positional if name != request_name), None)
    taking = []
    for parameter in parameters:
        kind = kind_of(resolved(parameter.annotation, names))
        if kind is not None and parameter.kind in _NAMED:
            required = parameter.default is parameter.empty
            name = parameter.name
            taking.append(Taking(name, kind, required, name == first))
    return Reader(taking) if taking else None


class Reader:
    """Reads what a request carries as the arguments that the hints name."""

    def __init__(self, taking: list[Taking]) -> None:
        """Take the parameters, in their order."""
        self._taking = taking

    def __call__(
        self, request: Any, named: Mapping[str, Any], unnamed: bool
    ) -> dict[str, Any] | None:
        """All named arguments with those from the body; None if that has none.

        `unnamed` says that there is an argument without a name. Raises Refused, before anything
        runs, for what is no such object.
        """
        free = [
            one for one in self._taking if one.name not in named and not (unnamed and one.first)
        ]
        made: dict[str, Any] = {}
        if request.mimetype == "multipart/form-data":
            for one in free:
                file = request.files.get(one.name)
                if file is not None:
                    data = file.read()
                    file.seek(0)
                    made |= _read(one, data, file.mimetype, file.filename, "the file")
        elif free and request.mimetype not in _CALLS:
            made = _read(free[0], request.data, request.mimetype, "", "the body")
        return {**named, **made} if made else None


def _read(one: Taking, data: bytes, media: str, filename: str, what: str) -> dict[str, Any]:
    try:
        return {one.name: read_as(one.kind, data, media, filename, what, repr(one.name))}
    except Refused as refused:
        if refused.slug == "unsupported-type" and not one.required:
            return {}
        refused.detail = f"the parameter {refused.detail}"
        raise


def read_as(kind: Kind, data: bytes, media: str, filename: str, what: str, who: str) -> object:
    """What a body or a file is, as an object of that class.

    Raises Refused, and says why, for what is none: `what` is what came, `who` is to take it.
    """
    form = form_of(data, media, filename)
    read = kind.readers.get(form) or kind.readers.get("")
    if read is None:
        raise Refused(
            "unsupported-type",
            "body",
            f"{who} takes {kind.name}, and {what} is {form or media or 'of no type'}: "
            f"send {', '.join(kind.readers)}",
        )
    try:
        return read(data)
    except Refused as refused:
        refused.detail = f"{who}: {refused.detail}"
        raise
    except Exception as why:
        said = bounded(f"{type_name(type(why))}: {message_of(why)}")
        raise Refused(
            "unreadable-argument",
            "body",
            f"{who} takes {kind.name}, and {what}, {form or 'bytes'}, cannot be read as that: "
            f"{said}",
        ) from why


def resolved(hint: Any, names: dict[str, Any]) -> Any:
    """A hint that was written as text, or put off by `from __future__ import annotations`."""
    if not isinstance(hint, str):
        return hint
    try:
        return eval(hint, names)
    except Exception:  # a name that only a type checker imports: it is nobody's class here
        return None


def kind_of(hint: Any) -> Kind | None:
    """What a body is read as for this hint; None for one that names no such class."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return kind_of(inner[0])
    if origin in (Union, types.UnionType):
        return next((kind for kind in map(kind_of, inner) if kind is not None), None)
    if origin is tuple:
        of = [_class(part) for part in inner]
        return RATED if of == [("builtins", "int"), ("numpy", "ndarray")] else None
    return KINDS.get(_class(hint))


def _class(hint: Any) -> tuple[str, str]:
    """The library and the name of the class that a hint names, without what is in brackets."""
    cls = typing.get_origin(hint) or hint
    if not isinstance(cls, type):
        return "", ""
    return cls.__module__.partition(".")[0], cls.__name__
