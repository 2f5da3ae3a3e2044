"""Server-sent events written by hand, as clients of `[DONE]` want them."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any

from owt import _json, responses


def event(**fields: Any) -> str:
    r"""An event whose data is a JSON object of the fields.

    lambda: owt.lib.stream.event(step=1)  # → data: {"step":1}\n\n
    """
    return f"data: {_json.encode(fields)}\n\n"


def done() -> str:
    r"""The event that tells clients of this kind that nothing follows.

    lambda: owt.lib.stream.done()  # → data: [DONE]\n\n
    """
    return "data: [DONE]\n\n"


def response(
    generator: Callable[..., Iterable[str] | AsyncIterable[str]], *args: Any, **kwargs: Any
) -> responses.Response:
    r"""An answer of the events that `generator(*args, **kwargs)` yields.

    from owt.lib import stream
    def steps(n):
        for i in range(n):
            yield stream.event(step=i)
        yield stream.done()
    def run(n):
        return stream.response(steps, n)
    # {"n": 1} → Content-Type: text/event-stream · data: {"step":0}\n\ndata: [DONE]\n\n
    """
    return responses.stream(generator(*args, **kwargs), responses.EVENTS)
