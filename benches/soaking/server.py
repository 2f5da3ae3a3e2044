"""The server under test: started on a free port of 127.0.0.1, ended by its process id."""

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"owt serving on http://127\.0\.0\.1:(\d+)")
LOG_KEPT = 1 << 20
END_S = 60
MARK = "OWTSOAK_FOLDER"
DEATH = re.compile(r'^owt_worker_deaths_total\{.*reason="([\w-]+)".*\} (\d+)', re.MULTILINE)
# Reasons of the server's own, for which nothing was broken.
PEACEFUL = ("outgrown", "recycled", "replaced", "stopping")


class StartError(Exception):
    """The server did not come up."""


class Log:
    """Reads what the server logs, counts it, and keeps its end: adaptors print gigabytes."""

    def __init__(self, source: int) -> None:
        self.size = 0
        self.tail = b""
        self.thread = threading.Thread(target=self._read, args=(source,), daemon=True)
        self.thread.start()

    def _read(self, source: int) -> None:
        while piece := os.read(source, 1 << 16):
            self.size += len(piece)
            self.tail = (self.tail + piece)[-LOG_KEPT:]


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    log: Log

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def mark(self) -> str:
        """What the environment of everything that came of it holds."""
        return f"{MARK}={self.folder}"

    def lost(self) -> Counter[str]:
        """How many workers were lost so far, by what killed them."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_owt/metrics") as page:
            text = page.read().decode()
        lost: Counter[str] = Counter()
        for reason, count in DEATH.findall(text):
            if reason not in PEACEFUL and int(count):
                lost[reason] += int(count)
        return lost

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> int | None:
        """Its exit code after SIGTERM; None if it did not end."""
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            return None


@contextmanager
def running(binary: Path, folder: Path, arguments: list[str]) -> Iterator[Running]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OWT_")}
    if sys.prefix != sys.base_prefix:
        clean["VIRTUAL_ENV"] = sys.prefix
    process = subprocess.Popen(
        [binary, "serve", "--port", "0", *arguments],
        env=clean | {"TMPDIR": str(folder), MARK: str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the soak test, which then ends its server
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        log = Log(process.stderr.fileno())
        line = process.stdout.readline().decode()
        found = LINE.search(line)
        if not found:
            raise StartError(f"it said {line!r} and logged:\n{log.tail.decode(errors='replace')}")
        yield Running(process, int(found[1]), folder, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
