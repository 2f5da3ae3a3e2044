"""What pydantic knows: its models, its dataclasses, its constraints. Others never import it."""

from __future__ import annotations

import copy
import sys
import typing
from typing import Annotated, Any

from ._shape import DEEPEST, Fault, Faults, Place, Schema, Shape, json_of

# The libraries whose words in `Annotated` are constraints.
_LIBRARIES = ("pydantic", "pydantic_core", "annotated_types")


def shape(hint: Any) -> Shape | None:
    """What pydantic makes of a hint that is one of its own; None for every other."""
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or not hasattr(pydantic, "TypeAdapter") or not _is_own(hint):
        return None
    try:
        return Model(pydantic.TypeAdapter(hint))
    except Exception:  # of a hint that pydantic makes nothing of
        return None


class Model(Shape):
    """What a `TypeAdapter` of pydantic's reads."""

    is_text = False

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter

    def schema(self, depth: int = 0) -> Schema:
        whole = self._adapter.json_schema()
        definitions = whole.pop("$defs", {})
        made: Schema = _inlined(whole, definitions, depth)
        return made

    def read(self, value: Any, place: Place, faults: Faults) -> Any:
        try:
            return self._adapter.validate_python(value)
        except sys.modules["pydantic"].ValidationError as why:
            faults += [
                Fault((*place, *one["loc"]), one["msg"]) for one in why.errors(include_url=False)
            ]
            return None

    def parsed(self, text: str) -> Any:
        parsed = json_of(text)
        return parsed if isinstance(parsed, dict | list) else text

    def named(self) -> str:
        return "what its model describes"


def _is_own(hint: Any) -> bool:
    if typing.get_origin(hint) is Annotated:
        _, *words = typing.get_args(hint)
        return any(type(word).__module__.partition(".")[0] in _LIBRARIES for word in words)
    return hasattr(hint, "__pydantic_validator__") or (
        isinstance(hint, type)
        and (
            hasattr(hint, "__get_pydantic_core_schema__")
            or hint.__module__.partition(".")[0] == "pydantic"
        )
    )


def _inlined(schema: Any, definitions: dict[str, Any], depth: int) -> Any:
    """A schema with its definitions where they are referred to, as deep as schemas go."""
    if isinstance(schema, list):
        return [_inlined(one, definitions, depth) for one in schema]
    if not isinstance(schema, dict):
        return copy.copy(schema)
    if "$ref" in schema:
        if depth >= DEEPEST:
            return {}
        name = str(schema["$ref"]).rpartition("/")[2]
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {
            **_inlined(definitions.get(name, {}), definitions, depth + 1),
            **_inlined(beside, definitions, depth),
        }
    return {key: _inlined(value, definitions, depth) for key, value in schema.items()}
