"""Which proxy leads to a server, by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY."""

from __future__ import annotations

import base64
import ipaddress
import os
import urllib.parse
from typing import NamedTuple


class Proxy(NamedTuple):
    """An HTTP proxy."""

    host: str
    port: int
    #: The value of `Proxy-Authorization`.
    key: str | None


def proxy_for(scheme: str, host: str, port: int) -> Proxy | None:
    """The proxy that the environment names for this server; this machine needs none."""
    if _is_here(host) or not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    import urllib.request  # costs more than the rest of the client

    named = urllib.request.getproxies_environment()
    address = named.get(scheme) or named.get("all")
    if not address or _is_excepted(host, port, named.get("no", "")):
        return None
    return parsed(address, f"${scheme.upper()}_PROXY or $ALL_PROXY")


def parsed(address: str, source: str) -> Proxy:
    """The proxy of an address. Raises `ValueError`, in which no password is."""
    parts = urllib.parse.urlsplit(address if "://" in address else f"http://{address}")
    try:
        port = parts.port
    except ValueError:
        port = None
        parts = parts._replace(scheme="")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(
            f"{source} is no address of an HTTP proxy, http://host:port, which is the only kind "
            "that the client takes; name the server in NO_PROXY to call it without one"
        )
    key = None
    if parts.username is not None:
        pair = f"{parts.username}:{parts.password or ''}"
        key = "Basic " + base64.b64encode(urllib.parse.unquote(pair).encode()).decode()
    return Proxy(parts.hostname, port or 80, key)


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_excepted(host: str, port: int, excepted: str) -> bool:
    """Whether NO_PROXY names the host: by name, a domain it ends in, its network, or `*`."""
    host = host.lower().rstrip(".")
    for entry in excepted.lower().split(","):
        entry = entry.strip()
        if entry == "*" or _is_within(host, entry):
            return True
        name, _, only = entry.rpartition(":")
        if name and only.isdigit() and ":" not in name:
            if int(only) != port:
                continue
            entry = name
        entry = entry.strip("[]").lstrip("*").lstrip(".").rstrip(".")
        if entry and (host == entry or host.endswith(f".{entry}")):
            return True
    return False


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
