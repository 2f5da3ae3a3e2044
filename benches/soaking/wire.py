"""As much of HTTP as calls need, on one connection that is kept as long as it goes."""

import asyncio
import base64
import json
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

ANSWER_S = 60


class WrongError(Exception):
    """An answer that must not be."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    cut: bool

    @property
    def slug(self) -> str:
        """Which problem it is, if it is one."""
        try:
            kind: str = json.loads(self.body)["type"]
        except (ValueError, TypeError, KeyError):
            return ""
        return kind.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.status}{' (cut)' if self.cut else ''} {self.body[:500]!r}"


class Client:
    """One connection; a new one when the last was cut or left."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def call(self, code: str, n: int, *, path: str = "/", **fields: Any) -> Reply:
        """The whole answer to a call."""
        return await self._answer(self._send(code, n, fields, path))

    async def upload(self, code: str, n: int, data: bytes, *, path: str = "/") -> Reply:
        """The whole answer to a call with these data."""
        query = urlencode(_fields(code, n, {}))
        kind = "application/octet-stream"
        return await self._answer(self._post(f"{path}?{query}", kind, data))

    async def _answer(self, sent: Awaitable[asyncio.StreamReader]) -> Reply:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._read(await sent)
        except TimeoutError:
            self.leave()
            raise WrongError(f"no answer within {ANSWER_S} s") from None
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            self.leave()
            raise WrongError(f"no answer: {error!r}") from error

    async def go_away(self, code: str, n: int, after_s: float) -> None:
        """A call whose client leaves before it has the answer."""
        await self._send(code, n, {}, "/")
        await asyncio.sleep(after_s)
        self.leave()

    def leave(self) -> None:
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def _send(
        self, code: str, n: int, fields: dict[str, Any], path: str
    ) -> asyncio.StreamReader:
        body = json.dumps(_fields(code, n, fields)).encode()
        return await self._post(path, "application/json", body)

    async def _post(self, path: str, kind: str, body: bytes) -> asyncio.StreamReader:
        if self.reader is None or self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Owt: 1\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        await self.writer.drain()
        return self.reader

    async def _read(self, reader: asyncio.StreamReader) -> Reply:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        lines = [line.partition(":") for line in head.split("\r\n")[1:]]
        headers = {name: value.strip() for name, _, value in lines}
        if headers.get("transfer-encoding") == "chunked":
            body, cut = await _chunks(reader)
        else:
            body, cut = await reader.readexactly(int(headers["content-length"])), False
        if cut or headers.get("connection") == "close":
            self.leave()
        return Reply(status, body, cut)


async def _chunks(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """The body of a chunked answer, and whether it was cut."""
    body = b""
    try:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    except (asyncio.IncompleteReadError, ConnectionError):
        return body, True
    return body, False


def _fields(code: str, n: int, fields: dict[str, Any]) -> dict[str, Any]:
    return {"code_b64": _b64(code), "kwargs_b64": _b64(json.dumps({"n": n})), **fields}


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
