"""Serves functions as TARP does: `makeServer`, then `add…Endpoint`, then `runServer`.

    from owt import tarp

    def my_function(x, y):
        return x + y

    server = tarp.server.makeServer()
    server.addRPCEndpoint("my_function", my_function)
    tarp.server.runServer(server, port=8080)

`runServer` becomes `owt serve`, whose worker runs the program again up to that call: what is
before it runs in both, what is after it in neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from ._endpoints import Endpoint, Endpoints, description
from ._errors import InvalidServerState, OperationInProgress
from ._later import Calls, forked
from ._program import run_server
from ._raw import rawPayload

__all__ = [
    "InvalidServerState",
    "OperationInProgress",
    "makeServer",
    "rawPayload",
    "runServer",
    "server",
]

Callback = Callable[..., Any]


class server:
    """What `makeServer` derives its classes from; each has endpoints of its own."""

    endpoints: ClassVar[Endpoints] = Endpoints()
    calls: ClassVar[Calls] = Calls(threads=False)

    def __init_subclass__(cls) -> None:
        """Begin with the endpoints of the class above."""
        cls.endpoints = Endpoints(cls.endpoints)

    @classmethod
    def addRPCEndpoint(
        cls,
        name: str,
        callback: Callback,
        result_mimetype: str | None = None,
        description: str | None = None,
    ) -> None:
        """Offer a function to callers in Python, who wait for its result."""
        cls._add("RPC", name, callback, result_mimetype, description)

    @classmethod
    def addAsyncRPCEndpoint(
        cls,
        name: str,
        callback: Callback,
        result_mimetype: str | None = None,
        description: str | None = None,
        suggested_wait: float = 5,
    ) -> None:
        """Offer a function to callers in Python, who ask for its result later.

        `suggested_wait`: seconds after which they may ask.
        """
        forked(callback)
        cls._add("ASYNCRPC", name, callback, result_mimetype, description, wait=suggested_wait)

    @classmethod
    def addGetEndpoint(
        cls,
        name: str,
        callback: Callback,
        result_mimetype: str | None = None,
        description: str | None = None,
        query_params: Iterable[Any] | None = None,
    ) -> None:
        """Offer a function of the query and the body to any program, by GET."""
        said = {"query_params": list(query_params or ())}
        cls._add("GET", name, callback, result_mimetype, description, said)

    @classmethod
    def addPostEndpoint(
        cls,
        name: str,
        callback: Callback,
        result_mimetype: str | None = None,
        description: str | None = None,
        query_params: Iterable[Any] | None = None,
        payload_mimetype: str | None = None,
        payload_schema: Any = None,
    ) -> None:
        """Offer a function of the query and the body to any program, by POST."""
        said = {
            "query_params": list(query_params or ()),
            "payload_mimetype": payload_mimetype,
            "payload_schema": payload_schema,
        }
        cls._add("POST", name, callback, result_mimetype, description, said)

    @classmethod
    def _add(
        cls,
        kind: str,
        name: str,
        callback: Callback,
        mimetype: str | None,
        given: str | None,
        said: dict[str, Any] | None = None,
        wait: float = 5,
    ) -> None:
        about = description(given, callback)
        cls.endpoints.add(Endpoint(kind, name, callback, mimetype, about, said or {}, wait))


def makeServer(name: str = "baseHandler", multiThreaded: bool = False) -> type[server]:
    """Make a server, without endpoints.

    Its asynchronous calls run in ten processes, which share no globals; with `multiThreaded` in
    ten threads, which do.
    """
    return type(name, (server,), {"calls": Calls(threads=multiThreaded)})


def runServer(
    cls: type[server],
    secure: bool = False,
    certfile: str = "snakeoil.pem",
    keyfile: str = "snakeoil.key",
    port: int | None = None,
    bindTo: str = "",
) -> None:
    """Serve, until the process is told to end.

    `port`: 80 without one, 443 if `secure`. `bindTo`: the IP address to listen on; without one it
    is all of them where OWT_TOKEN, OWT_AUTH or their like ask for a key, else this machine's own.
    """
    files = (certfile, keyfile) if secure else None
    run_server(cls, files, port or (443 if secure else 80), bindTo)
