"""Answers a request as TARP's servers do."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from .. import _json
from .._request import Request
from ..responses import Response
from ._errors import InvalidServerState, OperationInProgress
from ._later import KNOWN, Calls, Later, TooMany
from ._pickles import packed, unpacked
from ._raw import rawPayload

if TYPE_CHECKING:
    from ._endpoints import Endpoint, Endpoints

_JSON = "application/json"


class Refused(Exception):
    """A request that is answered with an error before anything of it has run."""

    def __init__(self, status: int, message: str) -> None:
        """Take the status and what to tell the caller."""
        super().__init__(message)
        self.status = status


def answered(endpoints: Endpoints, calls: Calls, request: Request) -> Response:
    """Call what the request asks for, and give its result or its error as TARP writes them."""
    try:
        return _answered(endpoints, calls, request)
    except Refused as error:
        return _failed(error.status, "generic", str(error))
    except OperationInProgress as error:
        return _in_progress(error.message, error.retry_after)
    except InvalidServerState as error:
        return _failed(503, "InvalidServerState", error.message)
    except Exception as error:
        return _failed(500, type(error).__name__, str(error))


def _answered(endpoints: Endpoints, calls: Calls, request: Request) -> Response:
    if request.method not in ("GET", "HEAD", "POST"):
        raise Refused(501, f"{request.method} is not among TARP's methods, GET and POST")
    method = "POST" if request.method == "POST" else "GET"
    if method == "GET" and request.path == "/":
        return _success(endpoints.listed(), _JSON)
    if method == "GET" and request.path in _LATER:
        return _LATER[request.path](calls, _query(request).get("UUID"))
    endpoint = endpoints.find(method, request.path)
    if endpoint is None:
        raise Refused(404, "Endpoint not found")
    if endpoint.kind in ("RPC", "ASYNCRPC"):
        args, kwargs = _arguments(request)
        if endpoint.kind == "RPC":
            return _success({"payload": packed(endpoint.callback(*args, **kwargs))}, _JSON)
        return _begun(endpoint, calls, args, kwargs)
    return _result(endpoint.callback(_query(request), _body(request)), endpoint.mimetype)


def _query(request: Request) -> dict[str, Any]:
    return _flat(request.query_string.decode("ascii", "replace"))


def _flat(text: str) -> dict[str, Any]:
    values = parse_qs(text)
    return {name: many[0] if len(many) == 1 else many for name, many in values.items()}


def _body(request: Request) -> Any:
    """Read the body by its type. None without one."""
    data = request.data
    if not data:
        return None
    if request.mimetype == "application/json":
        try:
            return json.loads(data)
        except ValueError:
            return data
    if request.mimetype == "application/x-www-form-urlencoded":
        return _flat(data.decode("utf-8", "replace"))
    if request.mimetype == "text/plain":
        return data.decode("utf-8", "replace")
    return data


def _arguments(request: Request) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if request.query_string:
        raise Refused(400, "RPC endpoints should not have query parameters")
    body = _body(request)
    if not isinstance(body, dict) or "args" not in body or "kwargs" not in body:
        raise Refused(400, 'RPC body data should be a JSON object with "args" and "kwargs" keys')
    args, kwargs = (_unpacked(name, body[name]) for name in ("args", "kwargs"))
    if not isinstance(args, tuple):
        raise Refused(400, "RPC args should be a tuple")
    if not isinstance(kwargs, dict):
        raise Refused(400, "RPC kwargs should be a dict")
    return args, kwargs


def _unpacked(name: str, text: Any) -> Any:
    if not isinstance(text, str):
        raise Refused(400, f"RPC {name} should be a pickle in base64")
    try:
        return unpacked(text)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise Refused(400, f"RPC {name} cannot be unpickled: {why}") from error


def _begun(
    endpoint: Endpoint, calls: Calls, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Response:
    wait = endpoint.suggested_wait
    try:
        key = calls.start(endpoint.callback, args, kwargs, wait)
    except TooMany:
        message = f"{KNOWN} asynchronous calls are known already: fetch their results first"
        return _failed(503, "generic", message, retry_after=wait)
    return _success({"ID": key, "suggested_wait": wait}, _JSON)


def _known(find: Callable[[str], Later | None], key: Any) -> Later:
    if not key:
        raise Refused(400, "UUID parameter is required")
    later = find(key) if isinstance(key, str) else None
    if later is None:
        raise Refused(404, "UUID not found")
    return later


def _probed(calls: Calls, key: Any) -> Response:
    later = _known(calls.look, key)
    said: dict[str, Any] = {"status": later.status, "suggested_wait": later.suggested_wait}
    if later.status == "failed":
        said["error"] = str(later.future.exception())
    return _success(said, _JSON)


def _fetched(calls: Calls, key: Any) -> Response:
    later = _known(calls.take, key)
    if not later.future.done():
        return _in_progress("Operation still underway", later.suggested_wait)
    return _success({"payload": later.future.result()}, _JSON)


_LATER = {"/asyncProbe": _probed, "/asyncGet": _fetched}


def _result(value: object, mimetype: str | None) -> Response:
    """Write what the function of a web endpoint gave."""
    if isinstance(value, rawPayload):
        return Response(bytes(value), content_type=mimetype or value.mimetype)
    if value is None:
        return _success(None, mimetype)
    if isinstance(value, str):
        return _success(value, mimetype or "text/plain")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _success(value, mimetype or "application/octet-stream")
    return _success(value, mimetype or _JSON)


def _success(result: object, mimetype: str | None) -> Response:
    body = {"status": "success", "mimetype": mimetype, "result": _text_of_bytes(result)}
    return Response(_json.encoded(body), content_type=_JSON)


def _text_of_bytes(value: object) -> object:
    """Write bytes in base64, also within dicts and lists."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {key: _text_of_bytes(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_text_of_bytes(one) for one in value]
    return value


def _in_progress(message: str, retry_after: float) -> Response:
    return _failed(503, "OperationInProgress", message, retry_after=retry_after)


def _failed(status: int, kind: str, message: str, *, retry_after: float | None = None) -> Response:
    # The header takes whole seconds (RFC 9110, 10.2.3).
    headers = {} if retry_after is None else {"Retry-After": str(max(0, math.ceil(retry_after)))}
    body = _json.encoded({"status": "error", "type": kind, "message": message})
    return Response(body, status, headers, content_type=_JSON)
