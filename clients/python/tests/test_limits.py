"""Each wait has a limit, and each can be given up: by a task, another thread, a forked child."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time

import pytest

from asking import BOTH
from owt.client import (
    AsyncClient,
    Client,
    Closed,
    ConnectTimedOut,
    OwtError,
    TimedOut,
    Unreachable,
    _caller,
)
from peer import WAIT, chunked, whole

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
SILENT = {
    "at once": [WAIT],
    "after 1xx": [b"HTTP/1.1 102 Processing\r\n\r\n", WAIT],
    "in the head": [b"HTTP/1.1 200 OK\r\nConte", WAIT],
    "after the head": [HEAD, WAIT],
    "in the body": [HEAD, b"5\r\nfirst\r\n", WAIT],
    "in an error": [b"HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\n", WAIT],
}


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("name", SILENT)
def test_a_silent_peer_is_told(peers, monkeypatch, kind, name):
    peer = peers(lambda request: SILENT[name])
    with pytest.raises(TimedOut, match=r"http://127.0.0.1:\d+/ was silent for 0.05 s") as caught:
        kind(peer.address, idle_timeout=0.05).call("code")
    assert isinstance(caught.value, TimeoutError)
    monkeypatch.setattr(_caller, "_GRACE", 0.05)
    with pytest.raises(TimedOut, match="did not answer within the call's timeout"):
        kind(peer.address, timeout=0.05).call("code")
    with pytest.raises(TimedOut, match="did not answer within the call's timeout"):
        kind(peer.address).call("code", timeout=0.05)
    assert len(peer.requests) == 3


@pytest.mark.parametrize("kind", BOTH)
def test_who_trickles_is_not_waited_for_beyond_the_timeout(peers, monkeypatch, kind):
    going = threading.Event()

    def answer(request):
        yield HEAD
        while not going.is_set():
            yield b"1\r\nx\r\n"
            going.wait(0.01)

    peer = peers(answer)
    monkeypatch.setattr(_caller, "_GRACE", 0.05)
    try:
        with pytest.raises(TimedOut):
            kind(peer.address, timeout=0.2, idle_timeout=60).call("code")
    finally:
        going.set()


@pytest.mark.parametrize("kind", BOTH)
def test_no_connection_in_time(kind):
    import socket

    # Whoever listens takes no more than it has room for; the next ones wait.
    with socket.socket() as full, contextlib.ExitStack() as held:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        address = f"http://127.0.0.1:{full.getsockname()[1]}"
        with pytest.raises(ConnectTimedOut) as caught:
            kind(address, connect_timeout=0.1).call("code")
        assert isinstance(caught.value, (Unreachable, TimeoutError)) and caught.value.nothing_ran
        assert address in str(caught.value)


@pytest.mark.parametrize("kind", BOTH)
def test_a_body_that_nobody_takes(peers, kind):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(TimedOut):
            kind(address, idle_timeout=0.1).call("code", data=bytes(64 << 20))


def test_a_limit_is_one_calls_own(server):
    with Client(server, idle_timeout=60) as client:
        with pytest.raises(OwtError) as caught:
            client("import time\ndef run(): time.sleep(60)", timeout=0.1)
        assert caught.value.status == 504
        assert client("def run(): return [1]") == [1]


WRITES = """
import time
def run(gate):
    with open(gate, "w") as file:
        file.write("begun")
    try:
        time.sleep(600)
    finally:
        open(gate, "w").write("cancelled")
"""


def test_a_task_that_is_cancelled_cancels_its_call(server, gate):
    async def main():
        async with AsyncClient(server) as client:
            task = asyncio.create_task(client(WRITES, gate=gate.path))
            assert await asyncio.to_thread(gate.read) == "begun"
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(gate.read) == "cancelled"
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client("import time\ndef run(): time.sleep(60)"), 0.1)
            return await client("def run(): return [1]")

    assert asyncio.run(main()) == [1]


def test_to_close_from_another_thread_ends_who_reads(peers):
    peer = peers(lambda request: [HEAD, b"5\r\nfirst\r\n", WAIT])
    client = Client(peer.address)
    answer = client.stream("code")
    assert answer.read(5) == b"first"
    began, errors = threading.Event(), []

    def read():
        began.set()
        try:
            answer.read(5)
        except OwtError as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    began.wait()
    answer.close()
    thread.join(60)
    assert [type(error) for error in errors] == [Closed]
    with pytest.raises(Closed):
        answer.read(1)


def test_a_body_without_a_length_that_was_closed_is_not_whole(peers):
    peer = peers(lambda request: [b"HTTP/1.1 200 OK\r\n\r\nfirst", WAIT])
    answer = Client(peer.address).stream("code")
    assert answer.read(5) == b"first"
    answer.close()
    with pytest.raises(Closed):
        answer.read()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_ends_no_call_of_its_parents(server):
    client = Client(server)
    code = "def run():\n for n in range(200_000): yield f'{n:09d}\\n'"
    answer = client.stream(code)
    lines = answer.text_lines()
    assert next(lines) == "000000000"
    child = os.fork()
    if child == 0:
        # As a program's end does it: everything that it has is let go.
        answer.close()
        client.close()
        os._exit(0 if client("def run(): return [1]") == [1] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert [int(line) for line in lines] == list(range(1, 200_000))


def test_a_signals_handler_may_end_a_call(peers):
    """As Ctrl-C does: what it raises comes through, and the connection is not used again."""
    peer = peers(lambda request: [whole("[1]")] if len(peer.requests) > 1 else [HEAD, WAIT])
    client = Client(peer.address)

    class Enough(Exception):
        pass

    def handler(*_):
        raise Enough

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        waiter = threading.Thread(target=interrupt_when, args=[lambda: peer.requests])
        waiter.start()
        with pytest.raises(Enough):
            client("code")
        waiter.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert client("code") == [1]
    assert peer.connections == 2


def interrupt_when(state):
    while not state():
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGUSR1)


def test_an_answer_that_is_not_read_to_its_end_is_let_go(peers):
    peer = peers(lambda request: chunked([b"x" * 100] * 100, "text/plain"))

    async def main():
        async with AsyncClient(peer.address) as client:
            for _ in range(3):
                async with client.stream("code") as answer:
                    async for _ in answer:
                        break
            return await client("code")

    assert asyncio.run(main()) == "x" * 10_000
    assert peer.connections == 4
