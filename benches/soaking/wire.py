"""As much of HTTP as calls need, on one connection that is kept as long as it goes."""

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import Any

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

    async def call(self, code: str, n: int, **fields: Any) -> Reply:
        """The whole answer to a call."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._read(await self._send(code, n, fields))
        except TimeoutError:
            self.leave()
            raise WrongError(f"no answer within {ANSWER_S} s") from None
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            self.leave()
            raise WrongError(f"no answer: {error!r}") from error

    async def go_away(self, code: str, n: int, after_s: float) -> None:
        """A call whose client leaves before it has the answer."""
        await self._send(code, n, {})
        await asyncio.sleep(after_s)
        self.leave()

    def leave(self) -> None:
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def _send(self, code: str, n: int, fields: dict[str, Any]) -> asyncio.StreamReader:
        if self.reader is None or self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        call = {"code_b64": _b64(code), "kwargs_b64": _b64(json.dumps({"n": n})), **fields}
        body = json.dumps(call)
        self.writer.write(
            f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
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


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
