"""Points in time as ISO 8601 with all their digits, lengths of time as seconds."""

from __future__ import annotations

import datetime
from fractions import Fraction

from ._unknown import Unknown

# Up to here every count of ticks, divided by a power of ten, gives a float that tells it.
EXACT = 2**52


def trimmed(text: str) -> str:
    """ISO 8601 text without the zeros that its fraction does not need.

    As Python writes it: no fraction, or one of six digits; nine, twelve … where six are too few.
    """
    head, _, digits = text.partition(".")
    digits = digits.rstrip("0")
    if not digits:
        return head
    return f"{head}.{digits.ljust(max(6, -(-len(digits) // 3) * 3), '0')}"


def offset(seconds: int) -> str:
    """The offset from UTC as ISO 8601 has it: `+01:00`."""
    hours, rest = divmod(abs(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{hours:02}:{minutes:02}" + (f":{rest:02}" if rest else "")


def length(value: datetime.timedelta) -> float:
    """The seconds of Python's own `timedelta`."""
    if -50_000 < value.days < 50_000:
        return value.total_seconds()
    return seconds(value // datetime.timedelta(microseconds=1), 1, 10**6)


def seconds(ticks: int, times: int, per_second: int) -> float:
    """The seconds of so many ticks, each of `times / per_second` seconds.

    Raises `Unknown` if a float cannot tell it from one tick more or less.
    """
    made = ticks * times / per_second
    if abs(ticks) > EXACT and round(Fraction(made) * per_second / times) != ticks:
        each = f" * {times}" if times > 1 else f" / {per_second}" if per_second > 1 else ""
        raise Unknown(f"a length of time of {ticks}{each} s, more digits than a number has")
    return made
