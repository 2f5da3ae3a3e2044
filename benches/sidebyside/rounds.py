"""Rounds: every server in turn, so that a slow minute of the machine is shared by all."""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .cases import Case
from .load import MeasureError, Sample, Target, check, measure
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
    if case.owt_only:
        return running.server.caches
    if case.owt_only:
        return running.server.caches
    return not case.cached or running.server.takes_calls


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
    calls = running.server.takes_calls
    body = folder / f"{case.name}-{'call' if calls else 'plain'}.json"
    body.write_bytes(case.call() if calls else case.plain())
    must_hit = case.cached and running.server.caches
    fixed = not calls and not plan.peers_parse and case.fixed_path
    return Target(running.port, fixed or case.path, body, case, must_hit)


@contextmanager
def _noting_failure(series: Series) -> Iterator[None]:
    """Keep a failed measurement as that series' failure; the others go on."""
    try:
        yield
    except MeasureError as error:
        series.failure = str(error)
        series.samples.clear()
