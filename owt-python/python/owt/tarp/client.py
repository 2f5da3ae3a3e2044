"""Calls a server of TARP's, or owt in its place: `client("http://localhost:8080").my_function(1)`.

Its functions are methods, with their docstrings. Calls of RPC endpoints carry pickles: whoever you
call can run code here.
"""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.parse import quote, urlencode

from ._errors import InvalidServerState, OperationInProgress
from ._pickles import packed, unpacked

__all__ = ["InvalidServerState", "OperationInProgress", "client"]


class asyncResult:
    """A call whose result comes later."""

    def __init__(self, client: client, ID: str) -> None:
        """Take the client that began it, and the server's name for it."""
        self.client = client
        self.ID = ID

    def wait(self) -> Any:
        """Wait for the result. Raises what the call failed with."""
        return self.client.wait(self.ID)

    def probe(self) -> dict[str, Any]:
        """Give its status, and after how many seconds to ask again."""
        return self.client.probe(self.ID)

    def status(self) -> str:
        """Give its status: `in_progress`, `completed` or `failed`."""
        return str(self.probe().get("status", "unknown"))

    def waitCycle(self) -> Any:
        """Give the result; None, after the suggested wait, while there is none."""
        probed = self.probe()
        if probed["status"] == "in_progress":
            time.sleep(probed["suggested_wait"])
            return None
        return self.wait()


class _Config:
    """The attributes of a client, but for the names of remote functions."""

    def __init__(self, client: client) -> None:
        object.__setattr__(self, "client", client)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._local(name), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._local(name), name, value)

    def _local(self, name: str) -> client:
        found: client = object.__getattribute__(self, "client")
        if name in found.remoteNames:
            raise AttributeError(f"{name} is a remote method, not a local attribute.")
        return found


class client:
    """A server, whose endpoints are methods."""

    def __init__(self, server_url: str, server_key: str | None = None) -> None:
        """Take the server's URL, and the file of the certificate that it has to show."""
        self.server_url = server_url.rstrip("/")
        self.server_key = server_key
        self.remoteNames: list[str] = []
        self.config = _Config(self)
        self.loadEndpoints()

    def loadEndpoints(self) -> None:
        """Ask the server what it offers."""
        _, offered = self._asked("GET", "/")
        for kind, method in _METHODS.items():
            for endpoint in offered.get(kind, ()):
                name = endpoint["name"]
                about = endpoint.get("description") or ""
                own = name.replace("/", "_")
                setattr(self, own, method(self, "/" + quote(name), own, about))
                if own not in self.remoteNames:
                    self.remoteNames.append(own)

    def wait(self, ID: str) -> Any:
        """Wait for the result of that call."""
        while True:
            try:
                return self._unpacked("GET", f"/asyncGet?{urlencode({'UUID': ID})}")
            except OperationInProgress as error:
                time.sleep(error.retry_after)

    def probe(self, ID: str) -> dict[str, Any]:
        """Give the status of that call."""
        _, probed = self._asked("GET", f"/asyncProbe?{urlencode({'UUID': ID})}")
        return dict(probed)

    def _unpacked(self, method: str, target: str, *body: Any) -> Any:
        _, result = self._asked(method, target, *body)
        return unpacked(result["payload"])

    def _asked(
        self, method: str, target: str, body: bytes | None = None, media: str | None = None
    ) -> tuple[str | None, Any]:
        """Send a request; gives the type of the result, and the result."""
        headers = {"Accept": "*/*", **({"Content-Type": media} if media else {})}
        url = self.server_url + target
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        trust = None
        if url.lower().startswith("https:"):
            trust = ssl.create_default_context(cafile=self.server_key)
        try:
            with urllib.request.urlopen(request, context=trust) as answer:
                return _result(answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise _raised(error.code, error.headers, error.read()) from None


def _result(headers: Message, body: bytes) -> tuple[str | None, Any]:
    if headers.get_content_type() != "application/json":
        return headers.get("Content-Type"), body
    said = json.loads(body)
    if not isinstance(said, dict) or said.get("status") != "success":
        raise Exception(f"API Error: {body[:200].decode(errors='replace')}")
    return said.get("mimetype"), said.get("result")


def _raised(status: int, headers: Message, body: bytes) -> Exception:
    if status == 404:
        return Exception("API endpoint not found.")
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return Exception(f"API Error: {status} - {body[:1000].decode(errors='replace')}")
    # owt's own problems have a detail (RFC 9457).
    message = str(said.get("message") or said.get("detail") or "Unknown error")
    if said.get("type") == "OperationInProgress":
        after = headers.get("Retry-After", "")
        return OperationInProgress(message, int(after) if after.isdecimal() else 5)
    if said.get("type") == "InvalidServerState":
        return InvalidServerState(message)
    return Exception(message)


def _named(method: Callable[..., Any], name: str, about: str) -> Callable[..., Any]:
    method.__name__ = method.__qualname__ = name
    method.__doc__ = about
    return method


def _web(client: client, verb: str, path: str) -> Callable[..., Any]:
    def method(payload: Any = None, /, **query: Any) -> Any:
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        return client._asked(verb, target, *_written(payload))

    return method


def _written(payload: Any) -> tuple[bytes | None, str | None]:
    """Write a body by its type, as TARP's servers read it."""
    if payload is None:
        return None, None
    if isinstance(payload, (bytes, bytearray, memoryview)):
        return bytes(payload), "application/octet-stream"
    if isinstance(payload, str):
        return payload.encode(), "text/plain"
    return json.dumps(payload).encode(), "application/json"


def _get(client: client, path: str, name: str, about: str) -> Callable[..., Any]:
    return _named(_web(client, "GET", path), name, about)


def _post(client: client, path: str, name: str, about: str) -> Callable[..., Any]:
    return _named(_web(client, "POST", path), name, about)


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[bytes, str]:
    body = {"args": packed(args), "kwargs": packed(kwargs)}
    return json.dumps(body).encode(), "application/json"


def _rpc(client: client, path: str, name: str, about: str) -> Callable[..., Any]:
    def method(*args: Any, **kwargs: Any) -> Any:
        return client._unpacked("POST", path, *_arguments(args, kwargs))

    return _named(method, name, about)


def _async_rpc(client: client, path: str, name: str, about: str) -> Callable[..., Any]:
    def method(*args: Any, **kwargs: Any) -> asyncResult:
        _, result = client._asked("POST", path, *_arguments(args, kwargs))
        return asyncResult(client, result["ID"])

    return _named(method, name, about)


_METHODS = {"GET": _get, "POST": _post, "RPC": _rpc, "ASYNCRPC": _async_rpc}
