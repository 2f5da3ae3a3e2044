"""Where a server is: its address as people write it, and a connection to it."""

from __future__ import annotations

import http.client
import os
import socket
import urllib.parse
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl

DEFAULT_URL: Final = "http://127.0.0.1:9876"
#: The longest URL that the server reads, in bytes.
MAX_URL: Final = 65_534

_UNIX = "unix:"
_PORTS = {"http": 80, "https": 443}
_PIECE = 64 << 10


class Address:
    """A server's address: a URL whose path is the calls' path, or `unix:PATH` of its socket."""

    def __init__(self, text: str | None) -> None:
        """Take the address, else $OWT_URL, else this machine's. Raises `ValueError`."""
        text = (text or os.environ.get("OWT_URL") or DEFAULT_URL).strip()
        #: The path of a Unix socket.
        self.socket: str | None = None
        if text.startswith(_UNIX):
            self.socket = text.removeprefix(_UNIX).removeprefix("//")
            if not self.socket:
                raise ValueError(f"{text!r} names no socket: write unix:/path/of/it")
            text = "http://localhost/"
        if "://" not in text:
            text = f"http://{text}"
        parts = urllib.parse.urlsplit(text)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"{text!r} is no http:// or https:// URL, and no unix:PATH")
        self.scheme = parts.scheme
        self.host = parts.hostname
        self.port = parts.port  # raises ValueError when it is no port
        self.user = None if parts.username is None else urllib.parse.unquote(parts.username)
        self.password = urllib.parse.unquote(parts.password or "")
        self._path = _quoted(parts.path or "/", "/")
        self._query = _quoted(parts.query, "/?")

    def target(self, query: str = "") -> str:
        """The request target: path, the address's own query, and then this one."""
        query = "&".join(part for part in (self._query, query) if part)
        return f"{self._path}?{query}" if query else self._path

    def url(self, query: str) -> str:
        """The whole URL, without user and password. Raises `ValueError` when it is too long."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port in (None, _PORTS[self.scheme]) else f":{self.port}"
        url = f"{self.scheme}://{host}{port}{self.target(query)}"
        if len(url) > MAX_URL:
            raise ValueError(
                f"the URL would be {len(url)} bytes long, and a server reads {MAX_URL}: "
                "send the call by POST and without data"
            )
        return url

    def connection(
        self, timeout: float | None, context: ssl.SSLContext | None
    ) -> http.client.HTTPConnection:
        """A connection that is opened by its first request. `timeout` is in seconds."""
        if self.socket is not None:
            return _UnixConnection(self.socket, timeout)
        if self.scheme == "https":
            return http.client.HTTPSConnection(
                self.host,
                self.port,
                timeout=timeout,
                blocksize=_PIECE,
                context=context,
            )
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout, blocksize=_PIECE)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP on a Unix socket."""

    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout, blocksize=_PIECE)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _quoted(text: str, more: str) -> str:
    # What is escaped stays so; what a shell or curl would read is escaped, too.
    return urllib.parse.quote(text, safe=f"%:@&()*+,;=~{more}")
