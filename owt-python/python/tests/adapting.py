"""What the tests of adaptors, requests and pipelines share."""

import contextvars
import hashlib
import textwrap
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from owt._adaptor import Adaptor, load
from owt._context import current


def raw_call(path: str = "/", query: str = "", body: bytes = b"", **more: Any) -> SimpleNamespace:
    """A raw call as the server makes it (CONTRACT). What the path must not hold is encoded."""
    given: dict[str, Any] = {
        "id": "1",
        "method": "POST" if body else "GET",
        "path": quote(path, safe="/%+"),
        "query": query,
        "headers": [("host", "localhost:9876")],
        "body": body,
        "scheme": "http",
        "host": "localhost:9876",
        "remote": "127.0.0.1",
        "user": None,
        "args": None,
        "request": None,
    }
    raw = SimpleNamespace(**{**given, **more})
    raw.detached = lambda: raw_call(path, query, body, **more)
    return raw


def adaptor(source: str) -> Adaptor:
    source = textwrap.dedent(source)
    return load(source, hashlib.sha256(source.encode()).hexdigest())


def during(raw: Any, work: Any) -> Any:
    """Do the work in the context of a call."""

    def run() -> Any:
        current.set(raw)
        return work()

    return contextvars.Context().run(run)


def call(source: str, *args: Any, raw: Any = None, fn_name: str = "run", **named: Any) -> Any:
    """Load an adaptor and call it as the server does."""
    raw = raw or raw_call()

    def work() -> Any:
        function, first = adaptor(source).function(fn_name)
        given = args
        if first is not None and not args and first not in named:
            from owt._request import request_for

            given = (request_for(raw), *args)
        return function(*given, **named)

    return during(raw, work)
