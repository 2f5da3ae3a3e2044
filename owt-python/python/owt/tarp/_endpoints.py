"""Keeps what a server of TARP's offers: its endpoints by name, and the list of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

#: Names of TARP's own.
RESERVED: Final = frozenset(("", "asyncGet", "asyncProbe"))
_KINDS: Final = ("GET", "POST", "RPC", "ASYNCRPC")


@dataclass(frozen=True)
class Endpoint:
    """A function that callers may call."""

    kind: str
    name: str
    callback: Callable[..., Any]
    mimetype: str | None = None
    description: str = ""
    #: What the list says of it beside its name and description.
    said: Mapping[str, Any] = field(default_factory=dict)
    #: Seconds after which a caller may ask for the result.
    suggested_wait: float = 5


class Endpoints:
    """The endpoints of one server."""

    def __init__(self, inherited: Endpoints | None = None) -> None:
        """Begin with those of the class that a server is derived from."""
        self._by_kind: dict[str, dict[str, Endpoint]] = {
            kind: dict(inherited._by_kind[kind]) if inherited else {} for kind in _KINDS
        }

    def add(self, endpoint: Endpoint) -> None:
        """Offer this. Raises `ValueError` for a name of TARP's own, `TypeError` for no function."""
        if endpoint.name.strip("/") in RESERVED:
            raise ValueError(f"an endpoint cannot be called {endpoint.name!r}: TARP has that name")
        if not callable(endpoint.callback):
            raise TypeError(f"the callback of {endpoint.name!r} cannot be called")
        self._by_kind[endpoint.kind][endpoint.name] = endpoint

    def find(self, method: str, path: str) -> Endpoint | None:
        """Give the endpoint of this path, which TARP's client writes with `_` for each `/`."""
        name = path.lstrip("/")
        for kind in ("GET",) if method == "GET" else ("RPC", "ASYNCRPC", "POST"):
            known = self._by_kind[kind]
            if name in known:
                return known[name]
            for one, endpoint in known.items():
                if one.replace("/", "_") == name:
                    return endpoint
        return None

    def listed(self) -> dict[str, list[dict[str, Any]]]:
        """Give what `GET /` tells of them."""
        return {
            kind: [
                {"name": one.name, "description": one.description, **one.said}
                for one in known.values()
            ]
            for kind, known in self._by_kind.items()
        }


def description(given: str | None, callback: Callable[..., Any]) -> str:
    """Say what an endpoint is for: as it was given, else by its docstring."""
    return given or inspect.getdoc(callback) or "No description provided"
