"""A server that answers as it is told, byte for byte: what no server of ours does."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Request(NamedTuple):
    """What came: `number` is its place on its connection, from 1."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    number: int


#: What is sent; END ends the connection, RESET breaks it, WAIT keeps it and says no more.
END, RESET, WAIT = object(), object(), object()
Answer = Callable[[Request], "Iterable[object]"]


def whole(body: bytes | str, content_type: str = "application/json", status: str = "200 OK",
          **headers: str) -> bytes:  # fmt: skip
    """A response with a length."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}"]
    lines += [f"Content-Type: {content_type}"] if content_type else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + data


def chunked(pieces: Iterable[bytes], content_type: str) -> list[bytes]:
    """A response in chunks, each of them sent by itself."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    return [head.encode(), *(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces), b"0\r\n\r\n"]


class Peer:
    """Listens on a free port of this machine, on a thread for each connection."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def connections(self) -> int:
        """How many have come."""
        return len(self._connections)

    def close(self) -> None:
        """End everything."""
        for sock in [self._listener, *self._connections]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # until it is closed
            while True:
                sock, _ = self._listener.accept()
                self._connections.append(sock)
                threading.Thread(target=self._serve, args=[sock], daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        number = 0
        with contextlib.suppress(OSError, ValueError), sock.makefile("rb") as file:
            while line := file.readline():
                number += 1
                request = _read(line, file, number)
                self.requests.append(request)
                for piece in self.answer(request):
                    if piece is END:
                        sock.shutdown(socket.SHUT_RDWR)
                        return
                    if piece is RESET:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, *[0] * 7]))
                        sock.close()
                        return
                    if piece is WAIT:
                        file.read(1)  # until the client goes
                        return
                    sock.sendall(piece)


def _read(line: bytes, file: object, number: int) -> Request:
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = {}
    while field := file.readline().strip():
        name, _, value = field.decode("utf-8").partition(":")
        headers[name.lower()] = value.strip()
    body = b""
    if "content-length" in headers:
        body = file.read(int(headers["content-length"]))
    elif headers.get("transfer-encoding") == "chunked":
        while size := int(file.readline(), 16):
            body += file.read(size)
            file.readline()
        file.readline()
    return Request(method, target, headers, body, number)


def problem(line: str, /, **members: object) -> bytes:
    """A problem document as a response."""
    return whole(json.dumps(members), "application/problem+json", line)
