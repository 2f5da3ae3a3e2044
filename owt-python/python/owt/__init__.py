"""What adaptors write with: `from owt import *` gives an adaptor all it needs.

`pipe()` begins a pipeline (see `owt.summat`), `request` is the request of the running call,
`Server.sing()` and `args` say where the server listens.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import server
    from ._batch import batch
    from ._errors import Cancelled
    from ._request import request
    from .client import Client as Client
    from .client import OwtError as OwtError
    from .forms.registry import form
    from .functions import function as function
    from .responses import Response, as_json, redirect, sse, stream
    from .server import Server, args, main
    from .summat import pipe, shell

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "Response",
    "Server",
    "args",
    "as_json",
    "batch",
    "form",
    "main",
    "pipe",
    "redirect",
    "request",
    "server",
    "shell",
    "sse",
    "stream",
]

_HOMES = {
    "Cancelled": "_errors",
    "Client": "client",
    "OwtError": "client",
    "Response": "responses",
    "Server": "server",
    "args": "server",
    "as_json": "responses",
    "batch": "_batch",
    "form": "forms.registry",
    "function": "functions",
    "main": "server",
    "pipe": "summat",
    "redirect": "responses",
    "request": "_request",
    "shell": "summat",
    "sse": "responses",
    "stream": "responses",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for: `python -m owt.client` needs none of them."""
    if name == "server":
        return import_module(".server", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = f"{__name__}.{_HOMES[name]}"
    try:
        value = getattr(import_module(home), name)
    except ModuleNotFoundError as error:
        if error.name != home:
            raise
        # The distribution of the client alone (clients/python).
        raise ImportError(
            f"{name!r} is for code that runs on a server: here is owt.client"
        ) from None
    globals()[name] = value
    return value
