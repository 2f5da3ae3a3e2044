"""Async adaptors on the loop, seen from the sink's side."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading

import pytest
from sinks import PATIENCE, Mailbox, Sink, context_of, running_loop

from owt import _loop
from owt._context import current
from owt._errors import Cancelled, Unrenderable
from owt.responses import AITER, AWAIT, ITER, WHOLE


@pytest.fixture
def mailbox():
    with running_loop() as made:
        yield made


def drive(mailbox, payload, kind, room=None, context=None):
    sink = Sink(mailbox, room)
    _loop.drive(payload, kind, sink, context or context_of("c1"))
    return sink


def test_an_awaitable_gives_its_response_in_its_context(mailbox):
    async def run():
        await asyncio.sleep(0)
        return {"id": current.get().id}

    sinks = [drive(mailbox, run(), AWAIT, context=context_of(str(n))) for n in range(20)]
    for number, sink in enumerate(sinks):
        kind, status, _, body = sink.wait().normal
        assert (kind, status, body) == (WHOLE, 200, b'{"id":"%d"}' % number)
        assert sink.ends == 1


def test_accept_reaches_what_an_awaitable_gives(mailbox):
    class Rich:
        def _repr_html_(self):
            return "html"

        def _repr_json_(self):
            return {}

    async def run():
        return Rich()

    sink = drive(mailbox, run(), AWAIT, context=context_of("c", "application/json"))
    assert sink.wait().normal[3] == b"{}"


def test_an_async_generator_streams(mailbox):
    async def run():
        yield "a"
        await asyncio.sleep(0)
        yield current.get().id
        yield {"b": 1}

    sink = drive(mailbox, run(), AITER).wait()
    assert (sink.chunks, sink.ends, sink.error) == ([b"a", b"c1", b'{"b":1}\n'], 1, None)


def test_an_awaitable_may_give_any_stream(mailbox):
    async def chunks():
        yield "x"

    async def asynchronous():
        return chunks(), {"Content-Type": "a/b"}

    def generate():
        yield "y"

    async def synchronous():
        return generate()

    async def nested():
        return asynchronous()

    for call in (asynchronous, nested):
        sink = drive(mailbox, call(), AWAIT).wait()
        assert sink.normal[:3] == (AITER, 200, [("Content-Type", "a/b")])
        assert (sink.chunks, sink.ends) == ([b"x"], 1)
    sink = drive(mailbox, synchronous(), AWAIT).wait()
    assert sink.normal[0] == ITER and list(sink.normal[3]) == ["y"] and sink.ends == 1


def test_the_context_is_free_when_a_sync_generator_is_handed_over(mailbox):
    """Another thread enters it at once to pull; two at a time would raise."""
    context = context_of("c1")
    entered = []

    class Pulling(Sink):
        def respond(self, normal):
            thread = threading.Thread(
                target=lambda: entered.append(context.run(lambda: list(normal[3])))
            )
            thread.start()
            thread.join()
            super().respond(normal)

    def generate():
        yield current.get().id

    async def run():
        return generate()

    sink = Pulling(mailbox)
    _loop.drive(run(), AWAIT, sink, context)
    sink.wait()
    assert entered == [["c1"]]


def test_awaitables_without_end_are_refused(mailbox):
    async def run():
        return run()

    assert isinstance(drive(mailbox, run(), AWAIT).wait().error, Unrenderable)


def test_no_room_waits_and_loses_nothing(mailbox):
    async def run():
        for number in range(10):
            yield str(number)

    sink = drive(mailbox, run(), AITER, room=3)
    assert sink.full.wait(PATIENCE)
    assert sink.chunks == [b"0", b"1", b"2"]
    sink.grant(100)
    sink.wait()
    assert sink.chunks == [str(number).encode() for number in range(10)] and sink.ends == 1


def test_a_large_chunk_goes_in_pieces(mailbox):
    async def run():
        yield b"x" * 200_000

    sink = drive(mailbox, run(), AITER).wait()
    assert max(map(len, sink.chunks)) <= 65536 and sum(map(len, sink.chunks)) == 200_000


@pytest.mark.parametrize("error", [ValueError("why"), SystemExit(3), KeyboardInterrupt()])
def test_exceptions_reach_the_sink_once_and_the_loop_lives(mailbox, error):
    async def result():
        raise error

    async def chunks():
        yield "a"
        raise error

    sink = drive(mailbox, result(), AWAIT).wait()
    assert (sink.error, sink.ends) == (error, 1)
    sink = drive(mailbox, chunks(), AITER).wait()
    assert (sink.chunks, sink.error, sink.ends) == ([b"a"], error, 1)


def test_exit_in_a_task_of_the_adaptors_own_does_not_end_the_loop(mailbox):
    async def leave():
        sys.exit(1)

    async def run():
        task = asyncio.get_running_loop().create_task(leave())
        await asyncio.wait([task])
        return "alive"

    assert drive(mailbox, run(), AWAIT).wait().normal[3] == b"alive"


def test_an_unrenderable_result_or_chunk_fails(mailbox):
    async def result():
        return object()

    async def chunks():
        yield object()

    assert isinstance(drive(mailbox, result(), AWAIT).wait().error, Unrenderable)
    assert isinstance(drive(mailbox, chunks(), AITER).wait().error, Unrenderable)


@pytest.mark.parametrize("told", [True, False])
def test_a_generator_is_closed_when_the_client_goes(mailbox, told):
    closed = threading.Event()
    go_on = asyncio.Event()

    async def run():
        try:
            yield "a"
            if told:
                await go_on.wait()  # for ever
            while True:
                yield "b"
        finally:
            await asyncio.sleep(0)
            closed.set()

    sink = drive(mailbox, run(), AITER, room=None if told else 1)
    sink.wait_chunks(1)
    if not told:
        assert sink.full.wait(PATIENCE)
    sink.leave(told)
    if not told:
        sink.grant(1)
    assert closed.wait(PATIENCE)
    assert isinstance(sink.wait().error, Cancelled) and sink.ends == 1


def test_a_client_that_goes_while_there_is_no_room(mailbox):
    closed = threading.Event()

    async def run():
        try:
            yield "a"
        finally:
            closed.set()

    sink = drive(mailbox, run(), AITER, room=0)
    assert sink.full.wait(PATIENCE)
    sink.leave()
    assert closed.wait(PATIENCE)
    assert isinstance(sink.wait().error, Cancelled)


def test_an_awaitable_is_cancelled_when_the_client_goes(mailbox):
    begun, cleaned = threading.Event(), threading.Event()

    async def run():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    sink = drive(mailbox, run(), AWAIT)
    assert begun.wait(PATIENCE)
    sink.leave()
    assert cleaned.wait(PATIENCE)
    assert isinstance(sink.wait().error, Cancelled) and sink.normal is None and sink.ends == 1


def test_a_result_in_spite_of_cancellation_goes_to_nobody(mailbox):
    begun = threading.Event()

    async def run():
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "too late"

    sink = drive(mailbox, run(), AWAIT)
    assert begun.wait(PATIENCE)
    sink.leave()
    assert isinstance(sink.wait().error, Cancelled) and sink.normal is None


def test_a_generator_that_ignores_cancellation_is_closed(mailbox):
    begun, closed = threading.Event(), threading.Event()

    async def run():
        try:
            while True:
                try:
                    begun.set()
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    yield "ignored"
        finally:
            closed.set()

    sink = drive(mailbox, run(), AITER)
    assert begun.wait(PATIENCE)
    sink.leave()
    assert closed.wait(PATIENCE)
    assert isinstance(sink.wait().error, Cancelled) and sink.chunks == []


def test_aclose_that_raises_does_not_hide_the_end(mailbox):
    class Chunks:
        def __init__(self, error):
            self.error = error

        def __aiter__(self):
            return self

        async def __anext__(self):
            raise self.error

        async def aclose(self):
            raise OSError("while closing")

    sink = drive(mailbox, Chunks(StopAsyncIteration()), AITER).wait()
    assert (sink.error, sink.ends) == (None, 1)
    error = ValueError("first")
    assert drive(mailbox, Chunks(error), AITER).wait().error is error


def test_a_generator_that_never_waits_leaves_the_loop_to_others(mailbox):
    stop = threading.Event()

    async def busy():
        while not stop.is_set():
            yield b"x"

    async def other():
        stop.set()
        return "done"

    sink = drive(mailbox, busy(), AITER)
    sink.wait_chunks(1)
    assert drive(mailbox, other(), AWAIT).wait().normal[3] == b"done"
    assert sink.wait().error is None


def test_stopping_cancels_what_runs():
    cleaned = []

    async def result(begun):
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            cleaned.append("result")

    async def chunks():
        try:
            yield "a"
            await asyncio.Event().wait()
        finally:
            cleaned.append("chunks")

    with running_loop() as mailbox:
        begun = threading.Event()
        waiting = drive(mailbox, result(begun), AWAIT)
        streaming = drive(mailbox, chunks(), AITER)
        assert begun.wait(PATIENCE)
        streaming.wait_chunks(1)
    assert sorted(cleaned) == ["chunks", "result"]
    for sink in (waiting, streaming):
        assert isinstance(sink.wait().error, Cancelled) and sink.ends == 1
    assert not [one for one in threading.enumerate() if one.name == "owt-loop"]


def test_a_finally_that_waits_is_cancelled_once_more():
    ends = []

    async def chunks():
        try:
            yield "a"
            await asyncio.Event().wait()
        finally:
            try:
                await asyncio.Event().wait()
            finally:
                ends.append("both")

    mailbox = Mailbox()
    try:
        _loop.start_loop(mailbox.fd, mailbox.drain)
        sink = drive(mailbox, chunks(), AITER)
        sink.wait_chunks(1)
        assert _loop.stop_loop(1.5) is True
        assert ends == ["both"]
        assert sink.wait().error is not None and sink.ends == 1
    finally:
        os.close(mailbox.fd)


def test_a_task_that_does_not_end_does_not_keep_the_loop(caplog):
    over = threading.Event()

    async def chunks():
        yield "a"
        # Without a loop waiting fails at once: whoever collects this would be kept for ever.
        while not over.is_set():
            with contextlib.suppress(BaseException):
                await asyncio.Event().wait()

    mailbox = Mailbox()
    try:
        _loop.start_loop(mailbox.fd, mailbox.drain)
        drive(mailbox, chunks(), AITER).wait_chunks(1)
        assert _loop.stop_loop(0.3) is True
    finally:
        over.set()
        os.close(mailbox.fd)
    assert "tasks on the event loop do not end" in caplog.text


def test_a_loop_that_is_blocked_is_left():
    begun, go_on = threading.Event(), threading.Event()

    async def run():
        begun.set()
        go_on.wait(PATIENCE)

    mailbox = Mailbox()
    try:
        _loop.start_loop(mailbox.fd, mailbox.drain)
        drive(mailbox, run(), AWAIT)
        assert begun.wait(PATIENCE)
        assert _loop.stop_loop(0.1) is False
        go_on.set()
        for thread in threading.enumerate():
            if thread.name == "owt-loop":
                thread.join(PATIENCE)
    finally:
        os.close(mailbox.fd)


def test_without_a_loop_a_call_fails():
    async def run():
        return 1

    sink = Sink(None)
    _loop.drive(run(), AWAIT, sink, context_of("c1"))
    assert isinstance(sink.wait().error, RuntimeError) and sink.ends == 1
