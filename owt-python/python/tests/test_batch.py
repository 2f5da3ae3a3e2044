"""Calls that come together are one batch, and each caller has its own answer or error."""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
import traceback
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import owt
from owt import _gathering
from owt._errors import Refused

PATIENCE = 30


class Gate:
    """A batched function's body: notes its batches, and waits in each until it is let go on."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.begun = threading.Semaphore(0)
        self.goes_on = threading.Semaphore(0)

    def __call__(self, items: list[Any]) -> list[Any]:
        self.batches.append(items)
        self.begun.release()
        assert self.goes_on.acquire(timeout=PATIENCE)
        return items


@pytest.fixture
def pool():
    """Threads that callers are on."""
    with ThreadPoolExecutor(64) as made:
        yield made


def test_concurrent_calls_are_one_batch_and_each_has_its_own(pool):
    batches = []

    @owt.batch(max_size=64, max_wait=PATIENCE)
    def double(ns: list[int], *, by: list[int]) -> list[int]:
        batches.append(len(ns))
        return [n * factor for n, factor in zip(ns, by, strict=True)]

    answers = list(pool.map(lambda n: double(n, by=2), range(64)))
    assert answers == [n * 2 for n in range(64)]
    assert batches == [64]


def test_one_call_does_not_wait_for_more_than_max_wait():
    @owt.batch(max_size=64, max_wait=0.01)
    def count(ns):
        return [len(ns)] * len(ns)

    assert count(1) == 1


def test_the_next_batch_gathers_while_one_runs(pool):
    gate = Gate()
    echo = owt.batch(gate, max_size=8, max_wait=0)
    first = pool.submit(echo, "first")
    assert gate.begun.acquire(timeout=PATIENCE)
    rest = [pool.submit(echo, n) for n in range(8)]
    queue = echo._gathers._queue
    while queue.qsize() < 8:
        assert not first.done()
    gate.goes_on.release()
    gate.goes_on.release()
    assert first.result(PATIENCE) == "first"
    assert [one.result(PATIENCE) for one in rest] == list(range(8))
    assert [len(batch) for batch in gate.batches] == [1, 8]


def test_a_batch_that_raises_raises_for_each_caller(pool):
    @owt.batch(max_size=3, max_wait=PATIENCE)
    def fail(ns):
        raise LookupError("no model")

    errors = [one.exception(PATIENCE) for one in [pool.submit(fail, n) for n in range(3)]]
    assert [(type(one), str(one)) for one in errors] == [(LookupError, "no model")] * 3
    assert len(set(map(id, errors))) == 3, "one exception that three threads raise"
    for error in errors:
        frames = traceback.extract_tb(error.__traceback__)
        assert [frame.name for frame in frames].count("fail") == 1


def test_an_answer_that_is_an_exception_is_raised_for_its_caller_alone(pool):
    @owt.batch(max_size=3, max_wait=PATIENCE)
    def half(ns):
        return [n // 2 if n % 2 == 0 else ValueError(f"{n} is odd") for n in ns]

    asked = [pool.submit(half, n) for n in (2, 3, 4)]
    assert asked[0].result(PATIENCE) == 1
    assert asked[2].result(PATIENCE) == 2
    with pytest.raises(ValueError, match="3 is odd"):
        asked[1].result(PATIENCE)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "gives a list with one answer for each caller, not None"),
        ("ab", "not a str"),
        ({"a": 1}, "not a dict"),
        ([1, 2], "gave 2 answers to a batch of 1 calls"),
        ([(n for n in ())], "cannot stream"),
    ],
)
def test_what_is_no_list_of_answers_says_so(given, said):
    @owt.batch(max_size=1)
    def run(ns):
        return given

    with pytest.raises((TypeError, ValueError), match=said):
        run(1)


def test_an_array_gives_each_caller_a_row():
    numpy = pytest.importorskip("numpy")

    @owt.batch(max_size=1)
    def rows(ns):
        return numpy.arange(4.0).reshape(1, 4)

    assert rows(0).tolist() == [0, 1, 2, 3]


def test_wrong_arguments_are_the_callers_own():
    @owt.batch
    def add(xs, ys):
        return [x + y for x, y in zip(xs, ys, strict=True)]

    with pytest.raises(TypeError, match="ys"):
        add(1)
    assert add(1, ys=2) == 3


def test_defaults_are_each_callers(pool):
    @owt.batch(max_size=2, max_wait=PATIENCE)
    def add(xs, ys=10):
        return [x + y for x, y in zip(xs, ys, strict=True)]

    one, other = pool.submit(add, 1), pool.submit(add, 1, 1)
    assert {one.result(PATIENCE), other.result(PATIENCE)} == {11, 2}


def test_it_shows_one_callers_signature():
    @owt.batch
    def embed(texts: list[str], *, scale: float = 1.0) -> list[list[float]]:
        """Vectors."""
        return [[scale] for _ in texts]

    assert str(inspect.signature(embed)) == "(texts: str, *, scale=1.0) -> list[float]"
    assert inspect.signature(embed.later) == inspect.signature(embed)
    assert (embed.__name__, embed.__doc__) == ("embed", "Vectors.")


def test_what_cannot_be_batched_is_refused_when_it_is_decorated():
    def stream(ns):
        yield 1

    async def streams(ns):
        yield 1

    for function, said in [
        (stream, "cannot stream"),
        (streams, "cannot stream"),
        (lambda: [], "no parameter"),
        (lambda *ns: [], "names its parameters"),
        (3, "decorates a function, not an int"),
    ]:
        with pytest.raises(TypeError, match=said):
            owt.batch(function)
    for wrong in [{"max_size": 0}, {"max_size": 1.5}, {"max_wait": -1}, {"max_waiting": 1}]:
        with pytest.raises(ValueError, match=next(iter(wrong))):
            owt.batch(lambda ns: ns, **wrong)
    with pytest.raises((TypeError, RuntimeError)) as refused:

        class Model:
            @owt.batch
            def embed(self, ns):
                return ns

    error = refused.value if isinstance(refused.value, TypeError) else refused.value.__cause__
    assert "batch a bound method instead" in str(error)


def test_calls_beyond_max_waiting_are_refused(pool):
    gate = Gate()
    echo = owt.batch(gate, max_size=1, max_wait=0, max_waiting=2)
    running = pool.submit(echo, 0)
    assert gate.begun.acquire(timeout=PATIENCE)
    waiting = [pool.submit(echo, n) for n in (1, 2)]
    while echo._gathers._queue.qsize() < 2:
        assert not running.done()
    with pytest.raises(Refused, match=r"2 calls of .* wait for a batch already") as refused:
        echo(3)
    assert refused.value.slug == "busy"
    for _ in range(3):
        gate.goes_on.release()
    assert [one.result(PATIENCE) for one in [running, *waiting]] == [0, 1, 2]


def test_a_caller_that_goes_leaves_its_batch_alone():
    """Cancelled while it waits in line it is left out; while it runs, nobody notices."""
    gate = Gate()
    echo = owt.batch(gate, max_size=8, max_wait=0)

    async def scenario() -> list[Any]:
        first = [asyncio.ensure_future(echo.later(0))]
        await asyncio.to_thread(gate.begun.acquire, timeout=PATIENCE)
        rest = [asyncio.ensure_future(echo.later(n)) for n in (1, 2, 3)]
        while echo._gathers._queue.qsize() < 3:
            await asyncio.sleep(0)
        rest[1].cancel()
        first[0].cancel()
        await asyncio.wait([rest[1], first[0]])
        gate.goes_on.release()
        gate.goes_on.release()
        return await asyncio.gather(rest[0], rest[2])

    assert asyncio.run(scenario()) == [1, 3]
    assert gate.batches == [[0], [1, 3]]


def test_a_batch_that_hangs_with_no_caller_left_does_not_keep_the_next(monkeypatch):
    monkeypatch.setattr(_gathering, "_PATIENCE", 0)
    gate = Gate()
    echo = owt.batch(gate, max_size=1, max_wait=0)

    async def scenario() -> Any:
        hangs = asyncio.ensure_future(echo.later("hangs"))
        await asyncio.to_thread(gate.begun.acquire, timeout=PATIENCE)
        hangs.cancel()
        await asyncio.wait([hangs])
        after = asyncio.ensure_future(echo.later("after"))
        await asyncio.to_thread(gate.begun.acquire, timeout=PATIENCE)
        gate.goes_on.release()
        gate.goes_on.release()
        return await after

    assert asyncio.run(scenario()) == "after"


def test_async_functions_are_batched_on_the_loop():
    batches = []

    @owt.batch(max_size=4, max_wait=PATIENCE)
    async def double(ns: list[int]) -> list[int]:
        batches.append(list(ns))
        await asyncio.sleep(0)
        return [n * 2 for n in ns]

    async def scenario() -> list[int]:
        return await asyncio.gather(*(double(n) for n in range(8)))

    assert asyncio.run(scenario()) == [n * 2 for n in range(8)]
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7]]
    # Another loop gathers on its own.
    assert asyncio.run(scenario()) == [n * 2 for n in range(8)]


def test_an_async_batch_ends_when_all_of_its_callers_have_gone():
    begun: list[asyncio.Event] = []
    ended = []

    @owt.batch(max_size=2, max_wait=PATIENCE)
    async def wait(ns):
        begun[0].set()
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            ended.append(ns)

    async def scenario() -> None:
        begun.append(asyncio.Event())
        tasks = [asyncio.ensure_future(wait(n)) for n in (1, 2)]
        await begun[0].wait()
        tasks[0].cancel()
        await asyncio.wait([tasks[0]])
        assert not ended, "one caller is there still"
        tasks[1].cancel()
        await asyncio.wait([tasks[1]])
        while not ended:
            await asyncio.sleep(0)

    asyncio.run(scenario())
    assert ended == [[1, 2]]


def test_on_the_loop_an_ordinary_one_is_awaited_by_its_other_name():
    @owt.batch(max_size=2, max_wait=PATIENCE)
    def double(ns):
        return [n * 2 for n in ns]

    async def scenario() -> list[int]:
        with pytest.raises(RuntimeError, match=r"await double\.later"):
            double(1)
        return await asyncio.gather(double.later(1), double.later(2))

    assert asyncio.run(scenario()) == [2, 4]


def test_it_is_let_go_with_its_thread():
    @owt.batch(max_size=1)
    def echo(ns):
        return ns

    before = threading.active_count()
    assert echo(1) == 1
    gone = weakref.ref(echo)
    del echo
    gc.collect()
    assert gone() is None
    assert threading.active_count() <= before + 1
