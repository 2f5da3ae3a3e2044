"""TARP's interface, served and called by owt: a program of TARP's changes its import and no more.

    from owt import tarp  # was: import tarp.server, import tarp.client

`tarp.server` has `makeServer`, `runServer`, `rawPayload`, `OperationInProgress` and
`InvalidServerState`; `tarp.client` has `client`. docs/tarp.md says what is promised.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import client, server

__all__ = ["client", "server"]


def __getattr__(name: str) -> object:
    """Import the half that is asked for: a client needs nothing of the server."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f".{name}", __name__)
