"""Calling: a client of one server, and the call without one."""

from __future__ import annotations

import base64
import functools
import http.client
import io
import json
import os
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, ParamSpec, Self, TypeVar, overload

from .. import __version__
from ._answer import Answer
from ._call import Call
from ._connection import Address
from ._pool import Lease, Pool

if TYPE_CHECKING:
    import ssl

P = ParamSpec("P")
R = TypeVar("R")

#: A body for the adaptor. What has no known length is sent in chunks.
Data = bytes | bytearray | memoryview | BinaryIO | Iterable[bytes]

# The server ends a call at its deadline by itself; the socket waits a little longer.
_GRACE = 10.0


class Client:
    """Calls the owt at `address`, a URL whose path is the calls' path, or `unix:PATH`.

    Without one, $OWT_URL is called, or the server on this machine. A `user:password@` in it is
    sent as basic authentication, `token` as a bearer token. `timeout` is the deadline in seconds
    of calls that bring none. `context` is what TLS trusts; by default what SSL_CERT_FILE names, or
    the system. A client may be used by several threads. It keeps connections for the next call,
    some seconds long, until it is closed: by `close`, or the end of a `with` block.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        token: str | None = None,
        timeout: float | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Take the address and the keys. Raises `ValueError` when it is none."""
        self._address = Address(address)
        self._timeout = timeout
        # Without a hold on this client, whose end ends the pool's connections.
        self._pool = Pool(functools.partial(self._address.connection, context=context))
        weakref.finalize(self, self._pool.close)
        self._headers = {"User-Agent": f"owt-python/{__version__}", "Accept": "*/*", "X-Owt": "1"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        elif self._address.user is not None:
            pair = f"{self._address.user}:{self._address.password}"
            encoded = base64.b64encode(pair.encode()).decode()
            self._headers["Authorization"] = f"Basic {encoded}"

    def __call__(self, code: str, /, *values: object, **options: Any) -> Any:
        """What the call gives: parsed JSON, text, or bytes. Takes what `stream` takes."""
        with self.stream(code, *values, **options) as answer:
            return answer.value()

    def json(
        self,
        code: str,
        /,
        *values: object,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Any:
        """What the call gives as JSON, parsed, which the server is asked for: a frame is records.

        Takes what `stream` takes.
        """
        asking = {"Accept": "application/json", **(headers or {})}
        with self.stream(code, *values, headers=asking, **options) as answer:
            return answer.json()

    def stream(
        self,
        code: str,
        /,
        *values: object,
        method: str = "POST",
        data: Data | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        """The call's answer as it comes.

        Arguments and options are those of `Call.of`. `data` is a body for the adaptor, its
        `request.data`; `headers` may say its `Content-Type`. Raises `OwtError` when the server
        refuses or the adaptor raises, `TypeError` for what cannot be sent, `ValueError` for a URL
        that would be too long, and `OSError` when nobody answers.
        """
        call = self.prepare(code, *values, **options)
        return self.send(call, self.lease(call), method, data, headers)

    def url(self, code: str, /, *values: object, **options: Any) -> str:
        """The URL that makes the call when it is opened, without any password.

        Arguments and options are those of `Call.of`. Raises `ValueError` when it is too long.
        """
        return self.url_of(self.prepare(code, *values, **options))

    def url_of(self, call: Call) -> str:
        """The URL of a call that was prepared."""
        return self._address.url(call.query())

    @overload
    def remote(self, function: Callable[P, R], /) -> Callable[P, R]: ...

    @overload
    def remote(self, /, **options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]: ...

    def remote(self, function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Have a function of this program run on the server.

            @client.remote
            def area(radius):
                return math.pi * radius ** 2

            area(2.0)

        Its source is sent with each call, and what it uses from outside: constants, modules, other
        functions. Arguments and results are plain data. Generators stream; what is async stays so.
        `options` are `timeout`, and `use_cache`, which keeps a result for each set of arguments.
        Raises `TypeError`, here or when called, for what cannot be sent.
        """
        from ._remote import remote  # costs more than the rest of the client

        if function is None:
            return lambda function: remote(self, function, options)
        return remote(self, function, options)

    def prepare(self, code: str, /, *values: object, **options: Any) -> Call:
        """The call that `stream` would send. Takes what `Call.of` takes."""
        return Call.of(code, *values, **{"timeout": self._timeout, **options})

    def close(self) -> None:
        """Ends the connections that no call has. The next call opens a new one."""
        self._pool.close()

    def __enter__(self) -> Self:
        """Give itself; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def lease(self, call: Call) -> Lease:
        """A connection for this call, which its answer gives back."""
        return self._pool.lease(None if call.timeout is None else call.timeout + _GRACE)

    def send(
        self,
        call: Call,
        lease: Lease,
        method: str = "POST",
        data: Data | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends the call on that connection, and takes what `stream` takes."""
        try:
            request = self._request(call, method.upper(), data, headers)
            answer = _exchange(lease, *request)
            if answer.status >= 400:
                raise answer.error()
        except BaseException:
            lease.end()
            raise
        return answer

    def _request(
        self,
        call: Call,
        method: str,
        data: Data | None,
        headers: Mapping[str, str] | None,
    ) -> tuple[str, str, Any, Mapping[str, str]]:
        """The method, target, body and headers of a call."""
        # In one spelling, so that the same header does not stand there twice.
        given = {name.title(): value for name, value in (headers or {}).items()}
        more = {**self._headers, **given}
        body: Any = None
        if method == "GET" or data is not None:
            if method == "GET" and data is not None:
                raise ValueError("data needs a body, which a GET has not: use POST")
            self.url_of(call)  # refuses what is too long
            target = self._address.target(call.query())
            body = data
            if data is not None:
                more = {"Content-Type": "application/octet-stream", **_length(data), **more}
        else:
            target = self._address.target()
            body = json.dumps(call.json()).encode()
            more["Content-Type"] = "application/json"
        return method, target, body, more


def owt(code: str, /, *values: object, address: str | None = None, **options: Any) -> Any:
    """Runs `code` on a server and gives its result: parsed JSON, text, or bytes.

    The server is at `address`, at $OWT_URL, or on this machine. Takes what `Client.stream` takes,
    and raises what it does, and `http.client.IncompleteRead` for a result that was cut.
    """
    with Client(address) as client:
        return client(code, *values, **options)


def _exchange(
    lease: Lease,
    method: str,
    target: str,
    body: Any,
    headers: Mapping[str, str],
) -> Answer:
    connection = lease.connection
    try:
        connection.request(method, target, body, headers)
    except (BrokenPipeError, ConnectionResetError) as broken:
        # A server that refuses a call may answer before it has read all of the body.
        if connection.sock is None:
            raise
        lease.socket = connection.sock
        try:
            return Answer(lease, connection.getresponse(), is_taken=False)
        except (OSError, http.client.HTTPException):
            raise broken from None
    lease.socket = connection.sock
    return Answer(lease, connection.getresponse())


def _length(data: Data) -> dict[str, str]:
    """The Content-Length of a body; nothing for what is sent in chunks. Raises `TypeError`."""
    if isinstance(data, (str, io.TextIOBase)):
        raise TypeError("data is bytes: encode the text, or open the file with 'rb'")
    if isinstance(data, (bytes, bytearray, memoryview)):
        return {"Content-Length": str(memoryview(data).nbytes)}
    file: Any = data
    if hasattr(file, "seekable") and file.seekable():
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
        return {"Content-Length": str(end - here)}
    return {}
