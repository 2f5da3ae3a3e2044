"""Locks are taken and given back undisturbed, however a function does that."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
import threading

import pytest

from owt import _taking
from owt._interrupted import FREE, Cancelled, whereabouts

TIMES = 20


@pytest.fixture(autouse=True)
def in_quick_turns():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(before)


def plainly(lock):
    while True:
        lock.acquire()
        try:
            pass
        finally:
            lock.release()


def with_a_limit(lock):
    while True:
        if lock.acquire(timeout=sum([2, 3])):
            try:
                pass
            finally:
                lock.release()


def when_it_is_free(lock):
    while True:
        free = lock.acquire(False)
        if not free:
            continue
        try:
            pass
        finally:
            lock.release()


def by_a_name_of_its_own(lock):
    acquire, release = lock.acquire, lock.release
    for _ in iter(int, 1):
        acquire()
        try:
            pass
        finally:
            release()


def as_a_context(lock):
    while True:
        with lock:
            pass


def in_a_context_of_its_own(lock):
    @contextlib.contextmanager
    def taken():
        lock.acquire()
        try:
            yield
        finally:
            lock.release()

    while True:
        with taken():
            pass


def in_a_stack_of_contexts(lock):
    while True:
        with contextlib.ExitStack() as stack:
            stack.enter_context(lock)


def interrupt(thread):
    """Send it the exception, where it may be sent, until it has ended."""
    # Nothing is called between the look and the exception, so the thread stays where it is.
    send = functools.partial(
        ctypes.pythonapi.PyThreadState_SetAsyncExc,
        ctypes.c_ulong(thread.ident),
        ctypes.py_object(Cancelled),
    )
    ident = thread.ident
    while thread.is_alive():
        if whereabouts(ident)[0] == FREE:
            send()
        thread.join(0.001)


@pytest.mark.parametrize(
    "takes",
    [
        plainly,
        with_a_limit,
        when_it_is_free,
        by_a_name_of_its_own,
        as_a_context,
        in_a_context_of_its_own,
        in_a_stack_of_contexts,
    ],
    ids=lambda takes: takes.__name__,
)
def test_an_exception_leaves_no_lock_behind(takes):
    lock = threading.Lock()

    def work(begun):
        with contextlib.suppress(Cancelled):
            begun.set()
            takes(lock)

    for _ in range(TIMES):
        begun = threading.Event()
        thread = threading.Thread(target=work, args=(begun,))
        thread.start()
        begun.wait()
        interrupt(thread)
        assert not lock.locked()


def test_code_that_takes_none_is_left_alone():
    assert not _taking.places(interrupt.__code__)
