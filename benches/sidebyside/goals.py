"""The goals that owt is held to: ratios measured in one run, since absolute rates vary."""

from collections.abc import Sequence
from dataclasses import dataclass

from .rounds import Series


@dataclass(frozen=True)
class Goal:
    text: str
    case: str
    against: str
    ratio: float
    strictly: bool = False
    # Where it is held: everywhere, or only by the owt of that setting.
    only: str | None = None
    # The case of the other figure, where it is another one.
    against_case: str | None = None


# The owt that is held to the goal, where it is compared with itself.
OWT = "owt"

GOALS = (
    Goal("at least 0.70 of the limit", "hello-32", "limit", 0.70, only="owt workers=0"),
    Goal("at least 0.60 of the limit", "hello-32", "limit", 0.60, only="owt workers=1"),
    Goal(
        "at least 1.8 times one worker",
        "compute",
        "owt workers=1",
        1.8,
        only="owt workers=2",
    ),
    Goal("above granian RSGI", "hello-32", "granian", 1, strictly=True),
    Goal("at least 4 times FastAPI async", "hello-32", "fastapi", 4),
    Goal("at least 40 times Flask's development server", "hello-32", "flask", 40),
    Goal("at least as fast as by its code", "function-name", OWT, 1, against_case="function-code"),
    Goal("at least as fast as by its code", "function-hash", OWT, 1, against_case="function-code"),
    Goal("at least 5 times FastAPI with that model", "function-model", "fastapi", 5),
    Goal("at least as fast as uvicorn's async generator", "stream", "fastapi", 1),
)


@dataclass(frozen=True)
class Verdict:
    """A goal and what was seen; `ratio` is None, and the goal not met, where nothing was."""

    goal: Goal
    subject: str
    ratio: float | None

    @property
    def met(self) -> bool:
        if self.ratio is None:
            return False
        return self.ratio > self.goal.ratio if self.goal.strictly else self.ratio >= self.goal.ratio


def judge(results: Sequence[Series], subject: str) -> list[Verdict]:
    found = {(series.case.name, series.server): series for series in results}
    return [
        Verdict(
            goal,
            subject,
            ratio(
                found.get((goal.case, subject)),
                found.get(
                    (
                        goal.against_case or goal.case,
                        subject if goal.against == OWT else goal.against,
                    )
                ),
            ),
        )
        for goal in GOALS
        if goal.only in (None, subject)
    ]


def ratio(series: Series | None, other: Series | None) -> float | None:
    """Of the medians; None where either was not measured or failed."""
    if series is None or other is None or not series.rates or not other.rates:
        return None
    return series.median / other.median
