"""Responses made with Flask or werkzeug, which are never imported here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Taken = tuple[int, list[tuple[str, str]], object]


class ClosingIterator:
    """Iterates, and closes the response exactly once, even if it was never iterated.

    A generator would not do: closed before its first step, its `finally` does not run.
    """

    def __init__(self, chunks: Iterable[Any], response: Any) -> None:
        self._chunks = iter(chunks)
        self._response = response

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._chunks)

    def close(self) -> None:
        """Closes the response, and with it the iterator and files it holds."""
        response, self._response = self._response, None
        if response is not None:
            response.close()


def take(value: Any) -> Taken | None:
    """Status, headers and body of a werkzeug response (Flask's is one), else None."""
    if not _is_from_werkzeug(type(value)):
        return None
    if hasattr(value, "get_response") and not hasattr(value, "iter_encoded"):
        value = value.get_response()  # an HTTPException that was returned, not raised
    if not hasattr(value, "iter_encoded"):
        return None
    # The length is the server's to say: it may compress, and it counts a whole body itself.
    headers = [pair for pair in value.headers if pair[0].lower() != "content-length"]
    if value.is_streamed:
        return value.status_code, headers, ClosingIterator(value.iter_encoded(), value)
    try:
        return value.status_code, headers, b"".join(value.iter_encoded())
    finally:
        value.close()


def are_headers(value: object) -> bool:
    """Whether this is werkzeug's `Headers`."""
    return _is_from_werkzeug(type(value)) and hasattr(value, "getlist") and hasattr(value, "items")


def _is_from_werkzeug(kind: type) -> bool:
    return any(base.__module__.partition(".")[0] == "werkzeug" for base in kind.__mro__)
