"""Calling: a client of one server, and the call without one."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast, overload

from ._answer import Answer, Result
from ._call import Call
from ._caller import JSON, LAST_CHUNK, PLAIN, Caller, Request, chunk, with_accept
from ._connection import Limits
from ._errors import Disconnected, OwtError
from ._http import Incoming
from ._multipart import Data, File
from ._pool import Lease, Pool, is_quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from typing_extensions import ParamSpec, Self

    from ._async_client import AsyncClient
    from ._functions import Function, Module, Published

    P = ParamSpec("P")
    R = TypeVar("R")


#: Bodies up to this size go with the head.
_SMALL = 64 << 10


class Client(Caller):
    """Calls the owt at `address`, a URL whose path is the calls' path, or `unix:PATH`.

    Without one, $OWT_URL is called, or the server on this machine. A `user:password@` in it is
    sent as basic authentication, `token` as a bearer token.

    `timeout` is the deadline in seconds of calls that bring none: the server ends the call then,
    and the client waits 5 s longer at most. `connect_timeout` is for a connection, `idle_timeout`
    for the next bytes of an answer, which by default is for ever: adaptors may take their time.

    What certainly has not run is sent again up to `retries` times, after what the server asks for:
    when nobody takes the connection, and when the server is full or ends. `headers` go with each
    call, `defaults` are options and arguments of all calls. `proxy` is an HTTP proxy; by default
    what HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say, "" for none. `context` is what TLS
    trusts; by default what SSL_CERT_FILE names, or the system.

    A client may be used by several threads. It keeps connections for the next call, some seconds
    long, until it is closed: by `close`, or the end of a `with` block.
    """

    def _begin(self) -> None:
        # Without a hold on this client, whose end ends the pool's connections.
        self._pool = Pool(self._server)
        self._twin: AsyncClient | None = None
        weakref.finalize(self, self._pool.close)

    def __call__(
        self,
        code: str,
        /,
        *values: object,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Any:
        """What the call gives: a value of Python's, text, or bytes. Takes what `stream` takes."""
        asking = with_accept(PLAIN, headers)
        with self.stream(code, *values, headers=asking, **options) as answer:
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
        asking = with_accept(JSON, headers)
        with self.stream(code, *values, headers=asking, **options) as answer:
            return answer.json()

    def with_response(
        self,
        code: str,
        /,
        *values: object,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Result:
        """What the call gives, with status, headers, the request's id and the server's timings.

        Takes what `stream` takes.
        """
        asking = with_accept(PLAIN, headers)
        with self.stream(code, *values, headers=asking, **options) as answer:
            return answer.result()

    def stream(
        self,
        code: str,
        /,
        *values: object,
        method: str = "POST",
        data: Data | None = None,
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, File | list[File]] | None = None,
        **options: Any,
    ) -> Answer:
        """The call's answer as it comes.

        Arguments and options are those of `Call.of`. `data` is a body for the adaptor, its
        `request.data`; `headers` may say its `Content-Type`. `files` are the adaptor's
        `request.files`, by name: bytes, a path, an open file, or a tuple of a file's name, its
        content and its type. Raises `OwtError` when the call fails, `TypeError` for what cannot be
        sent, `ValueError` for a URL that would be too long.
        """
        call = self.prepare(code, *values, **options)
        return self.send(call, method, data, headers, files)

    @overload
    def remote(self, function: type[R], /) -> type[R]: ...

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
        functions and classes. Arguments and results are plain data. Generators stream; what is
        async stays so. Of a class each method runs there that does not begin with `_`: with it goes
        what the object has. What a method changes in it, it changes there alone.
        `options` are `timeout`, `use_cache`, which keeps a result for each set of arguments, and
        `prints`, by which what the function prints there is printed here when it returns.
        Raises `TypeError`, here or when called, for what cannot be sent.
        """
        from ._remote import remote  # costs more than the rest of the client

        if function is None:
            return lambda function: remote(self, function, options)
        return remote(self, function, options)

    def functions(self) -> Any:
        """What the server publishes, as its catalogue tells it: `functions`, `errors`, `ready`."""
        from . import _functions

        return _functions.catalogue(self)

    def function(self, name: str, /, **options: Any) -> Function:
        """The function of that name, such as `"tools.add"`, whatever the client has itself.

        `client.tools.add` is the same, unless the client has a `tools`. `options` are `timeout`,
        `headers`, `use_cache`, `cache_shared`, `cache_key_override`, and `format`, a short name or
        a media type. Raises `ValueError` for what is no name.
        """
        from . import _functions

        return _functions.function(self, name, options)

    def publish(
        self, code: str | os.PathLike[str], /, *, name: str | None = None, keep: bool = False
    ) -> Published:
        """Sends code, or that of a file, whose functions are then called by the code's hash.

            lib = client.publish("def double(n: int): return 2 * n")
            lib.double(21)

        Where the server has dropped it, the call that finds out sends it again. `name` is a
        module's name that it gets, too, until the server ends, or with `keep` for good.
        """
        from . import _functions

        return _functions.publish(self, code, name, keep)

    def __getattr__(self, name: str) -> Module:
        """A module that the server publishes. Raises `AttributeError` with names near it."""
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        from . import _functions

        found: Any = _functions.attribute(self, name)
        return cast("Module", found)

    def __dir__(self) -> list[str]:
        """What the client has, and the modules that the server publishes."""
        from . import _functions

        return sorted({*super().__dir__(), *_functions.names(self, "")})

    def twin(self) -> AsyncClient:
        """The asynchronous client of the same server, with the same keys and limits."""
        from ._async_client import AsyncClient

        if self._twin is None:
            self._twin = AsyncClient.like(self)
        return self._twin

    def close(self) -> None:
        """Ends the connections that no call has. The next call opens a new one."""
        self._pool.close()
        if self._twin is not None:
            self._twin.close()

    def __enter__(self) -> Self:
        """Give itself; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def send(
        self,
        call: Call,
        method: str = "POST",
        data: Data | None = None,
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, File | list[File]] | None = None,
    ) -> Answer:
        """Sends a call that was prepared. Takes what `stream` takes."""
        request = self.request(call, method, data, headers, files)
        return self.deliver(request, self.limits(call))

    def deliver(self, request: Request, limits: Limits) -> Answer:
        """Sends a request, and again where nothing of it has run."""
        attempt = 0
        while True:
            try:
                return self._send(request, limits)
            except OwtError as error:
                pause = self.pause(error, request, limits, attempt)
                if pause is None:
                    raise
            attempt += 1
            time.sleep(pause)

    def _send(self, request: Request, limits: Limits) -> Answer:
        lease = self._pool.lease(limits)
        try:
            answer = _exchange(lease, request)
            if refusal := answer.refusal():
                raise refusal
            if answer.status >= 400:
                raise answer.error()
        except BaseException:
            lease.end()
            raise
        return answer


def owt(code: str, /, *values: object, address: str | None = None, **options: Any) -> Any:
    """Runs `code` on a server and gives its result: a value of Python's, text, or bytes.

    The server is at `address`, at $OWT_URL, or on this machine. Takes what `Client.stream` takes,
    and raises what it does.
    """
    with Client(address) as client:
        return client(code, *values, **options)


def _exchange(lease: Lease, request: Request) -> Answer:
    connection = lease.connection
    called = connection.server.called
    incoming = Incoming(called)
    connection.open()
    try:
        is_taken = _write(lease, request, incoming)
    except (BrokenPipeError, ConnectionResetError) as broken:
        # A server that refuses a call may answer before it has read all of the body.
        try:
            _read_head(lease, incoming)
        except (OwtError, OSError):
            raise Disconnected(f"{called} took no more of the call: {broken}") from broken
        return Answer(lease, incoming, called, is_taken=False)
    _read_head(lease, incoming)
    return Answer(lease, incoming, called, is_taken=is_taken)


def _write(lease: Lease, request: Request, incoming: Incoming) -> bool:
    """Send it all, unless the server answers before: then it gives False."""
    connection = lease.connection
    body = request.body
    if body is None:
        connection.send(request.head)
        return True
    pieces: Any = body.pieces
    if body.length is not None and body.length <= _SMALL:
        connection.send(b"".join([request.head, *pieces]))
        return True
    connection.send(request.head)
    if not hasattr(pieces, "__iter__"):
        raise TypeError("data is an async iterable, which only AsyncClient sends")
    for piece in pieces:
        # TLS has words of its own, which are no answer.
        is_plain = connection.server.address.scheme == "http"
        if is_plain and connection.sock is not None and not is_quiet(connection.sock):
            incoming.feed(connection.receive())
            if incoming.begin():
                return False
        connection.send(chunk(piece) if request.is_chunked else piece)
    if request.is_chunked:
        connection.send(LAST_CHUNK)
    return True


def _read_head(lease: Lease, incoming: Incoming) -> None:
    while not incoming.begin():
        incoming.feed(lease.connection.receive())
