"""The parameters of a function that is called by its name, and how a request becomes arguments."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from inspect import BoundArguments
from typing import Any, NamedTuple

from .._arguments import read_json
from .._errors import Refused
from .._multipart import File
from ._hinted import Hints
from ._shapes import Fault, Faults, Place, Shape

#: Names in the query that are owt's own, unless the function has a parameter of that name.
OWN = frozenset(
    (
        "use_cache",
        "cache_kwargs",
        "cache_key_override",
        "cache_shared",
        "timeout",
        "format",
    )
)
# So many faults are told.
_FAULTS = 100
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Parameter(NamedTuple):
    """One that a caller gives."""

    name: str
    kind: Any
    shape: Shape
    required: bool
    default: Any
    #: What is written behind its colon.
    hint: str


class Given(NamedTuple):
    """What came for one parameter."""

    #: `query` or `body`.
    where: str
    #: A list of texts, a file, or a value of JSON.
    what: Any
    is_json: bool = False


class Parameters:
    """Reads the arguments of one function from requests."""

    def __init__(self, function: Callable[..., Any], request_name: str | None) -> None:
        """Take the function, and the name of its first parameter if that wants the request."""
        self._function = function
        self._request_name = request_name
        self.hints = Hints(getattr(inspect.unwrap(function), "__globals__", {}))
        try:
            self.signature = inspect.signature(function)
        except (TypeError, ValueError):  # some of those that are written in C
            self.signature = inspect.Signature(
                [
                    inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL),
                    inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
                ]
            )
        self.all = [
            Parameter(
                one.name,
                one.kind,
                self.hints.shape(one.annotation),
                one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD),
                one.default,
                "" if one.annotation is one.empty else written(one.annotation),
            )
            for one in self.signature.parameters.values()
            if one.name != request_name
        ]
        self._named = {
            p.name: p for p in self.all if p.kind not in (p.kind.VAR_POSITIONAL, p.kind.VAR_KEYWORD)
        }
        self._rest = next((p for p in self.all if p.kind is p.kind.VAR_KEYWORD), None)
        self._more = next((p for p in self.all if p.kind is p.kind.VAR_POSITIONAL), None)
        #: In their order, those that a position gives.
        self._placed = [p for p in self._named.values() if p.kind is not p.kind.KEYWORD_ONLY]
        self._required = frozenset(p.name for p in self._named.values() if p.required)
        #: How each is read from JSON, where all can be passed by name.
        self._reads: dict[str, Callable[[Any, Place, Faults], Any]] = {}
        if request_name is None and all(
            p.kind is not p.kind.POSITIONAL_ONLY for p in self._named.values()
        ):
            self._reads = {name: p.shape.read for name, p in self._named.items()}

    def of_object(self, body: bytes) -> dict[str, Any] | None:
        """The arguments that a body of JSON carries which is an object of parameters' names.

        None for any other body: `__call__` says of all what becomes of them. Most calls are such,
        and for them it makes no request. Raises Refused, before anything of the call runs.
        """
        try:
            value = read_json(body)
        except (ValueError, RecursionError):
            return None
        if type(value) is not dict or not self._required <= value.keys() <= self._reads.keys():
            return None
        faults: Faults = []
        made = {name: self._reads[name](part, (name,), faults) for name, part in value.items()}
        if faults:
            raise self._wrong([("body", fault) for fault in faults])
        return made

    def __call__(self, request: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments that a request carries. Raises Refused, before anything of it runs."""
        given, placed, faults = self._gathered(request)
        made: dict[str, Any] = {}
        more: list[Any] = []
        rest: dict[str, Any] = {}
        for name, one in given.items():
            parameter = self._named.get(name)
            if parameter is not None:
                if not _is_blank(one, parameter):
                    made[name] = _read(parameter, one, (name,), faults)
            elif self._rest is not None:
                rest[name] = _read(self._rest, one, (name,), faults)
            else:
                faults.append((one.where, Fault((name,), self._unknown())))
        for at, value in enumerate(placed[len(self._placed) :]):
            if self._more is None:
                count = len(self._placed)
                said = f"{self._name()} takes {count} positional arguments at most"
                faults.append(("body", Fault(("args", count + at), said)))
                break
            more.append(
                _read(
                    self._more, Given("body", value, True), ("args", len(self._placed) + at), faults
                )
            )
        where = "query" if request.method == "GET" else "body"
        for parameter in self._named.values():
            if parameter.required and parameter.name not in given:
                kind = (
                    "" if parameter.shape.named() == "a value" else f": {parameter.shape.named()}"
                )
                faults.append((where, Fault((parameter.name,), f"it is missing{kind}")))
        if faults:
            raise self._wrong(faults)
        if self._request_name is not None:
            made[self._request_name] = request
        return self._bound(made, more, rest)

    def _gathered(
        self, request: Any
    ) -> tuple[dict[str, Given], list[Any], list[tuple[str, Fault]]]:
        """What came by name, what came by position, and what is wrong with either."""
        placed: list[Any] = []
        faults: list[tuple[str, Fault]] = []
        given = {
            name: Given("query", texts)
            for name, texts in request.args.lists()
            if name not in OWN or name in self._named
        }
        for name, one in self._of_body(request, placed):
            if name in given:
                faults.append(("query", Fault((name,), "it came in the query and in the body")))
            given[name] = one
        for parameter, value in zip(self._placed, placed, strict=False):
            if parameter.name in given:
                said = "it came by position and by name"
                faults.append((given[parameter.name].where, Fault((parameter.name,), said)))
            given[parameter.name] = Given("body", value, True)
        return given, placed, faults

    def _of_body(self, request: Any, placed: list[Any]) -> Iterator[tuple[str, Given]]:
        media = request.mimetype
        if media in _FORMS:
            form, _, said = request._fields
            for name, texts in form.lists():
                if name in said:
                    yield name, Given("body", _json_field(name, texts), True)
                else:
                    yield name, Given("body", texts)
            for name, files in request.files.lists():
                yield name, Given("body", files)
        elif not request.data:
            return
        elif media == "application/json" or media.endswith("+json"):
            yield from self._of_json(request.json, placed)
        else:
            yield self._carried(request)

    def _of_json(self, value: Any, placed: list[Any]) -> Iterator[tuple[str, Given]]:
        if not isinstance(value, dict):
            placed.append(value)
            return
        if value and value.keys() <= {"args", "kwargs"} and self._named.keys().isdisjoint(value):
            args, named = value.get("args", []), value.get("kwargs", {})
            if isinstance(args, list) and isinstance(named, dict):
                placed += args
                value = named
        for name, part in value.items():
            yield name, Given("body", part, True)

    def _carried(self, request: Any) -> tuple[str, Given]:
        """The first parameter that takes a body as it is, and that the query does not give."""
        for parameter in self._named.values():
            if parameter.shape.takes_file() and parameter.name not in request.args:
                content = request.content_type or ""
                return parameter.name, Given(
                    "body", [File(parameter.name, None, content, request.data)]
                )
        raise Refused(
            "unsupported-type",
            "body",
            f"{self._name()} takes no body of {request.mimetype or 'no type'}: send its arguments "
            "as application/json, application/x-www-form-urlencoded or multipart/form-data",
        )

    def _bound(
        self, made: dict[str, Any], more: list[Any], rest: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if not more and all(
            p.kind is not p.POSITIONAL_ONLY for p in self.signature.parameters.values()
        ):
            return (), {**made, **rest}
        arguments: dict[str, Any] = {}
        for name, parameter in self.signature.parameters.items():
            if parameter.kind is parameter.VAR_POSITIONAL:
                arguments[name] = tuple(more)
            elif parameter.kind is parameter.VAR_KEYWORD:
                arguments[name] = rest
            elif name in made:
                arguments[name] = made[name]
            elif parameter.default is not parameter.empty:
                arguments[name] = parameter.default
        bound = BoundArguments(self.signature, arguments)
        return bound.args, bound.kwargs

    def _wrong(self, faults: list[tuple[str, Fault]]) -> Refused:
        told = faults[:_FAULTS]
        said = "; ".join(f"{_place(fault)}: {fault.message}" for _, fault in told[:3])
        if len(faults) > 3:
            said += f"; and {len(faults) - 3} more"
        refused = Refused("wrong-arguments", None, f"{self._name()} does not take this: {said}")
        refused.field = str(told[0][1].place[0])
        refused.errors = [
            {
                "in": where,
                "name": str(fault.place[0]),
                "place": list(fault.place),
                "message": fault.message,
            }
            for where, fault in told
        ]
        return refused

    def _unknown(self) -> str:
        names = ", ".join(f"`{name}`" for name in self._named)
        return f"{self._name()} has no such parameter; it takes {names or 'none'}"

    def _name(self) -> str:
        return f"{getattr(self._function, '__name__', 'the function')}()"


def written(hint: Any) -> str:
    """A hint as one would write it."""
    return hint if isinstance(hint, str) else inspect.formatannotation(hint)


def _json_field(name: str, texts: list[str]) -> Any:
    """The value of a field whose parts are JSON; of several, the list of them."""
    try:
        values = [read_json(text) for text in texts]
    except (ValueError, RecursionError) as why:
        said = f"the field {name!r} says that it is JSON, and is none: {why}"
        raise Refused("malformed-call", name, said) from why
    return values[0] if len(values) == 1 else values


def _is_blank(one: Given, parameter: Parameter) -> bool:
    """Whether an empty text stands for nothing: a form's field that nobody filled in."""
    return (
        not one.is_json
        and one.what == [""]
        and not parameter.required
        and not parameter.shape.is_text
    )


def _read(
    parameter: Parameter, one: Given, place: tuple[str | int, ...], faults: list[tuple[str, Fault]]
) -> Any:
    found: Faults = []
    made = _read_as(parameter.shape, one, place, found)
    faults += [(one.where, fault) for fault in found]
    return made


def _read_as(shape: Shape, one: Given, place: tuple[str | int, ...], faults: Faults) -> Any:
    if one.is_json:
        return shape.read(one.what, place, faults)
    if shape.repeats:
        return shape.several(one.what, place, faults)
    if len(one.what) > 1:
        faults.append(Fault(place, f"it came {len(one.what)} times, and is {shape.named()}"))
        return None
    first = one.what[0]
    if isinstance(first, File):
        return shape.file(first, place, faults)
    return shape.written(first, place, faults)


def _place(fault: Fault) -> str:
    first, *further = fault.place
    return f"`{first}`" + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in further
    )


def json_default(value: Any) -> tuple[bool, Any]:
    """Whether a default has a JSON form, and that."""
    try:
        return True, json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return False, None
