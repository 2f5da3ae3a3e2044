"""Functions of every kind, for the tests of what is made of their descriptions."""

import asyncio
import base64
import io
import struct
import time
import uuid
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Optional, TypedDict

import owt

# 1 x 1, red.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


class Colour(Enum):
    """Of a point."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    """A place."""

    x: float
    y: float
    colour: Colour = Colour.RED


class Options(TypedDict, total=False):
    """What may be said."""

    depth: int
    name: str


def add(x: int, y: int = 2) -> int:
    """Add two numbers.

    Any two.
    """
    return x + y


def greet(name: str, greeting: Literal["Hello", "Goodbye"] = "Hello") -> str:
    """Greet somebody."""
    return f"{greeting}, {name}!"


def nothing() -> None:
    """Do nothing."""


def move(point: Point, by: tuple[float, float] = (1.0, 0.0)) -> Point:
    """Move a point."""
    return Point(point.x + by[0], point.y + by[1], point.colour)


def stats(ns: list[float]) -> dict[str, float]:
    """Tell of numbers."""
    return {"sum": sum(ns), "count": len(ns)}


def day_of(at: datetime) -> date:
    """Tell the day."""
    return at.date()


def price(amount: Decimal, id: Optional[uuid.UUID] = None) -> Decimal:  # noqa: UP045
    """Tell a price."""
    return amount


def total(*ns: int) -> int:
    """Add any number of numbers."""
    return sum(ns)


def anything(**named: Any) -> dict:
    """Give back what came."""
    return named


def choose(options: Options, colour: Colour | None = None) -> Options:
    """Give back what was said."""
    return options


def size(data: bytes) -> int:
    """Count bytes."""
    return len(data)


def where(path: Path) -> str:
    """Tell a file's name."""
    return path.name


def picture() -> bytes:
    """Draw a red pixel."""
    return PIXEL


def sound() -> bytes:
    """Say nothing, in WAV."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack("<4h", 0, 0, 0, 0))
    return made.getvalue()


def count(to: int) -> Iterator[str]:
    """Count up."""
    for n in range(1, to + 1):
        yield f"{n}\n"
        time.sleep(0.01)


async def wait(seconds: float) -> float:
    """Wait."""
    await asyncio.sleep(seconds)
    return seconds


def fail(why: str) -> int:
    """Raise an error."""
    raise ValueError(why)


def untold(x):
    return [x]


def wrong() -> int:
    """Give something else than its hint says."""
    return "three"


@owt.batch(max_size=8, max_wait=0.001)
def double(n: list[int]) -> list[int]:
    """Double a number."""
    return [one * 2 for one in n]
