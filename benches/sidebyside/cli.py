"""The command: options in, provision, start, measure, report."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from . import machine, provision, report
from .cases import CASES, Case
from .goals import Verdict, judge
from .progress import Progress
from .rounds import Plan, Series, run_all, steps
from .servers import Running, Server, StartError, limit, owt, peers, running

SERVERS = ("limit", "owt", "granian", "fastapi", "flask", "tarp")
MISSED, NOT_MEASURED, INTERRUPTED = 1, 2, 130


def main() -> int:
    options = _options()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        return _bench(options)
    except (provision.ProvisionError, StartError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return NOT_MEASURED
    except KeyboardInterrupt:
        print("\nbench: interrupted, its servers are ended", file=sys.stderr)
        return INTERRUPTED


def _bench(options: argparse.Namespace) -> int:
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    plan = Plan(options.rounds, options.seconds, options.peers_parse)
    cases = [case for case in CASES if case.name in options.cases]
    about = machine.describe()
    if "owt" in options.servers and not options.owt_binary.is_file():
        raise StartError(
            f"no owt at {options.owt_binary}: cargo build --profile dist -p owt-cli, "
            "or --owt-binary PATH, or --servers without owt"
        )
    provision.wrk()
    scripts = provision.peers()

    with ExitStack() as stack:
        started = [
            stack.enter_context(running(server, out / f"{server.name.replace(' ', '-')}.log"))
            for server in _servers(options, scripts)
        ]
        report.print_servers(started, about, plan)
        results = _measure(plan, cases, started)

    subjects = [s.server.name for s in started if s.server.says_port]
    verdicts = [verdict for subject in subjects for verdict in judge(results, subject)]
    report.print_tables(results, subjects)
    report.print_verdicts(verdicts)
    results_file = out / "results.json"
    outcome = report.Outcome(plan, about, started, results, verdicts)
    report.write_json(results_file, outcome)
    _plot(scripts, results_file)
    print(f"\n{results_file} (.png, .svg beside it)")
    return _exit_code(results, verdicts, options)


def _servers(options: argparse.Namespace, scripts: Path) -> list[Server]:
    servers = [limit(provision.limit())] if "limit" in options.servers else []
    if "owt" in options.servers:
        servers += [owt(options.owt_binary, settings, scripts) for settings in options.owt]
    wanted = set(options.servers)
    if "TARP_SOURCE" not in os.environ:
        wanted.discard("tarp")
    known = peers(scripts, provision.versions())
    return servers + [server for server in known if server.name in wanted]


def _measure(plan: Plan, cases: Sequence[Case], started: Sequence[Running]) -> list[Series]:
    progress = Progress(steps(plan, cases, started))
    try:
        return run_all(plan, cases, started, progress.tell)
    finally:
        progress.close()


def _plot(scripts: Path, results_file: Path) -> None:
    plot = Path(__file__).with_name("plot.py")
    settings = os.environ | {"MPLCONFIGDIR": str(results_file.parent / "matplotlib")}
    subprocess.run([scripts / "python", plot, results_file], check=True, env=settings)


def _exit_code(
    results: Sequence[Series], verdicts: Sequence[Verdict], options: argparse.Namespace
) -> int:
    if any(series.failure for series in results):
        return NOT_MEASURED
    if not options.check:
        return 0
    # The first configuration given is the one held to the goals.
    held = [verdict for verdict in verdicts if verdict.subject == verdicts[0].subject]
    return 0 if held and all(verdict.met for verdict in held) else MISSED


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benches/run",
        description="Measure owt beside its limit (actix-web without Python) and its peers "
        "(granian, FastAPI, Flask), all in one run, in turn.",
        epilog="Exit codes: 0 measured; 1 --check and a goal missed or not measured; "
        "2 something could not be measured. Read benches/README.md.",
    )
    add = parser.add_argument
    cases = [case.name for case in CASES]
    add(
        "--owt",
        action="append",
        metavar="SETTINGS",
        help='options of `owt serve`, as "workers=0 name=value flag"; may be repeated; the first '
        'is held to the goals; "" is owt as it comes '
        '(default: "workers=1", "workers=2" and "workers=0")',
    )
    add(
        "--owt-binary",
        type=Path,
        metavar="PATH",
        default=provision.target_folder() / "dist" / "owt",
        help="default: %(default)s",
    )
    add("--cases", type=_some_of(cases), default=cases, help=f"some of {','.join(cases)}")
    add("--servers", type=_some_of(SERVERS), default=SERVERS, help=f"some of {','.join(SERVERS)}")
    add("--rounds", type=_at_least_one, metavar="N", help="default: 5; with --quick 3")
    add("--seconds", type=_at_least_one, metavar="N", help="of each measurement; default: 3; 1")
    add("--quick", action="store_true", help="short rounds")
    add(
        "--peers-parse",
        action="store_true",
        help="the peers' hello reads and decodes its request (default: it answers at once)",
    )
    add("--check", action="store_true", help="exit 1 unless every goal is met")
    add(
        "--out",
        type=lambda path: Path(path).resolve(),
        metavar="FOLDER",
        default=provision.target_folder() / "bench",
        help="for results.json, .png, .svg and the servers' logs; default: %(default)s",
    )
    options = parser.parse_args()
    options.owt = list(dict.fromkeys(options.owt or ["workers=1", "workers=2", "workers=0"]))
    options.owt_binary = options.owt_binary.resolve()
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.seconds = options.seconds or (1 if options.quick else 3)
    return options


def _some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return names

    return parse


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)
