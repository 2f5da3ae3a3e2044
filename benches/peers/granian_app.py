"""The peer granian: its own RSGI interface, with no framework between. Handlers hard-coded."""

import json
from typing import Any

BINARY = b"owt!" * 2_500_000
HTML = [("content-type", "text/html; charset=utf-8")]
OCTETS = [("content-type", "application/octet-stream")]


async def app(scope: Any, protocol: Any) -> None:
    if scope.path == "/fixed":
        protocol.response_str(200, HTML, "Hello, owt!")
    elif scope.path == "/hello":
        name = json.loads(await protocol())["name"]
        protocol.response_str(200, HTML, f"Hello, {name}!")
    elif scope.path == "/stream":
        transport = protocol.response_stream(200, HTML)
        for i in range(100_000):
            await transport.send_str(f"chunk number {i:05}")
    elif scope.path == "/binary":
        protocol.response_bytes(200, OCTETS, BINARY)
    else:
        protocol.response_empty(404, [])
