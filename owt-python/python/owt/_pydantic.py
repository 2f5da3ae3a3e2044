"""What pydantic makes, as its own serializers say; what these do not know is as anywhere else."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from ._errors import type_name
from ._json import plain
from ._unknown import Unknown, named, unknown
from ._words import with_article


def _model(model: Any, depth: int) -> Any:
    """A model as its `model_dump(mode="json")`."""
    if not hasattr(type(model), "model_dump"):  # pydantic 1
        return plain(model.dict(), depth)
    return _Dump(depth).of(model, model.model_dump)


def _dataclass(value: Any, depth: int) -> Any:
    """One of pydantic's dataclasses."""
    serializer = type(value).__pydantic_serializer__
    return _Dump(depth).of(value, partial(serializer.to_python, value))


def _secret(value: Any, _: int) -> Any:
    return "**********" if value.get_secret_value() else ""


def _url(value: Any, _: int) -> Any:
    return str(value)


FORMS: dict[str, Callable[[Any, int], Any]] = {
    "dataclass": _dataclass,
    "BaseModel": _model,
    "_SecretBase": _secret,
    "_BaseUrl": _url,
    "_BaseMultiHostUrl": _url,
}


def _core() -> Any:
    return sys.modules["pydantic_core"]


class _Dump:
    """One use of pydantic's serializers, and what they met and could not write."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._refused: Unknown | None = None

    def of(self, value: Any, dump: Callable[..., Any]) -> Any:
        try:
            said, held = self._called(partial(dump, mode="json")), dump(mode="python")
        except Exception as error:
            raise self._refusal(value, error) from None
        return _whole(said, held, self._depth)

    def _called(self, dump: Callable[..., Any]) -> Any:
        return dump(fallback=self._fallback) if _takes_fallback(dump) else dump()

    def _fallback(self, item: Any) -> Any:
        try:
            return plain(item, self._depth + 1)
        except Unknown as refused:
            self._refused = refused
            raise

    def _refusal(self, value: Any, error: Exception) -> Unknown:
        """What was found, and where: the serializers' own errors do not tell the place."""
        self._refused = None
        path, culprit = self._place(value)
        if self._refused is not None:
            refusal = Unknown(self._refused.what)
            refusal.path = [*path, *self._refused.path]
            return refusal
        if isinstance(culprit, bytes):
            refusal = unknown(culprit)
        else:
            raised = f"{type_name(type(error))}: {error}"
            refusal = Unknown(f"{with_article(named(culprit))}, whose serializer raised {raised}")
        refusal.path = path
        return refusal

    def _place(self, value: Any) -> tuple[list[str], Any]:
        """The path to the innermost part that cannot be written, and that part."""
        path: list[str] = []
        seen: set[int] = set()
        while id(value) not in seen:
            seen.add(id(value))
            for step, part, dump in _parts(value):
                if self._fails(dump):
                    path.append(step)
                    value = part
                    break
        return path, value

    def _fails(self, dump: Callable[..., Any]) -> bool:
        try:
            self._called(dump)
        except Exception:
            return True
        return False


def _whole(said: Any, held: Any, depth: int) -> Any:
    """What pydantic says in JSON, without the losses: keys that became one, pandas' nanoseconds.

    `held` is what it says of the same in Python's own objects.
    """
    parts: Iterable[tuple[Any, tuple[Any, Any]]]
    if type(said) is dict and isinstance(held, dict):
        if len(said) != len(held):
            plain(dict.fromkeys(held), depth)
            raise Unknown("a dict of which pydantic makes one key out of two")
        parts = zip(said, zip(said.values(), held.values(), strict=True), strict=True)
        made: Any = {}
    elif type(said) is list and isinstance(held, (list, tuple)) and len(said) == len(held):
        parts = enumerate(zip(said, held, strict=True))
        made = [None] * len(said)
    else:
        exact = type(held).__module__.partition(".")[0] == "pandas"
        return plain(held if exact else said, depth)
    for name, (one, other) in parts:
        try:
            made[name] = _whole(one, other, depth + 1)
        except Unknown as refused:
            refused.inside(f"[{name}]" if type(made) is list else f".{name}")
            raise
    return made


def _parts(value: Any) -> Iterator[tuple[str, Any, Callable[..., Any]]]:
    """Each part of a value: the step to it, the part, and what writes it alone."""
    kind = type(value)
    if hasattr(kind, "model_fields") and hasattr(kind, "model_dump"):
        for name in (*kind.model_fields, *kind.model_computed_fields):
            dump = partial(value.model_dump, mode="json", include={name})
            yield f".{name}", value.__dict__.get(name, value), dump
    elif isinstance(value, dict):
        for key, item in value.items():
            yield f".{key}", item, partial(_core().to_jsonable_python, item)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield f"[{index}]", item, partial(_core().to_jsonable_python, item)


def _takes_fallback(dump: Callable[..., Any]) -> bool:
    """Since pydantic 2.11; a model's own `model_dump` may not hand it on."""
    try:
        parameters = inspect.signature(dump).parameters.values()
    except (TypeError, ValueError):
        return True  # pydantic's own, written in Rust, has it since 2.0
    return any(found.name == "fallback" or found.kind is found.VAR_KEYWORD for found in parameters)
