"""What a server holds, as /proc shows it: processes, open files, memory."""

import contextlib
import os
import select
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .server import Running

PROC = Path("/proc")
WORKER = b"OWT_WORKER="
MIB = 1 << 20
#: Seconds for what the server leaves to end, on a busy machine.
MOMENT_S = 10.0


@dataclass(frozen=True)
class Sample:
    """The state at one moment. `strays` came of workers and are none."""

    at: float
    files: int
    zombies: int
    strays: int
    memory: dict[int, int]

    @property
    def workers(self) -> int:
        return len(self.memory) - 1


@dataclass
class Watch:
    server: Running
    samples: list[Sample] = field(default_factory=list)

    def look(self) -> Sample:
        server, mark = self.server.pid, self.server.mark.encode()
        memory, strays, zombies = {server: _memory(server)}, 0, 0
        processes = {process.pid: process for process in _processes()}
        for pid, process in processes.items():
            if process.state == "Z":
                parent = processes.get(process.parent)
                zombies += parent is not None and server in (parent.pid, parent.parent)
                continue
            environment = _environment(pid)
            if mark not in environment or not any(e.startswith(WORKER) for e in environment):
                continue
            # What workers leave behind may become the server's child too, but leads no group.
            if process.parent == server and process.group == pid:
                memory[pid] = _memory(pid)
            else:
                strays += 1
        files = sum(1 for _ in (PROC / str(server) / "fd").iterdir())
        sample = Sample(time.monotonic(), files, zombies, strays, memory)
        self.samples.append(sample)
        return sample

    def workers(self) -> list[int]:
        return [pid for pid in self.look().memory if pid != self.server.pid]

    def left(self) -> list[int]:
        """The processes that came of the server, itself too, and that do not end in a moment.

        Its guard ends after it.
        """
        until = time.monotonic() + MOMENT_S
        for pid in self._family():
            with contextlib.suppress(ProcessLookupError):
                ended = os.pidfd_open(pid)
                select.select([ended], [], [], max(0.0, until - time.monotonic()))
                os.close(ended)
        return self._family()

    def _family(self) -> list[int]:
        mark = self.server.mark.encode()
        return [process.pid for process in _processes() if mark in _environment(process.pid)]

    def slopes(self) -> dict[str, float]:
        """How memory grew in the second half, in MiB a minute; of workers the median."""
        if not self.samples:
            return {}
        half = (self.samples[0].at + self.samples[-1].at) / 2
        late = [sample for sample in self.samples if sample.at >= half]
        by_pid: dict[int, list[tuple[float, int]]] = {}
        for sample in late:
            for pid, size in sample.memory.items():
                by_pid.setdefault(pid, []).append((sample.at, size))
        # What lived only for a part of it says nothing of a slope.
        whole = {pid: points for pid, points in by_pid.items() if len(points) > len(late) / 2}
        found = {pid: _slope(points) for pid, points in whole.items()}
        server = found.pop(self.server.pid, 0.0)
        return {"server": server, "workers": statistics.median(found.values()) if found else 0.0}


def _slope(points: list[tuple[float, int]]) -> float:
    if len(points) < 2 or points[0][0] == points[-1][0]:  # noqa: PLR2004
        return 0.0
    fit = statistics.linear_regression([at for at, _ in points], [size for _, size in points])
    return fit.slope * 60 / MIB


class _Process(NamedTuple):
    pid: int
    parent: int
    group: int
    state: str


def _processes() -> Iterator[_Process]:
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            try:
                stat = (folder / "stat").read_text()
            except OSError:
                continue  # it has just ended
            # A name may hold anything, a bracket too: what counts follows the last one.
            state, parent, group = stat.rpartition(") ")[2].split(" ", 3)[:3]
            yield _Process(int(folder.name), int(parent), int(group), state)


def _environment(pid: int) -> list[bytes]:
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _memory(pid: int) -> int:
    try:
        pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * 4096
