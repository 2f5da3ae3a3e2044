"""Where a server is: its address as people write it."""

from __future__ import annotations

import os
import re
import urllib.parse
from typing import Final

DEFAULT_URL: Final = "http://127.0.0.1:9876"
#: The longest URL that the server reads, in bytes.
MAX_URL: Final = 65_534

_UNIX = "unix:"
_PORTS = {"http": 80, "https": 443}
_KEY = re.compile(r"//.*@", re.DOTALL)


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
        # What messages show has no password in it.
        shown = _KEY.sub("//", text)
        try:
            parts = urllib.parse.urlsplit(text)
            port = parts.port
            host = _ascii(parts.hostname or "")
        except ValueError as error:
            raise ValueError(
                f"{shown!r} is no URL of a server, http://host:port (a / or # in a password is "
                "written %2F or %23)"
            ) from (None if "@" in text else error)
        if parts.scheme not in _PORTS or not host:
            raise ValueError(f"{shown!r} is no http:// or https:// URL, and no unix:PATH")
        self.scheme = parts.scheme
        self.host = host
        self.port = port or _PORTS[parts.scheme]
        self.user = None if parts.username is None else urllib.parse.unquote(parts.username)
        self.password = urllib.parse.unquote(parts.password or "")
        self._path = _quoted(parts.path or "/", "/")
        self._query = _quoted(parts.query, "/?")

    @property
    def authority(self) -> str:
        """Host and port, the port only where it does not go without saying."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """The address for messages: without user, password and query."""
        return f"unix:{self.socket}" if self.socket else f"{self._origin}{self._path}"

    @property
    def _origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    def target(self, query: str = "") -> str:
        """The request target: path, the address's own query, and then this one."""
        query = "&".join(part for part in (self._query, query) if part)
        return f"{self._path}?{query}" if query else self._path

    def absolute(self, target: str) -> str:
        """The target as a proxy is asked for it."""
        return f"{self._origin}{target}"

    def url(self, query: str) -> str:
        """The whole URL, without user and password. Raises `ValueError` when it is too long."""
        url = self.absolute(self.target(query))
        if len(url) > MAX_URL:
            raise ValueError(
                f"the URL would be {len(url)} bytes long, and a server reads {MAX_URL}: "
                "send the call by POST, and files by `files`, which have no such limit"
            )
        return url


def _ascii(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _quoted(text: str, more: str) -> str:
    # What is escaped stays so; what a shell or curl would read is escaped, too.
    return urllib.parse.quote(text, safe=f"%:@&()*+,;=~{more}")
