"""Waits in system calls: as the originals in every respect, but that an exception reaches them."""

from __future__ import annotations

import asyncio
import ctypes
import os
import queue
import select
import selectors
import socket
import ssl
import threading
import time

import pytest

from owt import _native_waits

PATIENCE = 30
_KEPT = [
    (select, "select"),
    (select, "poll"),
    (select, "epoll"),
    (selectors.PollSelector, "_selector_cls"),
    (selectors.EpollSelector, "_selector_cls"),
    (queue, "SimpleQueue"),
    (ssl.SSLSocket, "read"),
]
_ADDED = ("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "_accept")


class Cancelled(BaseException):
    pass


@pytest.fixture(autouse=True)
def calls():
    """The threads on which calls run."""
    running: set[int] = set()
    kept = [(where, name, getattr(where, name)) for where, name in _KEPT]
    _native_waits.install(lambda: threading.get_ident() in running)
    yield running
    for where, name, value in kept:
        setattr(where, name, value)
    for name in _ADDED:
        delattr(socket.socket, name)


def cancelled(calls, wait):
    """What comes of a wait on a thread that runs a call, once it is cancelled."""
    outcome: list[BaseException] = []
    began = threading.Event()

    def work():
        calls.add(threading.get_ident())
        try:
            began.set()
            wait()
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    began.wait(PATIENCE)
    raising = ctypes.pythonapi.PyThreadState_SetAsyncExc
    raising(ctypes.c_ulong(thread.ident), ctypes.py_object(Cancelled))
    thread.join(PATIENCE)
    assert not thread.is_alive()
    return outcome


def readable():
    return os.pipe()[0]


def polled(make, *timeout):
    waiting = make()
    waiting.register(readable())
    return waiting.poll(*timeout)


def listening():
    server = socket.create_server(("127.0.0.1", 0))
    return server.accept()


def selected(kind):
    with kind() as selector:
        selector.register(readable(), selectors.EVENT_READ)
        selector.select()


WAITS = {
    "select": lambda: select.select([readable()], [], []),
    "select for long": lambda: select.select([readable()], [], [], 3600),
    "poll": lambda: polled(select.poll),
    "poll without end": lambda: polled(select.poll, -1),
    "poll for long": lambda: polled(select.poll, 3_600_000),
    "epoll": lambda: polled(select.epoll),
    "epoll for long": lambda: polled(select.epoll, 3600.5),
    "epoll selector": lambda: selected(selectors.EpollSelector),
    "poll selector": lambda: selected(selectors.PollSelector),
    "default selector": lambda: selected(selectors.DefaultSelector),
    "asyncio": lambda: asyncio.run(asyncio.sleep(3600)),
    "SimpleQueue": lambda: queue.SimpleQueue().get(),
    "SimpleQueue for long": lambda: queue.SimpleQueue().get(timeout=3600),
    "recv": lambda: socket.socketpair()[0].recv(1),
    "recv_into": lambda: socket.socketpair()[0].recv_into(bytearray(1)),
    "recvfrom": lambda: socket.socketpair()[0].recvfrom(1),
    "recvmsg": lambda: socket.socketpair()[0].recvmsg(1),
    "makefile": lambda: socket.socketpair()[0].makefile("rb").read(1),
    "accept": listening,
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_a_cancelled_wait_ends(calls, wait):
    pairs = []
    make = socket.socketpair

    def kept():
        # The other end stays open, or there would be an end to read.
        pairs.append(make())
        return pairs[-1]

    socket.socketpair = kept
    try:
        [raised] = cancelled(calls, wait)
    finally:
        socket.socketpair = make
    assert isinstance(raised, Cancelled)


def test_they_give_what_the_originals_give(calls):
    calls.add(threading.get_ident())
    read, write = os.pipe()
    os.write(write, b"x")
    assert select.select([read], [], [], 5) == ([read], [], [])
    assert select.select([read], [], []) == ([read], [], [])
    assert select.select([], [], [], 0.12) == ([], [], [])
    waiting = select.poll()
    waiting.register(read, select.POLLIN)
    assert waiting.poll() == waiting.poll(500) == waiting.poll(0) == [(read, select.POLLIN)]
    with select.epoll() as waiting:
        waiting.register(read, select.EPOLLIN)
        assert waiting.poll() == waiting.poll(5) == waiting.poll(5, 1) == [(read, select.EPOLLIN)]
        assert waiting.poll(timeout=1, maxevents=3) == [(read, select.EPOLLIN)]
        again = select.epoll.fromfd(os.dup(waiting.fileno()))
        assert again.poll(1) == [(read, select.EPOLLIN)]
    assert waiting.closed
    one, other = socket.socketpair()
    other.send(b"hello")
    assert one.recv(2) == b"he"
    assert one.recvfrom(9)[0] == b"llo"
    other.close()
    assert one.recv(1) == b""
    with pytest.raises(OSError):
        other.recv(1)


def test_times_are_kept(calls):
    calls.add(threading.get_ident())
    one, _other = socket.socketpair()
    one.settimeout(0.12)
    waits = [
        lambda: select.select([], [], [], 0.12),
        lambda: polled(select.poll, 120),
        lambda: polled(select.epoll, 0.12),
    ]
    for wait in waits:
        began = time.monotonic()
        wait()
        assert time.monotonic() - began >= 0.119
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="timed out"):
        one.recv(1)
    with pytest.raises(queue.Empty):
        queue.SimpleQueue().get(timeout=0.12)
    assert time.monotonic() - began >= 0.238


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: select.select([], []),
        lambda: select.select([], [], [], "soon"),
        lambda: select.poll().poll("soon"),
        lambda: select.epoll().poll("soon"),
        lambda: queue.SimpleQueue().get(timeout=-1),
        lambda: queue.SimpleQueue().get(timeout="soon"),
    ],
)
def test_mistakes_are_told_as_the_originals_tell_them(calls, wrong):
    def told():
        with pytest.raises((TypeError, ValueError)) as raised:
            wrong()
        return raised.type, str(raised.value)

    outside = told()
    calls.add(threading.get_ident())
    assert told() == outside


def test_what_is_not_waited_for_is_not_waited_for(calls):
    calls.add(threading.get_ident())
    one, _other = socket.socketpair()
    one.setblocking(False)
    with pytest.raises(BlockingIOError):
        one.recv(1)
    queued: queue.SimpleQueue[int] = queue.SimpleQueue()
    with pytest.raises(queue.Empty):
        queued.get(False)
    queued.put(1)
    assert queued.get() == 1
