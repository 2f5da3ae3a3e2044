"""Functions, one for each kind of parameter, to be called with what their schemas allow.

None of them raises: whatever is answered with 500 is the server's.
"""

import collections
import dataclasses
import datetime
import decimal
import enum
import io
import pathlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Optional, TypedDict, Union


class Colour(enum.Enum):
    """By texts."""

    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    """By numbers."""

    LOW = 1
    HIGH = 2


@dataclasses.dataclass
class Point:
    """A place."""

    x: int
    y: float = 0.0


@dataclasses.dataclass
class Line:
    """Two places."""

    start: Point
    end: Optional[Point] = None  # noqa: UP045


class Options(TypedDict, total=False):
    """What may be said."""

    depth: int
    name: str


class Size(NamedTuple):
    """Of a picture."""

    width: float
    height: float


def integer(v: int) -> str:
    return repr(v)


def number(v: float) -> str:
    return repr(v)


def boolean(v: bool) -> bool:
    return v


def text(v: str) -> int:
    return len(v)


def nothing(v: None) -> None:
    return v


def anything(v: Any) -> str:
    return type(v).__name__


def unhinted(v) -> str:
    return type(v).__name__


def optional(v: int | None = None) -> int | None:
    return v


def either(v: Union[int, list[int]]) -> str:  # noqa: UP007
    return repr(v)


def usual(v: str = "usual") -> int:
    return len(v)


def literal(v: Literal["a", "b", 3]) -> str:
    return str(v)


def colour(v: Colour) -> Colour:
    return v


def level(v: Level) -> int:
    return int(v)


def numbers(v: list[int]) -> int:
    return len(v)


def texts(v: Sequence[str]) -> list[str]:
    return list(v)


def unique(v: set[str]) -> int:
    return len(v)


def frozen(v: frozenset[int]) -> int:
    return len(v)


def queue(v: collections.deque[float]) -> int:
    return len(v)


def pair(v: tuple[int, str]) -> str:
    return repr(v)


def many(v: tuple[float, ...]) -> int:
    return len(v)


def mapped(v: dict[str, int]) -> int:
    return len(v)


def mapping(v: Mapping[str, list[bool]]) -> int:
    return len(v)


def point(v: Point) -> Point:
    return v


def line(v: Line) -> bool:
    return v.end is None


def options(v: Options) -> Options:
    return v


def size(v: Size) -> float:
    return v.width


def nested(v: list[dict[str, list[Point]]]) -> int:
    return len(v)


def moment(v: datetime.datetime) -> str:
    return v.isoformat()


def day(v: datetime.date) -> datetime.date:
    return v


def hour(v: datetime.time) -> str:
    return v.isoformat()


def span(v: datetime.timedelta) -> float:
    return v.total_seconds()


def ident(v: uuid.UUID) -> uuid.UUID:
    return v


def price(v: decimal.Decimal) -> str:
    return str(v)


def path(v: pathlib.Path) -> str:
    return v.name


def data(v: bytes) -> int:
    return len(v)


def buffer(v: io.BytesIO) -> int:
    return len(v.getvalue())


def total(*ns: int) -> int:
    return sum(ns)


def named(**rest: Any) -> list[str]:
    return sorted(rest)


def several(a: int, /, b: str, c: bool = False, *, d: float = 1.0) -> str:
    return f"{a} {b!r} {c} {d}"


def count(to: Literal[1, 2, 3]) -> Iterator[str]:
    for n in range(to):
        yield f"{n}\n"
