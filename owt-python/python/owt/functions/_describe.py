"""Which functions a module publishes, and what is told of each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from ._mark import Mark, mark_of
from ._parameters import Parameters, json_default, written
from ._shape import Schema

#: What is called, in place of a function, to be told of all.
DESCRIBE = "__owt_describe__"
# First parameters by these names receive the request.
_REQUEST = ("_", "request")
# So many functions of one module are published.
MOST = 10_000


def published(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The functions that a module publishes, by the names that they have in it.

    Those that bear our decorator, where any does; else those that the module itself defines and
    does not hide, by an underscore or by leaving them out of `__all__`.
    """
    own = {name: value for name, value in vars(module).items() if _is_own(value, module)}
    marked = {name: value for name, value in own.items() if mark_of(value) is not None}
    if marked:
        return marked
    public = getattr(module, "__all__", None)
    return {
        name: value
        for name, value in own.items()
        if not name.startswith("_") and (public is None or name in public)
    }


def described(module: ModuleType, name: str) -> list[dict[str, Any]]:
    """What is told of each function of a module that is published by that name."""
    return list(_described(module, name))


def _described(module: ModuleType, name: str) -> Iterator[dict[str, Any]]:
    for at, (attribute, function) in enumerate(published(module).items()):
        if at == MOST:
            raise ValueError(f"{name} has more than {MOST} functions")
        mark = mark_of(function) or Mark()
        yield {
            "name": f"{name}.{mark.name or attribute}",
            "module": name,
            "function": attribute,
            **_of_function(function),
            "get": mark.get,
            "cache": mark.cache,
            "timeout": mark.timeout,
            "hidden": mark.hidden,
        }


def _of_function(function: Callable[..., Any]) -> dict[str, Any]:
    read = Parameters(function, wants_request(function))
    returns = read.signature.return_annotation
    inner = inspect.unwrap(function)
    streams = inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner)
    has_hint = returns is not inspect.Signature.empty
    schema: Schema = read.hints.shape(returns).schema() if has_hint and not streams else {}
    return {
        "doc": inspect.cleandoc(function.__doc__ or ""),
        "parameters": [_of_parameter(one) for one in read.all],
        "returns": {"schema": schema, "hint": written(returns) if has_hint else ""},
        "async": inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner),
        "streams": streams,
    }


def _of_parameter(one: Any) -> dict[str, Any]:
    told = {
        "name": one.name,
        "kind": one.kind.name.lower(),
        "required": one.required,
        "schema": one.shape.schema(),
        "hint": one.hint,
    }
    if one.default is not inspect.Parameter.empty:
        has_json, default = json_default(one.default)
        if has_json:
            told["default"] = default
    return told


def wants_request(function: Callable[..., Any]) -> str | None:
    """The name of a function's first parameter, if that one wants the request."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    if not parameters:
        return None
    first = parameters[0]
    positional = first.kind in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD)
    return first.name if positional and first.name in _REQUEST else None


def _is_own(value: Any, module: ModuleType) -> bool:
    """Whether it is a function that the module itself defines."""
    if isinstance(value, type) or not callable(value):
        return False
    is_function = inspect.isroutine(value) or hasattr(value, "__wrapped__")
    return is_function and getattr(value, "__module__", None) == module.__name__
