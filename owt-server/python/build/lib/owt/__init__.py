"""What adaptors write with: `from owt import *` gives an adaptor all it needs.

`pipe()` begins a pipeline (see `owt.summat`), `request` is the request of the running call,
`Server.sing()` and `args` say where the server listens.
"""

from . import responses, server
from ._errors import Cancelled
from ._request import request
from .responses import *  # noqa: F403
from .server import Server, args, main
from .summat import pipe, shell

__version__ = "0.1.0"

__all__ = [  # noqa: PLE0604
    "Cancelled",
    "Server",
    "args",
    "main",
    "pipe",
    "request",
    "server",
    "shell",
    *responses.__all__,
]
