"""Rounds: every server in turn, so that a slow minute of the machine is shared by all."""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .cases import TARP_ANSWER, Case
from .load import MeasureError, Sample, Target, check, measure, send_code
from .servers import Running


@dataclass
class Series:
    """One server in one case: a sample a round, or why there is none."""

    case: Case
    server: str
    samples: list[Sample] = field(default_factory=list)
    wire_chunks: int | None = None
    failure: str | None = None

    @property
    def rates(self) -> list[float]:
        """In the case's unit, in the order of the rounds."""
        return [sample.answers_per_s * self.case.units_per_answer for sample in self.samples]

    @property
    def median(self) -> float:
        return statistics.median(self.rates)

    @property
    def p50_ms(self) -> float:
        return statistics.median(sample.p50_ms for sample in self.samples)

    @property
    def p99_ms(self) -> float | None:
        known = [sample.p99_ms for sample in self.samples if sample.p99_ms is not None]
        return statistics.median(known) if known else None


@dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: int
    peers_parse: bool
    warm_up_s: int = 1


Tell = Callable[[Case, str, str], None]
"""Hears each step as it begins: case, what is done, server."""


def takes_part(running: Running, case: Case) -> bool:
    """The peers have no cache of answers; the limit stands for the best that one could do."""
    server = running.server
    if case.beside is not None:
        return server.says_port or server.name in case.beside
    return server.name != "tarp" and (not case.cached or server.takes_calls)


def steps(plan: Plan, cases: Sequence[Case], servers: Sequence[Running]) -> int:
    """How often `tell` will be called if nothing fails."""
    pairs = sum(takes_part(server, case) for case in cases for server in servers)
    return pairs * (plan.rounds + 1)


def run_all(
    plan: Plan, cases: Sequence[Case], servers: Sequence[Running], tell: Tell
) -> list[Series]:
    with tempfile.TemporaryDirectory(prefix="owt-bench-") as folder:
        return [
            series
            for case in cases
            for series in _run_case(
                plan, case, [s for s in servers if takes_part(s, case)], tell, Path(folder)
            )
        ]


def _run_case(
    plan: Plan, case: Case, servers: Sequence[Running], tell: Tell, folder: Path
) -> list[Series]:
    pairs = [(Series(case, s.server.name), _target(plan, s, case, folder)) for s in servers]

    for series, target in pairs:
        tell(case, "warm-up", series.server)
        with _noting_failure(series):
            if case.by == "hash":
                send_code(target)
            series.wire_chunks = check(target)
            measure(target, plan.warm_up_s)

    for number in range(plan.rounds):
        # Each round begins with another server: none always follows the same one.
        begin = number % len(pairs) if pairs else 0
        for series, target in pairs[begin:] + pairs[:begin]:
            tell(case, f"round {number + 1} of {plan.rounds}", series.server)
            if series.failure is None:
                with _noting_failure(series):
                    series.samples.append(measure(target, plan.seconds))

    for series, target in pairs:
        if series.failure is None:
            with _noting_failure(series):
                check(target)
    return [series for series, _ in pairs]


def _target(plan: Plan, running: Running, case: Case, folder: Path) -> Target:
    server = running.server
    body = folder / f"{case.name}-{server.name.replace(' ', '-')}.json"
    if server.takes_calls:
        body.write_bytes(case.call())
        must_hit = case.cached and server.caches
        return Target(running.port, case.owt_path, body, case, case.answer, must_hit)
    if server.name == "tarp":
        body.write_bytes(case.pickled())
        return Target(
            *(running.port, case.path, body, case, TARP_ANSWER), must_hit_cache=False, closes=True
        )
    body.write_bytes(case.plain())
    path = case.fixed_path if case.fixed_path and not plan.peers_parse else case.path
    return Target(running.port, path, body, case, case.answer, must_hit_cache=False)


@contextmanager
def _noting_failure(series: Series) -> Iterator[None]:
    """Keep a failed measurement as that series' failure; the others go on."""
    try:
        yield
    except MeasureError as error:
        series.failure = str(error)
        series.samples.clear()
