"""What a type says that it can be made: an array, a table, a geometry, a dict."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Any

from .. import _json
from .._unknown import unknown
from .registry import JSON, Form, Instead, Plain

GEOJSON = "application/geo+json"
# What gives a dict of the value's fields: most libraries of structures have one of them.
_DICTS = ("to_dict", "as_dict", "asdict", "todict", "dict")


def of(value: Any) -> list[Form]:
    """The forms by protocols, the natural one first. Empty for what follows none."""
    kind = type(value)
    if hasattr(kind, "__geo_interface__"):
        return [Form(GEOJSON, _geojson), Form(JSON, _geojson)]
    if hasattr(kind, "__arrow_c_stream__") or hasattr(kind, "__arrow_c_array__"):
        from . import tables

        return tables.by_arrow(value)
    if hasattr(kind, "__rich_console__") or hasattr(kind, "__rich__"):
        from . import documents

        return list(documents.rich(value))
    if hasattr(kind, "__dataframe__"):
        from . import tables

        return list(tables.by_interchange(value))
    if is_array(kind) and "numpy" in sys.modules:
        from . import arrays

        found = arrays.tensor_forms(value)
        return [] if found is None or isinstance(found, Instead) else list(found)
    return []


def plain_form(kind: type) -> Plain | None:
    """How values of a type are made plain for JSON by a protocol, None if it follows none."""
    if hasattr(kind, "__geo_interface__"):
        return lambda value, depth: _json.plain(value.__geo_interface__, depth + 1)
    if is_array(kind) and "numpy" in sys.modules:
        return _array
    if hasattr(kind, "__mapper__") and hasattr(kind, "__table__"):
        from . import services

        return services.plain_entity
    for name in _DICTS:
        method = getattr(kind, name, None)
        if inspect.isroutine(method) and _takes_nothing(method):
            return _by_method(name)
    return None


def is_array(kind: type) -> bool:
    """Whether values of a type say that they are arrays."""
    # A client of a service that has every attribute is none: these are on the class.
    return hasattr(kind, "__array__") or (
        hasattr(kind, "__dlpack__") and hasattr(kind, "__dlpack_device__")
    )


def _geojson(value: Any) -> bytes:
    return _json.encoded(value.__geo_interface__)


def _array(value: Any, depth: int) -> Any:
    from . import arrays

    return arrays.plain(value, depth)


def _by_method(name: str) -> Plain:
    def plain(value: Any, depth: int) -> Any:
        made = getattr(value, name)()
        if not isinstance(made, (Mapping, list)):
            raise unknown(value)
        return _json.plain(made, depth + 1)

    return plain


def _takes_nothing(method: Any) -> bool:
    """Whether a method can be called with nothing but its object."""
    try:
        parameters = list(inspect.signature(method).parameters.values())[1:]
    except (TypeError, ValueError):
        return False
    return all(
        one.default is not one.empty or one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        for one in parameters
    )
