"""What both clients are made of: the server, the keys, the limits, and a call as a request."""

from __future__ import annotations

import base64
import errno
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .. import __version__
from ._address import Address
from ._call import Call
from ._connection import Limits, Server
from ._errors import OwtError, Unreachable
from ._http import request_head
from ._multipart import Body, Data, File, of_data, of_files
from ._names import Names
from ._proxy import parsed, proxy_for

if TYPE_CHECKING:
    import ssl

#: What the plain call asks for: JSON has Python's own values in it, text stays text.
PLAIN: Final = "application/json, */*;q=0.9"
JSON: Final = "application/json"

# The server ends a call at its deadline by itself; the client waits a little longer.
_GRACE: Final = 5.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: Seconds.
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 30.0


class Request(NamedTuple):
    """A call as it is sent."""

    head: bytes
    body: Body | None

    @property
    def is_chunked(self) -> bool:
        """Whether the body goes in chunks."""
        return self.body is not None and self.body.length is None


class Caller:
    """A server, and how it is called."""

    def __init__(
        self,
        address: str | None = None,
        *,
        token: str | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = 30.0,
        idle_timeout: float | None = None,
        retries: int = 2,
        headers: Mapping[str, str] | None = None,
        defaults: Mapping[str, Any] | None = None,
        proxy: str | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Take the address, the keys and the limits. Raises `ValueError` naming what is none."""
        self._address = Address(address)
        self._timeout = seconds("timeout", timeout)
        self._connect_timeout = seconds("connect_timeout", connect_timeout)
        self._idle_timeout = seconds("idle_timeout", idle_timeout)
        self._retries = retries
        self._defaults = dict(defaults or {})
        found = None
        if self._address.socket is None:
            here = (self._address.scheme, self._address.host, self._address.port)
            found = proxy_for(*here) if proxy is None else parsed(proxy, "proxy") if proxy else None
        self._server = Server(self._address, found, context)
        self._headers = {
            "Host": self._address.authority,
            "User-Agent": f"owt-python/{__version__}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "X-Owt": "1",
            **_titled(headers),
        }
        if key := self._key(token):
            self._headers["Authorization"] = key
        if found is not None and found.key and self._address.scheme == "http":
            self._headers["Proxy-Authorization"] = found.key
        #: What the server publishes, shared by the client and its twin.
        self._names = Names()
        self._shared = dict(vars(self))
        self._begin()

    def _begin(self) -> None:
        """Make what is this client's own."""

    def _share(self, other: Caller) -> None:
        """Call as that one does."""
        self._shared = other._shared
        vars(self).update(self._shared)
        self._begin()

    def __repr__(self) -> str:
        """Show the address, and no key."""
        return f"<{type(self).__name__} {self._address.shown}>"

    def _key(self, token: str | None) -> str | None:
        if token is not None:
            if not token or _CONTROL.search(token):
                raise ValueError(
                    "token is empty or has a line break in it (it is not shown): read it from "
                    "its file with .strip()"
                )
            return f"Bearer {token}"
        if self._address.user is None:
            return None
        pair = f"{self._address.user}:{self._address.password}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def url(self, code: str, /, *values: object, **options: Any) -> str:
        """The URL that makes the call when it is opened, without any password.

        Arguments and options are those of `Call.of`. Raises `ValueError` when it is too long.
        """
        return self.url_of(self.prepare(code, *values, **options))

    def url_of(self, call: Call) -> str:
        """The URL of a call that was prepared."""
        return self._address.url(call.query())

    def prepare(self, code: str, /, *values: object, **options: Any) -> Call:
        """The call that `stream` would send. Takes what `Call.of` takes."""
        given = {"timeout": self._timeout, **self._defaults, **options}
        return Call.of(code, *values, **given)

    def limits(self, call: Call) -> Limits:
        """How long this call is waited for, from now on."""
        return self.limits_of(call.timeout)

    def limits_of(self, timeout: float | None) -> Limits:
        """How long a call with this deadline in seconds is waited for, from now on."""
        deadline = None if timeout is None else time.monotonic() + timeout + _GRACE
        return Limits(self._connect_timeout, self._idle_timeout, deadline)

    def request(
        self,
        call: Call,
        method: str = "POST",
        data: Data | None = None,
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, File | list[File]] | None = None,
    ) -> Request:
        """The call as it is sent. Raises `ValueError` and `TypeError` for what cannot be."""
        method = method.upper()
        # In one spelling, so that the same header does not stand there twice.
        given = _titled(headers)
        if data is not None and files is not None:
            raise ValueError("data and files are two bodies: give one of them")
        if method == "GET" and (data is not None or files is not None):
            raise ValueError("data needs a body, which a GET has not: use POST")
        target, body = self._address.target(), None
        if method == "GET" or data is not None:
            self.url_of(call)  # refuses what is too long
            target = self._address.target(call.query())
            body = None if data is None else of_data(data)
        elif files is not None:
            body = of_files(call.form(), files)
            given["Content-Type"] = body.content_type
        else:
            pieces = call.body()
            body = Body(pieces, JSON, sum(map(len, pieces)))
            given["Content-Type"] = JSON
        return self.request_to(method, target, body, given)

    def request_to(
        self, method: str, target: str, body: Body | None, given: Mapping[str, str]
    ) -> Request:
        """A request of that target, with the client's headers and these."""
        if self._server.proxy is not None and self._address.scheme == "http":
            target = self._address.absolute(target)
        more: dict[str, str] = {}
        if body is not None:
            more["Content-Type"] = body.content_type
            if body.length is None:
                more["Transfer-Encoding"] = "chunked"
            else:
                more["Content-Length"] = str(body.length)
        headers = {**self._headers, **more, **_titled(given)}
        return Request(request_head(method, target, headers), body)

    def pause(
        self, error: OwtError, request: Request, limits: Limits, attempt: int
    ) -> float | None:
        """In how many seconds to try again, None for an error that is the call's outcome.

        Nothing is sent twice but what certainly has not run.
        """
        lasting = request.body is None or request.body.is_lasting
        if not error.nothing_ran or not lasting or attempt >= self._retries:
            return None
        if isinstance(error, Unreachable) and error.errno != errno.ECONNREFUSED:
            return None
        pause = error.retry_after
        if pause is None:
            pause = _FIRST_PAUSE * 2**attempt
        if pause > _LONGEST_PAUSE:
            return None
        then = time.monotonic() + pause + _GRACE
        return None if limits.deadline is not None and then > limits.deadline else pause


def chunk(piece: Any) -> bytes:
    """A piece of a body as a chunk; nothing for an empty one, which would end the body."""
    if isinstance(piece, str) or not isinstance(piece, (bytes, bytearray, memoryview)):
        raise TypeError(f"a piece of data is bytes, not {type(piece).__name__}")
    view = memoryview(piece).cast("B")
    return b"%x\r\n%b\r\n" % (view.nbytes, view.tobytes()) if view.nbytes else b""


LAST_CHUNK: Final = b"0\r\n\r\n"


def seconds(name: str, value: float | None) -> float | None:
    """A limit in seconds. Raises `ValueError` naming it when it is none."""
    if value is None or (type(value) in (int, float) and value > 0):
        return value
    raise ValueError(f"{name} is a number of seconds above 0 or None, not {value!r}")


def with_accept(accept: str, headers: Mapping[str, str] | None) -> dict[str, str]:
    """Headers that ask for this, unless the call says what it wants."""
    return {"Accept": accept, **_titled(headers)}


def _titled(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name.title(): value for name, value in (headers or {}).items()}
