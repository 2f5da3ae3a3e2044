"""Connections are kept from one call to the next, and only those that are as good as new."""

import asyncio
import contextlib
import gc
import http.client
import os
import re
import select
import socket
import ssl
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from owt.client import Client, OwtError, owt
from owt.client import _pool as pool
from serving import serving

PLUS = "def run(n): return [n + 1]"


class Relay:
    """Hands connections on to a server, and counts them."""

    def __init__(self, server):
        host, port = re.search(r"//([\d.]+):(\d+)", server).groups()
        self._server = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs = []
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def count(self):
        """Connections so far."""
        return len(self._pairs)

    def _accept(self):
        with contextlib.suppress(OSError):  # until it is closed
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._server)
                self._pairs.append((near, far))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    @staticmethod
    def _pump(here, there):
        with contextlib.suppress(OSError):
            while piece := here.recv(1 << 16):
                there.sendall(piece)
            there.shutdown(socket.SHUT_WR)

    def say(self, text):
        """To all clients."""
        for near, _ in self._pairs:
            near.sendall(text)

    def end(self):
        """End all connections, as a server does with idle ones."""
        for near, far in self._pairs:
            for end in (near, far):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.end()


@pytest.fixture
def relay(server):
    made = Relay(server)
    yield made
    made.close()


@pytest.fixture
def here(relay):
    with Client(relay.address) as client:
        yield client


def test_calls_one_after_the_other_share_a_connection(relay, here):
    assert [here(PLUS, n=n) for n in range(5)] == [[n + 1] for n in range(5)]
    assert here(PLUS, n=1, method="GET") == [2]
    assert here("lambda: request.data", data=b"abc") == b"abc"
    assert here("def run():\n for n in range(3): yield str(n)") == "012"
    with here.stream("lambda: None") as answer:
        assert answer.read() == b""
    with pytest.raises(OwtError, match="ZeroDivisionError"):
        here("lambda: 1 / 0")
    with here.stream("lambda: b'ten bytes.'") as answer:
        assert answer.read(10) == b"ten bytes."
    assert here(PLUS, n=1, timeout=5) == [2]

    @here.remote
    def double(n):
        return n * 2

    assert double(4) == 8
    with pytest.raises(ValueError, match="use POST"):
        here(PLUS, n=1, data=b"", method="GET")
    assert relay.count == 1


def test_a_deadline_is_of_one_call_alone(relay, here):
    with pytest.raises(OwtError) as caught:
        here("import time\ndef run(): time.sleep(60)", timeout=0.05)
    assert caught.value.status == 504
    [(_, connection)] = here._pool._idle
    assert 5 < connection.sock.gettimeout() <= 5.05
    assert here(PLUS, n=1) == [2]
    assert connection.sock.gettimeout() is None
    assert relay.count == 1


def test_what_was_not_read_to_its_end_is_no_answer_to_another_call(relay, here):
    stream = "def run():\n for n in range(1_000_000): yield b'x' * 1000"
    for expected in (2, 3):
        with here.stream(stream) as answer:
            assert answer.read(1) == b"x"
        assert here(PLUS, n=1) == [2]
        assert relay.count == expected
    for piece in here.stream(stream):
        assert piece
        break
    gc.collect()
    assert here(PLUS, n=1) == [2]
    assert relay.count == 4


def test_a_stream_that_was_cut_takes_its_connection_along(relay, here):
    with (
        here.stream("def run():\n yield 'a'\n raise KeyError") as answer,
        pytest.raises(http.client.IncompleteRead),
    ):
        answer.text()
    assert here(PLUS, n=1) == [2]
    assert relay.count == 2


def test_two_answers_at_once_have_a_connection_each(relay, here):
    stream = "def run(n):\n for _ in range(1000): yield n * 1000"
    with here.stream(stream, n="a") as first, here.stream(stream, n="b") as second:
        assert (first.text(), second.text()) == ("a" * 1_000_000, "b" * 1_000_000)
    assert relay.count == 2
    assert here(PLUS, n=1) == [2]
    assert relay.count == 2


def heard(client):
    """Wait until what was done at the other end has come to the client's idle connection."""
    [(_, connection)] = client._pool._idle
    assert select.select([connection.sock], [], [], 60)[0]


def test_an_idle_connection_that_the_server_ended_is_not_used(relay, here):
    assert here(PLUS, n=1) == [2]
    relay.end()
    heard(here)
    assert here(PLUS, n=2) == [3]
    assert relay.count == 2


def test_nor_is_one_where_it_said_what_nobody_asked(relay, here):
    assert here(PLUS, n=1) == [2]
    relay.say(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
    heard(here)
    assert here(PLUS, n=2) == [3]
    assert relay.count == 2


def test_a_server_that_began_again_is_called_again(tmp_path):
    # Bound here and not listened on: nobody else is given it, and the server can listen there.
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = str(held.getsockname()[1])
    with held, Client(f"http://127.0.0.1:{port}") as client:
        for n in range(3):
            with serving(tmp_path, port=port):
                assert client(PLUS, n=n) == [n + 1]
        with pytest.raises(OSError):
            client(PLUS, n=1)


def test_idle_ones_are_few_and_not_kept_for_long(relay, here, monkeypatch):
    together = threading.Barrier(12)

    def one(n):
        with here.stream(PLUS, n=n) as answer:
            together.wait(60)
            return answer.json()

    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(one, range(12))) == [[n + 1] for n in range(12)]
    assert relay.count == 12
    assert len(here._pool._idle) == pool.MOST
    monkeypatch.setattr(pool, "LONGEST", 0.0)
    assert here(PLUS, n=1) == [2]
    assert relay.count == 13
    assert len(here._pool._idle) == 1


def test_threads_get_their_own_answers(relay, here):
    def many(n):
        return [here(PLUS, n=n * 1000 + k)[0] for k in range(50)]

    with ThreadPoolExecutor(8) as threads:
        for n, found in enumerate(threads.map(many, range(16))):
            assert found == [n * 1000 + k + 1 for k in range(50)]
    assert relay.count <= 8


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own(relay, here):
    assert here(PLUS, n=1) == [2]
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = (
                0 if [here(PLUS, n=n) for n in range(100)] == [[n + 1] for n in range(100)] else 2
            )
        finally:
            os._exit(status)
    assert [here(PLUS, n=n) for n in range(100)] == [[n + 1] for n in range(100)]
    assert os.waitpid(child, 0)[1] == 0
    assert relay.count == 2


def test_to_cancel_a_call_ends_no_other(relay, here):
    @here.remote
    async def slow(n):
        import asyncio

        await asyncio.sleep(n)
        return n

    async def cancel_some():
        quick = [asyncio.ensure_future(slow(0.001 * n)) for n in range(20)]
        stuck = [asyncio.ensure_future(slow(600)) for _ in range(3)]
        done = [await one for one in quick]
        for one in stuck:
            one.cancel()
        again = [asyncio.ensure_future(slow(0.001 * n)) for n in range(20)]
        with contextlib.suppress(asyncio.CancelledError):
            await stuck[0]
        return done, [await one for one in again]

    expected = [0.001 * n for n in range(20)]
    assert asyncio.run(cancel_some()) == (expected, expected)


def test_a_closed_client_leaves_nothing_open(relay):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        client = Client(relay.address)
        assert client(PLUS, n=1) == [2]
        [(_, kept)] = client._pool._idle
        client.close()
        assert kept.sock is None
        assert client(PLUS, n=1) == [2]  # and may be used again
        [(_, kept)] = client._pool._idle
        del client
        gc.collect()
        assert kept.sock is None
        assert owt(PLUS, n=1, address=relay.address) == [2]
        gc.collect()


def test_over_tls(tmp_path):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        serving(tmp_path, "--tls", "self-signed") as address,
        Client(address, context=context) as client,
    ):
        assert client(PLUS, n=1) == [2]
        [(_, kept)] = client._pool._idle
        used = kept.sock
        assert [client(PLUS, n=n) for n in range(20)] == [[n + 1] for n in range(20)]
        assert kept.sock is used
        assert [one for _, one in client._pool._idle] == [kept]
