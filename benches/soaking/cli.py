"""The command: options in, a server up, its load, what was found."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import report
from .calls import ORDINARY
from .faults import FAULTS
from .load import Load, Phase
from .scenes import SCENES
from .server import Running, StartError, running
from .stage import Stage

FAILED, NOT_RUN, INTERRUPTED = 1, 2, 130
HANGUP, KILL, EACH, WARM = "hangup", "kill", "each", "warm"
# The libraries that scenes import take half of it.
MEMORY = "800M"
SLOPE_FROM_S = 120  # a shorter run says nothing of a slope
KINDS = {kind.name: kind for kind in ORDINARY}
WORST = {fault.name: fault for fault in FAULTS}
PLAYS = {scene.name: scene for scene in SCENES}


def main() -> int:
    options = _options()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    settings = ["--workers", str(options.workers), *options.serve]
    if options.workers:
        settings += ["--max-memory", MEMORY]
    if options.python:
        settings += ["--python", str(options.python)]
    try:
        with contextlib.ExitStack() as stack:
            folder, library, aside = (
                Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"owt-soak-{what}")))
                for what in ("", "library-", "aside-")
            )
            settings.append(str(library))
            server = stack.enter_context(running(options.binary, folder, settings))
            return _soak(options, server, Stage(server.port, library, aside))
    except (StartError, OSError) as error:
        print(f"soak: {error}", file=sys.stderr)
        return NOT_RUN
    except KeyboardInterrupt:
        print("\nsoak: interrupted, its server is ended", file=sys.stderr)
        return INTERRUPTED


def _soak(options: argparse.Namespace, server: Running, stage: Stage) -> int:
    progress = report.Progress()
    load = Load(server, stage, options.workers, options.connections, progress.tell)
    start = time.monotonic()
    try:
        asyncio.run(_phases(load, options, progress))
    finally:
        progress.close()
    seconds = time.monotonic() - start
    slopes = load.watch.slopes()
    faults = [*load.tally.wrong, *_grown(slopes, seconds, options.slope), *_ended(load)]
    faults += _unanswered(load)
    found = report.outcome(load, seconds, slopes, faults)
    report.print_table(load, found)
    report.write(found, options.out, server.log.tail)
    print(f"{options.out}/results.json, owt.log beside it")
    return FAILED if faults else 0


async def _phases(load: Load, options: argparse.Namespace, progress: report.Progress) -> None:
    phases = _plan(options.kinds)
    await load.warm_up(phases[0].ordinary)
    for phase in phases:
        start = time.monotonic()
        await load.run(phase, options.seconds)
        await load.settle(phase)
        progress.over(phase.name, time.monotonic() - start)


def _plan(kinds: Sequence[str]) -> list[Phase]:
    """All kinds at once; or each that is not ordinary by itself, beside the ordinary ones."""
    if EACH in kinds:
        alone = [Phase(fault.name, ORDINARY, (fault,)) for fault in FAULTS]
        alone.append(Phase(HANGUP, ORDINARY, hangups=True))
        return [*alone, Phase(KILL, ORDINARY, kills=True)]
    if WARM in kinds:
        kinds = [*kinds, *KINDS, *PLAYS]
    ordinary = [kind for name, kind in KINDS.items() if name in kinds] or [KINDS["hello"]]
    faults = [fault for name, fault in WORST.items() if name in kinds]
    scenes = [scene for name, scene in PLAYS.items() if name in kinds]
    return [Phase("all", ordinary, faults, scenes, HANGUP in kinds, KILL in kinds)]


def _grown(slopes: dict[str, float], seconds: float, most: float) -> list[str]:
    if seconds < SLOPE_FROM_S:
        return []
    return [
        f"memory of {who} grew by {slope:.1f} MiB a minute, more than {most}"
        for who, slope in slopes.items()
        if slope > most
    ]


def _ended(load: Load) -> list[str]:
    """SIGTERM, and what is left then."""
    server, found = load.server, []
    if (code := server.end()) != 0:
        found.append(f"the end: exit code {code}")
    if left := load.watch.left():
        found.append(f"the end: processes {left} are left")
    if files := os.listdir(server.folder):  # noqa: PTH208 - names are enough
        found.append(f"the end: {files} are left in its temporary folder")
    return found


def _unanswered(load: Load) -> list[str]:
    """Where workers die a call may be lost, but not most of them."""
    ordinary = [ended for kind, ended in load.tally.ended.items() if kind in KINDS]
    right, calls = sum(e["right"] for e in ordinary), sum(sum(e.values()) for e in ordinary)
    return [f"only {right} of {calls} ordinary calls were answered"] if right < calls / 2 else []


def _options() -> argparse.Namespace:
    names = [*KINDS, *PLAYS, *WORST, HANGUP, KILL]
    target = Path(os.environ.get("CARGO_TARGET_DIR") or Path(__file__).parents[2] / "target")
    parser = argparse.ArgumentParser(
        prog="benches/soak",
        description="Load owt with good, bad and broken calls at once. Every answer is checked "
        "for being its own; files, processes and memory are watched.",
        epilog="Exit codes: 0 all well; 1 a wrong answer or a leak; 2 the server did not start.",
    )
    add = parser.add_argument
    add("--seconds", type=float, default=60, help="how long, of each phase; default: %(default)s")
    add(
        "--kinds",
        type=_some_of([*names, EACH, WARM]),
        default=names,
        metavar="A,B",
        help=f"some of {','.join(names)}, all at once (default: all of them); `{WARM}`: those that "
        f"may cost no worker; or `{EACH}`: one fault after the other, --seconds each",
    )
    add("--workers", type=int, default=2, metavar="N", help="default: %(default)s")
    add("--connections", type=int, default=16, metavar="N", help="default: %(default)s")
    add(
        "--slope",
        type=float,
        default=60,
        metavar="MIB",
        help="memory may grow by so much a minute in the second half of a run of "
        f"{SLOPE_FROM_S} s or more; default: %(default)s",
    )
    add("--serve", action="append", default=[], metavar="OPTION", help="one for `owt serve`")
    add("--python", type=Path, metavar="PATH", help="what `owt serve` runs; default: this one's")
    add("--binary", type=Path, default=target / "dist" / "owt", metavar="PATH")
    add("--out", type=Path, default=target / "soak", metavar="FOLDER")
    return parser.parse_args()


def _some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return names

    return parse
