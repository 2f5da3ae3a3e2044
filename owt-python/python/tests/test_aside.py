"""Threads beside the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from contextvars import ContextVar

import pytest

from owt import _aside

var = ContextVar("var", default="unset")


def on_a_loop(work):
    async def run():
        loop = asyncio.get_running_loop()

        def post(done):
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(done)

        aside = _aside.Aside(loop, post)
        try:
            return await work(aside)
        finally:
            aside.stop()

    return asyncio.run(run())


def test_work_runs_on_another_thread_in_the_callers_context():
    async def work(aside):
        var.set("mine")
        return await aside.run(lambda: (var.get(), threading.get_ident()))

    value, thread = on_a_loop(work)
    assert value == "mine" and thread != threading.get_ident()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, StopIteration])
def test_what_it_raises_comes_through(error):
    def fails():
        raise error("why")

    async def work(aside):
        with pytest.raises(RuntimeError if error is StopIteration else error):
            await aside.run(fails)
        return await aside.run(str, "still there")

    assert on_a_loop(work) == "still there"


def test_no_more_threads_than_are_needed_and_allowed(monkeypatch):
    monkeypatch.setattr(_aside, "_MOST", 3)
    seen = set()

    def note(meet):
        seen.add(threading.get_ident())
        meet()

    async def work(aside):
        for _ in range(5):
            await aside.run(note, lambda: None)
        one = len(seen)
        meet = threading.Barrier(3).wait
        await asyncio.gather(*[aside.run(note, meet) for _ in range(9)])
        return one, len(seen)

    assert on_a_loop(work) == (1, 3)


def test_work_that_nobody_waits_for_any_more_harms_nothing():
    go = threading.Event()

    async def work(aside):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(aside.run(go.wait), 0.01)
        go.set()
        return await aside.run(str, "well")

    assert on_a_loop(work) == "well"
