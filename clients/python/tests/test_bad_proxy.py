"""A real server that restarts, behind a proxy that says 1xx and cuts one answer in ten."""

from __future__ import annotations

import collections
import http.client
import itertools
import socket
import threading
import time

import pytest

from owt.client import Client, OwtError
from peer import END, Peer, whole
from serving import serving

CALLS, RESTARTS, THREADS = 2000, 5, 4
CODE = """
def run(n, path):
    with open(path, "a") as log:
        log.write(f"{n}\\n")
    return [n]
"""
INTERIM = [
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
    b"",
]


@pytest.fixture
def port():
    """A port that nobody else is given, where a server can listen."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield str(held.getsockname()[1])


def proxied(port):
    count = itertools.count(1)

    def answer(request):
        number = next(count)
        server = http.client.HTTPConnection("127.0.0.1", int(port))
        try:
            server.request(request.method, request.target, request.body, request.headers)
            response = server.getresponse()
            kind = response.headers["Content-Type"]
            said = whole(response.read(), kind, f"{response.status} X")
        except (OSError, http.client.HTTPException):
            return [END]
        finally:
            server.close()
        if number % 10 == 0:
            return [INTERIM[number % 3], said[: -1 - number % 40], END]
        return [INTERIM[number % 3], said]

    return Peer(answer)


def test_no_wrong_answer_none_run_twice_and_each_failure_an_error_of_its_own(tmp_path, port):
    log = tmp_path / "log"
    proxy, up = proxied(port), threading.Event()
    right, wrong, failed = [], [], []
    numbers = iter(range(CALLS))

    def work():
        with Client(proxy.address) as client:
            for n in numbers:
                try:
                    got = client(CODE, n=n, path=str(log))
                except OwtError as error:
                    failed.append((n, error))
                    up.wait()
                except BaseException as error:
                    wrong.append((n, error))
                else:
                    (right if got == [n] else wrong).append((n, got))

    def done():
        return len(right) + len(wrong) + len(failed)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for restart in range(RESTARTS + 1):
        with serving(tmp_path, port=port):
            up.set()
            if restart == 0:
                for thread in threads:
                    thread.start()
            while done() < CALLS * (restart + 1) // (RESTARTS + 1):
                time.sleep(0.005)
        up.clear()
    up.set()
    for thread in threads:
        thread.join()
    proxy.close()
    ran = collections.Counter(map(int, log.read_text().split()))
    assert wrong == []
    assert len(right) + len(failed) == CALLS and len(failed) >= CALLS // 20
    assert set(ran.values()) == {1}
    assert {n for n, _ in right} <= set(ran)
