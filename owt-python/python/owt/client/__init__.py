"""A client for owt, with nothing but the standard library.

    from owt.client import Client
    client = Client("http://127.0.0.1:9876")
    client("def run(name): return {'hello': name}", name="world")    # {'hello': 'world'}

`client.stream(...)` gives the answer as it comes, `@client.remote` runs a function of this program
on the server, `client.tools.add(1, y=2)` calls one that the server publishes. `AsyncClient` does
the same on asyncio's loop, `owt(code, ...)` calls without a client. On the command line:
`python -m owt.client --code CODE --arg NAME VALUE`.
"""

from typing import TYPE_CHECKING

from ._address import DEFAULT_URL
from ._answer import Answer, Result
from ._call import Call
from ._client import Client, owt
from ._errors import (
    AdaptorRaised,
    BadAnswer,
    BadCall,
    Busy,
    Closed,
    ConnectTimedOut,
    Cut,
    DeadlinePassed,
    Disconnected,
    Fault,
    Forbidden,
    NotFound,
    NotRunnable,
    OwtError,
    Redirected,
    ServerError,
    StatusError,
    TimedOut,
    TooLarge,
    TooMany,
    Unauthorized,
    Unreachable,
    WorkerDied,
    WrongArguments,
)
from ._events import Event

if TYPE_CHECKING:
    from ._async_client import AsyncAnswer, AsyncClient

__all__ = [
    "DEFAULT_URL",
    "AdaptorRaised",
    "Answer",
    "AsyncAnswer",
    "AsyncClient",
    "BadAnswer",
    "BadCall",
    "Busy",
    "Call",
    "Client",
    "Closed",
    "ConnectTimedOut",
    "Cut",
    "DeadlinePassed",
    "Disconnected",
    "Event",
    "Fault",
    "Forbidden",
    "NotFound",
    "NotRunnable",
    "OwtError",
    "Redirected",
    "Result",
    "ServerError",
    "StatusError",
    "TimedOut",
    "TooLarge",
    "TooMany",
    "Unauthorized",
    "Unreachable",
    "WorkerDied",
    "WrongArguments",
    "owt",
]


def __getattr__(name: str) -> object:
    """Import what needs asyncio when it is first asked for."""
    if name in ("AsyncAnswer", "AsyncClient"):
        from . import _async_client

        return getattr(_async_client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
