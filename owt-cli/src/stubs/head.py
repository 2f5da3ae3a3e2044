"""The functions that a server publishes.

Written by `owt stubs --for python`; write it again when the functions change.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NotRequired, TypedDict

#: An argument that is left out: the function's own default.
UNSET: Any = object()


class OwtProblem(Exception):
    """What went wrong (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        """Take the HTTP status and the problem's members."""
        super().__init__(problem.get("detail") or problem.get("title") or status)
        self.status = status
        self.problem = problem


class _Server:
    def __init__(self, address: str, token: str | None, timeout: float | None) -> None:
        self.address, self.token, self.timeout = address.rstrip("/"), token, timeout

    def ask(self, path: str, args: list[Any], named: Mapping[str, Any]) -> Any:
        given: Any = {name: value for name, value in named.items() if value is not UNSET}
        # An argument called code, alone, would be run.
        if args or not {"code", "code_b64"}.isdisjoint(given):
            given = {"args": args, "kwargs": given}
        query = "" if self.timeout is None else f"?timeout={self.timeout}"
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, */*;q=0.5",
            "X-Owt": "1",
        }
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        body = json.dumps(given, default=_plain).encode()
        url = self.address + urllib.parse.quote(path) + query
        try:
            return urllib.request.urlopen(urllib.request.Request(url, body, headers))
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            is_problem = error.headers.get_content_type() == "application/problem+json"
            raise OwtProblem(
                error.code, json.loads(text) if is_problem else {"detail": text}
            ) from None

    def value(self, path: str, args: list[Any], named: Mapping[str, Any]) -> Any:
        with self.ask(path, args, named) as answer:
            body = answer.read()
            if not answer.headers["Content-Type"]:
                return None
            is_json = answer.headers.get_content_type() == "application/json"
            return json.loads(body) if is_json else body.decode("utf-8", "replace")

    def bytes(self, path: str, args: list[Any], named: Mapping[str, Any]) -> bytes:
        with self.ask(path, args, named) as answer:
            read: bytes = answer.read()
            return read

    def stream(self, path: str, args: list[Any], named: Mapping[str, Any]) -> Iterator[str]:
        with self.ask(path, args, named) as answer:
            while piece := answer.read1():
                yield piece.decode("utf-8", "replace")


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)
