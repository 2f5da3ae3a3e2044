"""Makes `from flask import request` work inside a call, where flask is installed."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes


def push_flask(raw: Any) -> Callable[[], None] | None:
    """Push a flask context for this call; give what pops it. Without flask nothing happens.

    Both are to be run in the call's own contextvars context.
    """
    try:
        application = app()
    except ImportError:
        return None
    environ = _environ(raw)
    context = application.request_context(environ)
    context.push()
    # there are no routes, and the tracebacks that say so hold all that led to it, in a cycle
    unrouted = context.request.routing_exception
    if unrouted is not None:
        unrouted.__traceback__ = unrouted.__context__ = None

    def pop() -> None:
        # pushed, it and the contextvars context are a cycle; others may have copies of that
        try:
            context.pop(None)
        finally:
            environ["wsgi.input"].close()

    return pop


@functools.cache
def app() -> Any:
    """Give the flask application in whose context calls run. It has no routes."""
    import flask

    here = os.getcwd()
    return flask.Flask("owt_adaptors", root_path=here, instance_path=os.path.join(here, "instance"))


def _environ(raw: Any) -> dict[str, Any]:
    body = raw.body
    name, _, port = raw.host.rpartition(":") if _has_port(raw.host) else (raw.host, "", "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": raw.method,
        "SCRIPT_NAME": "",
        # WSGI texts are bytes read as Latin-1 (PEP 3333)
        "PATH_INFO": unquote_to_bytes(raw.path).decode("latin-1"),
        "QUERY_STRING": raw.query,
        "REQUEST_URI": raw.path + (f"?{raw.query}" if raw.query else ""),
        "SERVER_NAME": name or "localhost",
        "SERVER_PORT": port or ("443" if raw.scheme == "https" else "80"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": raw.remote,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": raw.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if raw.user is not None:
        environ["REMOTE_USER"] = raw.user.encode().decode("latin-1")
    for key, value in raw.headers:
        key = key.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key != "CONTENT_LENGTH":
            key = f"HTTP_{key}"
            joiner = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = f"{environ[key]}{joiner}{value}" if key in environ else value
    environ.setdefault("HTTP_HOST", raw.host)
    return environ


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit()
