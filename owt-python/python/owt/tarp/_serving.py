"""Answers, in a worker, for the program that `owt serve --tarp` was given."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .._context import running
from .._request import request_for
from ..responses import Response
from ._answers import answered
from ._program import reached

if TYPE_CHECKING:
    from .server import server

_served: dict[str, type[server]] = {}
_loading = threading.Lock()


def answer(program: str) -> Response:
    """Answer the request of the running call; the first one runs the program."""
    with _loading:
        if program not in _served:
            _served[program] = reached(program)
        cls = _served[program]
    return answered(cls.endpoints, cls.calls, request_for(running()))
