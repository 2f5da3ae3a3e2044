"""The server this code runs in, and how to start another one.

    from owt.server import Server, args, main

`Server.sing()` is the one server: where it listens. `main(port=...)` starts another, in the place
of a `multiprocessing.Process` made for it or as a child of this process. `python -m owt.server` is
`owt serve` with this Python.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import socket
import stat
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, ClassVar

from ._after_import import after_import

# How long a new server may take until it accepts connections, in seconds.
_PATIENCE = 30.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1


class Server:
    """Where the server listens that this code runs in.

    `address` is the IP address that it listens on, `unix:` and a path on a Unix socket; `port` is
    the TCP port, 0 on a Unix socket.

    lambda: f"{Server.sing().address}:{Server.sing().port}"  # → 127.0.0.1:…
    """

    _one: ClassVar[Server | None] = None

    def __init__(self, address: str, port: int) -> None:
        """Take where it listens."""
        self.address = address
        self.port = port

    @classmethod
    def sing(cls) -> Server:
        """The one server. Outside any, what `owt serve` would listen on by default."""
        if cls._one is None:
            address = os.environ.get("OWT_ADDRESS") or "127.0.0.1"
            cls._one = Server(address, _number(os.environ.get("OWT_PORT"), 9876))
        return cls._one

    def __repr__(self) -> str:
        """Show where it listens."""
        return f"Server(address={self.address!r}, port={self.port})"


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isdecimal() else otherwise


def configure(*, address: str, port: int, binary: str) -> None:
    """Says where this server listens and which program it is. Called once, by the server."""
    Server._one = Server(address, port)
    # In the environment, so that processes of Python started from here find it too.
    os.environ["OWT_BINARY"] = binary
    # A server started from here serves this Python, not the one that the PATH happens to have.
    os.environ["OWT_PYTHON"] = sys.executable


_overrides: ContextVar[dict[str, Any] | None] = ContextVar("owt-args", default=None)


class Args:
    """The server's `address` and `port`. What a call sets here, only that call sees.

    def run(port):
        args.port = port
        return [args.port, Server.sing().port]
    # {"port": 7} → [7,…]
    """

    address: str
    port: int

    def __getattr__(self, name: str) -> Any:
        """Give what this call has set, else the server's own."""
        overrides = _overrides.get() or {}
        if name in overrides:
            return overrides[name]
        if name in ("address", "port"):
            return getattr(Server.sing(), name)
        raise AttributeError(f"args has no {name!r}: it has address and port")

    def __setattr__(self, name: str, value: object) -> None:
        """Set it for this call alone."""
        _overrides.set({**(_overrides.get() or {}), name: value})

    def __delattr__(self, name: str) -> None:
        """Take back what this call has set."""
        overrides = dict(_overrides.get() or {})
        if name not in overrides:
            raise AttributeError(name)
        del overrides[name]
        _overrides.set(overrides)

    def __repr__(self) -> str:
        """Show them as this call sees them."""
        return f"args(address={self.address!r}, port={self.port!r})"


args = Args()


def binary() -> str:
    """Find the program `owt`: $OWT_BINARY, this Python's scripts, the PATH, in this order.

    In a server $OWT_BINARY is its own program. Raises `FileNotFoundError` when there is none.
    """
    scripts = sysconfig.get_path("scripts")
    # These are where `pip install --user` and `pip install --target` put it.
    own = sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))
    places = os.pathsep.join([scripts, own, str(Path(__file__).parents[1] / "bin")])
    found = os.environ.get("OWT_BINARY") or shutil.which("owt", path=places) or shutil.which("owt")
    if not found:
        raise FileNotFoundError(
            f"the program owt is neither in {scripts} nor on the PATH: install it by "
            "`pip install owt-serve`, build it in owt's source by `cargo install --path owt-cli`, "
            "or set OWT_BINARY to where it is"
        )
    return found


def main(
    port: int | str | None = None,
    address: str | None = None,
    argv: Sequence[str] | None = None,
) -> int:
    """Run another server on `port` and `address`, by default those of `args`, until it ends.

    `argv` are further flags of `owt serve`. As the target of a `multiprocessing.Process` the
    server takes that process's place, so that `terminate()` reaches it, and `start()` returns when
    it listens; otherwise it is a child, terminated when this is interrupted. Gives its exit status.

    def run(code):
        from multiprocessing import Process
        from owt.client import Client
        inner = Process(target=main, kwargs={"port": args.port + 1})
        inner.start()
        try:
            return Client(f"http://{args.address}:{args.port + 1}")(code)
        finally:
            inner.terminate()
            inner.join()
    # {"code": "lambda: request.host"} → 127.0.0.1:…
    """
    command = [
        binary(),
        "serve",
        "--address",
        str(args.address if address is None else address),
        "--port",
        str(args.port if port is None else port),
        *(argv or ()),
    ]
    environment = {
        name: value for name, value in os.environ.items() if name not in ("OWT_PORT", "OWT_ADDRESS")
    }
    import multiprocessing

    if multiprocessing.parent_process() is not None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        _keep_sentinels()
        os.execve(command[0], command, environment)
    child = subprocess.Popen(command, env=environment)
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise


def _keep_sentinels() -> None:
    """Lets the pipes by which the parent sees this process end outlive the exec.

    Closed by it, they would tell the parent that the process is dead while it serves.
    """
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            fd = int(name)
            if fd > 2 and stat.S_ISFIFO(os.fstat(fd).st_mode):
                os.set_inheritable(fd, True)


def _await_servers(process: Any) -> None:
    """Makes `Process(target=main).start()` return when the new server accepts connections.

    Code calls the new server right after `start()`, which otherwise returns before there is
    anything to call. Only processes whose target is `main` are affected.
    """
    original = process.BaseProcess.start
    if getattr(original, "_owt", False):
        return

    @functools.wraps(original)
    def start(self: Any) -> None:
        if getattr(self, "_target", None) is not main:
            original(self)
            return
        # Said now: what this call has set in `args` is not seen in a spawned process.
        given = dict(zip(("port", "address"), self._args, strict=False)) | self._kwargs
        port, address = given.get("port"), given.get("address")
        named = {} if len(self._args) > 1 else {"address": address or args.address}
        if not self._args:
            named["port"] = port or args.port
        self._kwargs = {**self._kwargs, **named}
        original(self)
        _wait(self, str(address or args.address), int(port or args.port))

    start._owt = True  # type: ignore[attr-defined]
    process.BaseProcess.start = start


def _wait(process: Any, address: str, port: int) -> None:
    """Returns when the server accepts, its process has ended, or patience has."""
    from multiprocessing.connection import wait

    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    end = time.monotonic() + _PATIENCE
    pause = _FIRST_PAUSE
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection((host, port), timeout=1).close()
            return
        if wait([process.sentinel], timeout=pause):
            return
        pause = min(pause * 2, _LONGEST_PAUSE)


# multiprocessing takes long to import, and few use it.
after_import("multiprocessing.process", _await_servers)


def become(arguments: Sequence[str]) -> None:
    """Make this process the program `owt`, for this Python unless another was asked for.

    Ends it with a line on standard error when there is no program owt.
    """
    environment = {"OWT_PYTHON": sys.executable, **os.environ}
    try:
        program = binary()
        os.execve(program, [program, *arguments], environment)
    except OSError as error:
        sys.exit(f"owt: {error}")


if __name__ == "__main__":
    become(["serve", *sys.argv[1:]])
