"""A real server, and what runs beside it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

ROOT = pathlib.Path(__file__).parents[3]
T = TypeVar("T")
PACKAGE = ROOT / "owt-python/python"

#: For scripts: the most memory that the process had, in KiB. `ru_maxrss` knows its parent's, too.
MOST = """
def most():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
"""


def binary() -> str:
    """The server's program: $OWT_BIN, else what was built last."""
    if named := os.environ.get("OWT_BIN"):
        return str(pathlib.Path(named).absolute())
    built = [ROOT / "target" / profile / "owt" for profile in ("debug", "release")]
    built = [path for path in built if path.exists()]
    assert built, "no server to test against: `cargo build --bin owt`, or set OWT_BIN"
    return str(max(built, key=lambda path: path.stat().st_mtime))


@contextlib.contextmanager
def serving(
    folder: pathlib.Path, *flags: str, python: str = sys.executable, port: str = "0"
) -> Iterator[str]:
    """Serve `folder` with these flags; gives the server's address."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OWT_")}
    listen = [] if "--unix" in flags else ["--port", port]
    command = [binary(), "serve", *listen, *flags, "--python", python, str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert server.stdout
        first = server.stdout.readline()
        found = re.match(r"owt serving on (\S+)", first)
        assert found, first
        yield found.group(1)
    finally:
        server.terminate()
        server.communicate(timeout=60)


class Gate:
    """A FIFO, where each end waits for the other: `path` is the adaptor's."""

    def __init__(self, path: pathlib.Path) -> None:
        os.mkfifo(path)
        self.path = str(path)
        self._fifo = path

    def read(self) -> str:
        """What the adaptor writes."""
        return self._wait(self._fifo.read_text)

    def write(self, text: str) -> None:
        """Go on when the adaptor reads."""
        self._wait(lambda: self._fifo.write_text(text))

    def _wait(self, work: Callable[[], T]) -> T:
        found: list[T] = []
        # A daemon, so that an adaptor that never comes fails the test and does not hold it.
        thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
        thread.start()
        thread.join(60)
        assert found, "the adaptor never came to the gate"
        return found[0]


def snippets(readme: pathlib.Path, language: str) -> list[tuple[str, str]]:
    """The README's fenced blocks of a language: the heading they are under, and their text."""
    heading, found = "", []
    text = readme.read_text(encoding="utf-8")
    for match in re.finditer(r"^(#+ [^\n]*)$|^```(\w+)\n(.*?)^```$", text, re.M | re.S):
        if match[1]:
            heading = match[1].strip("# ")
        elif match[2] == language:
            found.append((heading, match[3]))
    return found
