"""What came out: tables for a person, JSON for a program, a live line on a terminal."""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .load import Load


class Progress:
    """On standard error: on a terminal one line, rewritten; else a line for each phase."""

    def __init__(self) -> None:
        self.on_terminal = sys.stderr.isatty()
        self.start = time.monotonic()

    def tell(self, line: str) -> None:
        if self.on_terminal:
            seconds = time.monotonic() - self.start
            print(f"\r\x1b[K{seconds:.0f} s · {line}", end="", file=sys.stderr, flush=True)

    def over(self, phase: str, seconds: float) -> None:
        if not self.on_terminal:
            print(f"soak: {phase}, {seconds:.1f} s", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self.on_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Outcome:
    """`faults` is what makes the run a failure, in words; none, and it was a good one."""

    seconds: float
    ended: dict[str, dict[str, int]]
    samples: list[dict[str, Any]]
    slopes: dict[str, float]
    lost: dict[str, int]
    faults: list[str]


def outcome(load: Load, seconds: float, slopes: dict[str, float], faults: list[str]) -> Outcome:
    ended = {kind: dict(outcomes) for kind, outcomes in load.tally.ended.items()}
    samples = [asdict(sample) for sample in load.watch.samples]
    return Outcome(round(seconds, 1), ended, samples, slopes, dict(load.lost), faults)


def print_table(load: Load, found: Outcome) -> None:
    width = max(len(kind) for kind in found.ended)
    print(f"{load.tally.calls:,} calls in {found.seconds} s")
    for kind, outcomes in sorted(found.ended.items()):
        cells = [f"{count:,} {name}" for name, count in sorted(outcomes.items())]
        print(f"  {kind:{width}}  {', '.join(cells)}")
    samples = load.watch.samples
    if samples and load.rest:
        server = [sample.memory[load.server.pid] >> 20 for sample in samples]
        print(f"  open files    {load.rest.files} at rest, {max(s.files for s in samples)} at most")
        print(
            f"  server's RSS  {server[0]} MiB, {server[-1]} MiB in the end, {max(server)} at most"
        )
    for who, slope in found.slopes.items():
        print(f"  RSS of {who}  {slope:+.1f} MiB a minute in the second half")
    print(f"  log           {load.server.log.size >> 20} MiB")
    lost = ", ".join(f"{count} {reason}" for reason, count in found.lost.items()) or "none"
    print(f"  workers lost  {lost}")
    for fault in found.faults:
        print(f"WRONG {fault}")


def write(found: Outcome, folder: Path, log: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(asdict(found), indent=1))
    (folder / "owt.log").write_bytes(log)
