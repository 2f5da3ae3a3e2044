"""A client for owt, with nothing but the standard library.

    from owt.client import owt
    owt("def run(name): return {'hello': name}", name="world")    # {'hello': 'world'}

On the command line: `python -m owt.client --code CODE --arg NAME VALUE`.
"""

from __future__ import annotations

import base64
import codecs
import http.client
import json
import os
import sys
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any, Final, Self

from ._literals import literal

__all__ = ["DEFAULT_URL", "Answer", "Client", "OwtError", "owt"]

DEFAULT_URL: Final = "http://127.0.0.1:9876"
PROBLEM: Final = "application/problem+json"

_PIECE = 64 << 10
# The server ends a call at its deadline by itself; the socket waits a little longer.
_GRACE = 10.0


class OwtError(Exception):
    """The server refused the call, or the adaptor raised.

    `status` is the HTTP status, `problem` the RFC 9457 document (empty when the server gave
    none), `traceback` the adaptor's own, if it raised.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], text: str = "") -> None:
        """Take the status, the problem document, and the body if it was none."""
        self.status = status
        self.problem = dict(problem)
        self.text = text
        title = self.problem.get("title") or http.client.responses.get(status, "error")
        detail = self.problem.get("detail") or text.strip()
        super().__init__(f"{status} {title}: {detail}" if detail else f"{status} {title}")

    @property
    def traceback(self) -> str | None:
        """The adaptor's traceback, if it raised."""
        exception = self.problem.get("exception")
        found = exception.get("traceback") if isinstance(exception, dict) else None
        return str(found or self.problem.get("traceback") or "") or None


class Answer:
    """A response whose body is read as it comes. Iterate it, `read()` it, or `close()` it."""

    def __init__(self, connection: http.client.HTTPConnection, response: Any) -> None:
        """Take the connection, which this closes, and its response."""
        self._connection = connection
        self._response = response
        self.status: int = response.status
        self.headers: http.client.HTTPMessage = response.headers
        self.content_type: str = (response.headers.get("Content-Type") or "").strip()

    def __iter__(self) -> Iterator[bytes]:
        """Pieces of the body. Raises `http.client.IncompleteRead` when it was cut."""
        try:
            while piece := self._response.read1(_PIECE):
                yield piece
            left = self._response.length
            if left:
                raise http.client.IncompleteRead(b"", left)
        finally:
            self.close()

    def read(self) -> bytes:
        """The rest of the body."""
        return b"".join(self)

    def value(self) -> Any:
        """The body by its type: parsed JSON, text, or bytes."""
        media, _, parameters = self.content_type.partition(";")
        media = media.strip().lower()
        body = self.read()
        if media == "application/json" or media.endswith("+json"):
            return json.loads(body)
        if media.startswith("text/"):
            return body.decode(_charset(parameters), "replace")
        return body

    def close(self) -> None:
        """Ends the connection; the server cancels a call that still runs."""
        self._response.close()
        self._connection.close()

    def __enter__(self) -> Self:
        """Give itself; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


class Client:
    """Calls the owt at `address`, a URL whose path is the calls' path.

    Without one, $OWT_URL is called, or the server on this machine. A `user:password@` in it is
    sent as basic authentication.
    """

    def __init__(self, address: str | None = None) -> None:
        """Take the URL. Raises `ValueError` when it is none."""
        address = address or os.environ.get("OWT_URL") or DEFAULT_URL
        if "://" not in address:
            address = f"http://{address}"
        parts = urllib.parse.urlsplit(address)
        _ = parts.port  # checked when it is read
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{address!r} is no http:// or https:// URL")
        self._parts = parts
        self._headers = {"User-Agent": "owt-python", "Accept": "*/*", "X-Owt": "1"}
        if parts.username is not None:
            pair = f"{_unquoted(parts.username)}:{_unquoted(parts.password)}"
            self._headers["Authorization"] = f"Basic {_base64(pair)}"

    def call(self, code: str, *values: object, **options: Any) -> Any:
        """What the call gives: parsed JSON, text, or bytes. Takes what `owt` takes."""
        with self.stream(code, *values, **options) as answer:
            return answer.value()

    def stream(
        self,
        code: str,
        *values: object,
        method: str = "POST",
        timeout: float | None = None,
        fn_name: str | None = None,
        use_cache: bool = False,
        cache_kwargs: bool = False,
        kwargs: str | None = None,
        **named: object,
    ) -> Answer:
        """The call's response as it comes. Takes what `owt` takes.

        `kwargs` is the arguments' expression as text, in the place of values.
        """
        if kwargs is None:
            kwargs = arguments(values, named)
        elif values or named:
            raise TypeError("give kwargs or arguments, not both")
        fields = call_fields(
            code,
            kwargs,
            fn_name=fn_name,
            use_cache=use_cache,
            cache_kwargs=cache_kwargs,
            timeout=timeout,
        )
        return self.send(fields, method, timeout)

    def url(self, fields: Mapping[str, Any]) -> str:
        """The URL that makes the call when it is opened, without any password."""
        host = self._parts.netloc.rpartition("@")[2]
        return urllib.parse.urlunsplit((self._parts.scheme, host, self._target(fields), "", ""))

    def send(self, fields: Mapping[str, Any], method: str, timeout: float | None) -> Answer:
        """Sends a call's fields. Raises `OwtError`, and `OSError` when nobody answers."""
        connection = self._connect(None if timeout is None else timeout + _GRACE)
        try:
            if method.upper() == "GET":
                connection.request("GET", self._target(fields), headers=self._headers)
            else:
                headers = {**self._headers, "Content-Type": "application/json"}
                body = json.dumps(fields).encode()
                connection.request(method.upper(), self._target({}), body, headers)
            answer = Answer(connection, connection.getresponse())
        except BaseException:
            connection.close()
            raise
        if answer.status >= 400:
            raise _error(answer)
        return answer

    def _connect(self, timeout: float | None) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=timeout)
        return http.client.HTTPConnection(host, port, timeout=timeout)

    def _target(self, fields: Mapping[str, Any]) -> str:
        texts = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in fields.items()
        }
        query = "&".join(
            part for part in (self._parts.query, urllib.parse.urlencode(texts)) if part
        )
        path = urllib.parse.quote(self._parts.path or "/", safe="/%:@!$&'()*+,;=~")
        return f"{path}?{query}" if query else path


def owt(
    code: str,
    *values: object,
    address: str | None = None,
    method: str = "POST",
    timeout: float | None = None,
    fn_name: str | None = None,
    use_cache: bool = False,
    cache_kwargs: bool = False,
    **named: object,
) -> Any:
    """Runs `code` on a server and gives its result: parsed JSON, text, or bytes.

    `named` are the arguments; or `values` is one unnamed value, a pipeline's input. They are
    plain data. `timeout` is the call's deadline in seconds. Raises `OwtError` when the server
    refuses or the adaptor raises, `TypeError` for arguments that cannot be sent, `OSError` when
    nobody answers, `http.client.IncompleteRead` for a result that was cut.
    """
    return Client(address).call(
        code,
        *values,
        method=method,
        timeout=timeout,
        fn_name=fn_name,
        use_cache=use_cache,
        cache_kwargs=cache_kwargs,
        **named,
    )


def arguments(values: tuple[object, ...], named: Mapping[str, object]) -> str | None:
    """The expression for a call's arguments, None when there are none."""
    if values and named:
        raise TypeError("a call has named arguments or one unnamed value, not both")
    if len(values) > 1:
        raise TypeError(
            f"a call has one unnamed value, not {len(values)}; name them, or send a list"
        )
    if values:
        text = literal(values[0])
        # The server evaluates a text once more; this way that gives the text itself.
        return repr(text) if type(values[0]) is str else text
    if not named:
        return None
    pairs = (f"{name!r}: {literal(item, f'the argument {name}')}" for name, item in named.items())
    return "{" + ", ".join(pairs) + "}"


def call_fields(code: str, kwargs: str | None, **options: Any) -> dict[str, Any]:
    """The fields of a call as the server names them; options that are off are left out."""
    fields: dict[str, Any] = {"code_b64": _base64(code)}
    if kwargs is not None:
        fields["kwargs_b64"] = _base64(kwargs)
    fields.update({name: value for name, value in options.items() if value not in (None, False)})
    return fields


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _unquoted(text: str | None) -> str:
    return urllib.parse.unquote(text or "")


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            try:
                return codecs.lookup(value.strip(' "')).name
            except LookupError:
                break
    return "utf-8"


def _error(answer: Answer) -> OwtError:
    try:
        body = answer.read()
    except (OSError, http.client.HTTPException):
        body = b""
    text = body.decode("utf-8", "replace")
    if answer.content_type.startswith(PROBLEM):
        try:
            problem = json.loads(text)
        except ValueError:
            problem = None
        if isinstance(problem, dict):
            return OwtError(answer.status, problem)
    return OwtError(answer.status, {}, text)


if __name__ == "__main__":
    from owt._client_cli import run

    sys.exit(run(sys.argv[1:]))
