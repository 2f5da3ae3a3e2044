"""Ordinary calls: each is answered rightly, or shared a worker with something that killed it."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .wire import Client, Reply, WrongError

RIGHT, LOST, REFUSED = "right", "lost", "refused"
CUT = "deadline-passed"

HELLO = "def run(n):\n    return f'<hello {n}>'\n"
STREAM = "def run(n):\n    for part in 'begin', 'middle', 'end':\n        yield f'<{part} {n}>'\n"
ASYNC = (
    "import asyncio\nasync def run(n):\n    await asyncio.sleep(0.002)\n    return f'<async {n}>'\n"
)
CACHED = "def run(n):\n    return f'<cached {n}>'\n"
RAISE = "def run(n):\n    raise ValueError(f'<raised {n}>')\n"
SLOW = "import time\ndef run(n):\n    while True:\n        time.sleep(0.002)\n"
FLOW = "def run(n):\n    while True:\n        yield 'x' * 100\n"


@dataclass(frozen=True)
class Kind:
    """A kind of call: its answer is `text` with its number, or a `problem` that holds it."""

    name: str
    code: str
    text: str = ""
    problem: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    numbers: int | None = None
    leaves_within_s: float | None = None

    async def act(self, client: Client, n: int, *, workers_die: bool) -> str:
        """Make the call and judge its answer."""
        if self.numbers:
            n %= self.numbers
        if self.leaves_within_s is not None:
            await client.go_away(self.code, n, random.uniform(0, self.leaves_within_s))
            return RIGHT
        reply = await client.call(self.code, n, **self.fields)
        text = self.text.format(n=n).encode()
        if self._is_right(reply, text):
            return RIGHT
        return (workers_die and suffered(reply, text)) or blame(reply)

    def _is_right(self, reply: Reply, text: bytes) -> bool:
        if self.problem:
            return reply.slug == self.problem and text in reply.body
        return not reply.cut and reply.body == text


def suffered(reply: Reply, text: bytes = b"") -> str:
    """What the death of a worker made of an answer that should be `text`, if it did."""
    if reply.slug == "worker-died" or (reply.cut and text.startswith(reply.body)):
        return LOST
    return REFUSED if reply.slug in ("adaptor-refused", "busy") else ""


def blame(reply: Reply) -> NoReturn:
    raise WrongError(str(reply))


ORDINARY = (
    Kind("hello", HELLO, "<hello {n}>"),
    Kind("stream", STREAM, "<begin {n}><middle {n}><end {n}>"),
    Kind("async", ASYNC, "<async {n}>"),
    Kind(
        "cached",
        CACHED,
        "<cached {n}>",
        fields={"use_cache": True, "cache_kwargs": True},
        numbers=50,
    ),
    Kind("raise", RAISE, "<raised {n}>", problem="adaptor-raised"),
    Kind("cancel", SLOW, leaves_within_s=0.05),
    Kind("cancel-stream", FLOW, leaves_within_s=0.05),
    Kind("deadline", SLOW, problem=CUT, fields={"timeout": 0.1}),
)
