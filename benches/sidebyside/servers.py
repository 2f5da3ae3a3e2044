"""Which servers are measured, how each is started on 127.0.0.1, and how each is ended."""

import os
import re
import select
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from .cases import PUBLISHED

PEERS = PUBLISHED.parent
OWT_LINE = re.compile(r"owt serving on http://127\.0\.0\.1:(\d+).*")
START_S = 60
END_S = 10
POLL_S = 0.02


class StartError(Exception):
    """A server did not come up."""


@dataclass(frozen=True)
class Server:
    """A server to measure. `command` takes the port to listen on (0 for owt: it says its own)."""

    name: str
    about: str
    processes: int
    command: Callable[[int], list[str]]
    takes_calls: bool = False
    caches: bool = False
    says_port: bool = False


@dataclass(frozen=True)
class Running:
    server: Server
    port: int
    pid: int
    start_line: str


def limit(program: Path) -> Server:
    return Server(
        name="limit",
        about="actix-web, decodes the call, no Python; default workers (one a core)",
        processes=0,
        command=lambda port: [str(program), str(port)],
        takes_calls=True,
    )


def owt(program: Path, settings: str, scripts: Path) -> Server:
    """`owt serve` with settings such as `workers=0 name=value flag` as its options.

    It serves the Python of the peers' environment, so that pydantic is the one that they use.
    """
    options: list[str] = []
    for setting in shlex.split(settings):
        name, equals, value = setting.partition("=")
        options += [f"--{name}", value] if equals else [f"--{name}"]
    return Server(
        name=f"owt {settings}".strip(),
        about=shlex.join(["owt serve", *options]).replace("'", ""),
        processes=_python_processes(options),
        command=lambda port: [
            *(str(program), "serve", "--port", str(port), "--python", str(scripts / "python")),
            *options,
            str(PUBLISHED),
        ],
        takes_calls=True,
        caches=True,
        says_port=True,
    )


def _python_processes(options: list[str]) -> int:
    """`--workers 0` runs Python inside the server: one process, as `--workers 1`, the default."""
    if "--workers" not in options:
        return 1
    return max(1, int(options[options.index("--workers") + 1]))


def peers(scripts: Path, versions: dict[str, str]) -> list[Server]:
    """The peers, from the scratch environment's `bin`, one worker each."""
    v = versions
    return [
        Server(
            name="granian",
            about=f"granian {v['granian']}, RSGI, uvloop, 1 worker",
            processes=1,
            command=lambda port: [
                *(str(scripts / "granian"), "--interface", "rsgi", "--port", str(port)),
                *("--workers", "1", "--loop", "uvloop", "--http", "1", "--no-ws"),
                *("--log-level", "warning", "granian_app:app"),
            ],
        ),
        Server(
            name="fastapi",
            about=f"FastAPI {v['fastapi']}, async, uvicorn {v['uvicorn']}, uvloop, httptools, "
            "1 worker, no access log",
            processes=1,
            command=lambda port: [
                *(str(scripts / "uvicorn"), "--port", str(port), "--workers", "1"),
                *("--loop", "uvloop", "--http", "httptools"),
                *("--no-access-log", "--log-level", "warning", "fastapi_app:app"),
            ],
        ),
        Server(
            name="flask",
            about=f"Flask {v['flask']}, development server as it comes (threads, request log)",
            processes=1,
            command=lambda port: [str(scripts / "python"), "flask_app.py", str(port)],
        ),
        Server(
            name="tarp",
            about="TARP, a remote call by pickles, threads; where $TARP_SOURCE names its source",
            processes=1,
            command=lambda port: [str(scripts / "python"), "tarp_app.py", str(port)],
        ),
    ]


@contextmanager
def running(server: Server, log: Path) -> Iterator[Running]:
    """The server, started and ready, its output in `log`; ended by its process id on leaving."""
    port = 0 if server.says_port else _free_port()
    with (
        log.open("w") as output,
        subprocess.Popen(
            server.command(port),
            cwd=PEERS,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the benchmark, which then ends its servers
        ) as process,
    ):
        alive = os.pidfd_open(process.pid)
        try:
            with log.open() as said:
                start_line = ""
                if server.says_port:
                    port, start_line = _said_port(server, alive, said)
                _wait_listening(server, alive, port, said)
            yield Running(server, port, process.pid, start_line)
        finally:
            # Until Popen reaps it, even a dead process keeps its id: nobody else can be hit.
            signal.pidfd_send_signal(alive, signal.SIGTERM)
            _ended(alive, END_S)
            # What it left behind in its own group goes too.
            os.killpg(process.pid, signal.SIGKILL)
            os.close(alive)


def _ended(pidfd: int, within_s: float) -> bool:
    """Whether the process has ended; a pidfd is readable from then on."""
    return bool(select.select([pidfd], [], [], within_s)[0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _said_port(server: Server, pidfd: int, said: TextIO) -> tuple[int, str]:
    deadline = time.monotonic() + START_S
    text = ""
    while time.monotonic() < deadline:
        ended = _ended(pidfd, POLL_S)
        text += said.read()
        if found := OWT_LINE.search(text):
            return int(found[1]), found[0]
        if ended:
            break
    raise StartError(f"{server.name} never said `owt serving on …`. It said:\n{text[-2000:]}")


def _wait_listening(server: Server, pidfd: int, port: int, said: TextIO) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if _ended(pidfd, POLL_S):
                break
        else:
            return
    raise StartError(f"{server.name} does not listen on {port}. It said:\n{said.read()[-2000:]}")
