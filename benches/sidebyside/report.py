"""The figures for a person (tables on stdout) and for a program (results.json)."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from .goals import Verdict, ratio
from .rounds import Plan, Series
from .servers import Running


@dataclass(frozen=True)
class Outcome:
    plan: Plan
    machine: dict[str, Any]
    servers: Sequence[Running]
    results: Sequence[Series]
    verdicts: Sequence[Verdict]


BOLD, DIM, GREEN, RED = "1", "2", "32", "31"


def print_servers(servers: Sequence[Running], machine: dict[str, Any], plan: Plan) -> None:
    cores = machine["cores"]
    print(f"{machine['cpu']}, {cores} cores shared by server and load; {machine['python']}")
    print(f"Load average at the start: {machine['load_average_at_start']:.2f}")
    if machine["load_average_at_start"] > cores / 2:
        print(_paint("The machine is busy: figures are noisy, ratios less so.", RED))
    hello = (
        "reads its JSON" if plan.peers_parse else "does not read its request, which favours them"
    )
    print(f"The peers' hello {hello}.\n")
    width = max(len(s.server.name) for s in servers)
    for running in servers:
        server = running.server
        count = f"{server.processes or 'no'} Python process{'es' if server.processes > 1 else ''}"
        print(f"{server.name:{width}}  {count:18}  {server.about}")
        if running.start_line:
            print(f"{'':{width}}  {'':18}  {_paint(running.start_line, DIM)}")
    sys.stdout.flush()


def print_tables(results: Sequence[Series], subjects: Sequence[str]) -> None:
    for case, group in groupby(results, key=lambda series: series.case):
        found = {series.server: series for series in group}
        print(f"\n{_paint(case.title, BOLD)} ({case.unit}; more is better)")
        rows = [_head(case.streamed, [s for s in subjects if s in found])]
        rows += [_row(series, found, subjects) for series in found.values()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            cells = [row[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            line = "  ".join(cells)
            style = DIM if row is rows[0] else BOLD if row[0] in subjects else ""
            print(f"  {_paint(line, style)}")
        for series in found.values():
            if series.failure:
                print(_paint(f"  {series.server} failed: {series.failure}", RED))


def _head(streamed: bool, subjects: Sequence[str]) -> list[str]:  # noqa: FBT001
    latency = ["whole, ms", "HTTP chunks"] if streamed else ["p50 ms", "p99 ms"]
    ratios = [f"{subject} ÷ it" for subject in subjects]
    return ["", "median", "min", "max", *latency, "÷ limit", *ratios]


def _row(series: Series, found: dict[str, Series], subjects: Sequence[str]) -> list[str]:
    ratios = [ratio(series, found.get("limit"))]
    ratios += [ratio(found[subject], series) for subject in subjects if subject in found]
    shown = ["-" if r is None else f"{r:.2f}" if r >= 0.1 else f"{r:.3f}" for r in ratios]  # noqa: PLR2004
    if series.failure:
        return [series.server, "failed", "-", "-", "-", "-", *shown]
    figures = [f"{rate:,.0f}" for rate in (series.median, min(series.rates), max(series.rates))]
    p99_ms = "-" if series.p99_ms is None else f"{series.p99_ms:.2f}"
    last = f"{series.wire_chunks:,}" if series.wire_chunks else p99_ms
    return [series.server, *figures, f"{series.p50_ms:.2f}", last, *shown]


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    for subject, group in groupby(verdicts, key=lambda verdict: verdict.subject):
        print(f"\n{_paint(f'Goals, {subject}', BOLD)}")
        for verdict in group:
            word = "met" if verdict.met else "not measured" if verdict.ratio is None else "MISSED"
            seen = "" if verdict.ratio is None else f"{verdict.ratio:.2f}"
            line = f"  {word:12}  {seen:>6}  {verdict.goal.case}: {verdict.goal.text}"
            print(_paint(line, GREEN if verdict.met else RED))


def write_json(path: Path, outcome: Outcome) -> None:
    """All of a run. The plot is drawn from this file alone."""
    data = {
        "machine": outcome.machine,
        "plan": asdict(outcome.plan),
        "servers": [
            {
                "name": s.server.name,
                "about": s.server.about,
                "python_processes": s.server.processes,
                "start_line": s.start_line,
            }
            for s in outcome.servers
        ],
        "results": [_series(series, outcome.results) for series in outcome.results],
        "goals": [
            {**asdict(v.goal), "subject": v.subject, "seen": v.ratio, "met": v.met}
            for v in outcome.verdicts
        ],
    }
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def _series(series: Series, results: Sequence[Series]) -> dict[str, Any]:
    head = {
        "case": series.case.name,
        "title": series.case.title,
        "unit": series.case.unit,
        "server": series.server,
    }
    if series.failure:
        return {**head, "failure": series.failure}
    return {
        **head,
        "median": series.median,
        "min": min(series.rates),
        "max": max(series.rates),
        "rounds": series.rates,
        "p50_ms": series.p50_ms,
        "p99_ms": series.p99_ms,
        "http_chunks": series.wire_chunks,
        "times": {  # how many times the other's rate this one is
            other.server: ratio(series, other)
            for other in results
            if other.case is series.case and other is not series
        },
    }


def _paint(text: str, style: str) -> str:
    if not style or not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{style}m{text}\x1b[0m"
