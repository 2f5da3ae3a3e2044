"""Which call the running code belongs to."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

#: The raw call whose code is running. The server sets it in a fresh context for each call.
current: ContextVar[Any] = ContextVar("owt.current")

#: True while the body of an adaptor runs, which happens once for many calls.
loading: ContextVar[bool] = ContextVar("owt.loading", default=False)


def running() -> Any:
    """The raw call that is running.

    Raises RuntimeError outside a call, and while a module body is being loaded.
    """
    raw = current.get(None)
    if raw is None and not loading.get():
        raise RuntimeError("there is no request here: this code does not run inside a call")
    if loading.get() or getattr(raw, "loading", False):
        raise RuntimeError(
            "the module body runs once for all calls: read the request inside the function"
        )
    return raw
