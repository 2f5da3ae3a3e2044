"""Waits in slices: as the originals in every respect, but that an exception reaches them."""

from __future__ import annotations

import concurrent.futures
import copy
import ctypes
import inspect
import pickle
import queue
import random
import subprocess
import sys
import threading
import time
from fractions import Fraction

import pytest

from owt import _waits

SLEEP, JOIN, ALLOCATE = time.sleep, threading.Thread.join, threading._allocate_lock

PATIENCE = 30


class Cancelled(BaseException):
    pass


@pytest.fixture(autouse=True)
def calls():
    """The threads on which calls run; put a thread's identifier in to make it one."""
    running: set[int] = set()
    _waits.install(lambda: threading.get_ident() in running)
    yield running
    time.sleep, threading.Thread.join, threading._allocate_lock = SLEEP, JOIN, ALLOCATE


@pytest.fixture
def here(calls):
    calls.add(threading.get_ident())


class Call(threading.Thread):
    """A call on a thread of its own, that can be cancelled."""

    def __init__(self, calls, work):
        super().__init__(daemon=True)
        self.calls, self.work = calls, work
        self.began = threading.Event()
        self.raised: BaseException | None = None
        self.result = None
        self.start()

    def run(self):
        self.calls.add(threading.get_ident())
        try:
            self.began.set()
            self.result = self.work()
        except BaseException as error:
            self.raised = error
        finally:
            self.calls.discard(threading.get_ident())

    def cancel(self):
        raising = ctypes.pythonapi.PyThreadState_SetAsyncExc
        assert raising(ctypes.c_ulong(self.ident), ctypes.py_object(Cancelled)) == 1

    def end(self):
        self.join(PATIENCE)
        assert not self.is_alive()


def wait_until(true):
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until
        SLEEP(0.001)


def forever():
    end = threading.Event()
    threading.Thread(target=end.wait, daemon=True).start()
    return threading.enumerate()[-1]


@pytest.mark.parametrize(
    "wait",
    [
        lambda: time.sleep(3600),
        lambda: time.sleep(3600.5),
        lambda: threading.Event().wait(),
        lambda: threading.Event().wait(3600),
        lambda: queue.Queue().get(),
        lambda: queue.Queue().get(timeout=3600),
        lambda: queue.LifoQueue().get(),
        lambda: concurrent.futures.Future().result(),
        lambda: concurrent.futures.Future().result(3600),
        lambda: threading.Semaphore(0).acquire(),
        lambda: threading.Barrier(2).wait(),
        lambda: forever().join(),
        lambda: forever().join(3600),
    ],
)
def test_a_cancelled_wait_ends_soon(calls, wait):
    call = Call(calls, wait)
    call.began.wait()
    SLEEP(0.1)
    began = time.monotonic()
    call.cancel()
    call.end()
    assert isinstance(call.raised, Cancelled)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("lock", [threading.Lock, threading.RLock])
def test_a_cancelled_wait_leaves_the_condition_usable(calls, lock):
    condition = threading.Condition(lock())
    held_inside = []

    def wait():
        with condition:
            try:
                condition.wait()
            finally:
                held_inside.append(condition._is_owned())

    call = Call(calls, wait)
    wait_until(lambda: condition._waiters)
    call.cancel()
    call.end()
    assert isinstance(call.raised, Cancelled)
    assert held_inside == [True]
    assert not condition._waiters
    assert condition.acquire(timeout=PATIENCE)
    condition.release()
    other = Call(calls, wait)
    wait_until(lambda: condition._waiters)
    with condition:
        condition.notify()
    other.end()
    assert other.raised is None


def test_a_cancelled_join_does_not_believe_that_the_thread_has_ended(calls):
    end = threading.Event()
    thread = threading.Thread(target=end.wait, daemon=True)
    thread.start()
    for _ in range(3):
        call = Call(calls, thread.join)
        SLEEP(0.1)
        call.cancel()
        call.end()
        assert isinstance(call.raised, Cancelled)
        assert thread.is_alive()
    # two at once, and one outside calls
    joins = [Call(calls, thread.join), Call(calls, lambda: thread.join(PATIENCE))]
    SLEEP(0.1)
    assert all(join.is_alive() for join in joins)
    end.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    for join in joins:
        join.end()
        assert join.raised is None


def test_join_refuses_what_the_original_refuses(here):
    with pytest.raises(RuntimeError, match="before it is started"):
        threading.Thread().join()
    with pytest.raises(RuntimeError, match="current thread"):
        threading.current_thread().join()
    thread = forever()
    with pytest.raises(TypeError):
        thread.join("1")
    for timeout in (-1, 0, 0.01, 0.12):
        began = time.monotonic()
        assert thread.join(timeout) is None
        assert timeout <= 0 or time.monotonic() - began >= timeout
        assert thread.is_alive()
    quick = threading.Thread(target=lambda: None)
    quick.start()
    assert quick.join() is None
    assert quick.join() is None
    assert not quick.is_alive()


def test_no_notify_is_lost_between_two_slices(calls, monkeypatch):
    monkeypatch.setattr(_waits, "SLICE", 0.0005)
    condition = threading.Condition()
    turns = 300
    asked = answered = 0

    def answer():
        nonlocal answered
        with condition:
            while answered < turns:
                # no predicate: only a notify ends it, and a lost one is never repeated
                while answered == asked:
                    assert condition.wait(PATIENCE)
                answered += 1

    call = Call(calls, answer)
    for _ in range(turns):
        wait_until(lambda: condition._waiters)
        SLEEP(random.uniform(0, 0.002))
        with condition:
            asked += 1
            condition.notify()
        wait_until(lambda wanted=asked: answered == wanted)
    call.end()
    assert call.raised is None


def test_many_producers_and_consumers(calls, monkeypatch):
    monkeypatch.setattr(_waits, "SLICE", 0.0005)
    numbers, each = queue.Queue(maxsize=2), 200
    makers = [Call(calls, lambda: [numbers.put(n) for n in range(each)]) for _ in range(4)]
    takers = [Call(calls, lambda: [numbers.get() for _ in range(each)]) for _ in range(4)]
    for call in makers + takers:
        call.end()
        assert call.raised is None
    assert sorted(n for call in takers for n in call.result) == sorted([*range(each)] * 4)


def test_the_waits_give_what_the_originals_give(calls, here):
    assert threading.Event().wait(0.12) is False
    event = threading.Event()
    threading.Timer(0.12, event.set).start()
    assert event.wait(PATIENCE) is True
    with pytest.raises(queue.Empty):
        queue.Queue().get(timeout=0.12)
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    threading.Timer(0.12, future.set_result, [7]).start()
    assert future.result() == 7
    with pytest.raises(TimeoutError):
        concurrent.futures.Future().result(0.12)
    assert threading.Semaphore(0).acquire(timeout=0.12) is False
    barrier = threading.Barrier(2)
    other = Call(calls, barrier.wait)
    assert {barrier.wait(), (other.end(), other.result)[1]} == {0, 1}
    with pytest.raises(threading.BrokenBarrierError):
        threading.Barrier(2).wait(0.12)
    condition = threading.Condition()
    with pytest.raises(RuntimeError):
        condition.wait()
    with condition:
        assert condition.wait(0) is False
        assert condition.wait(-5) is False
        assert condition.wait(0.12) is False
        for timeout in ("1", Fraction(1, 2)):
            with pytest.raises(TypeError):
                condition.wait(timeout)
        with pytest.raises(OverflowError):
            condition.wait(1e300)
        assert not condition._waiters


def test_a_timed_wait_is_never_shorter_than_asked(here):
    for seconds in (0.051, 0.1, 0.123456789):
        for wait in (time.sleep, threading.Event().wait, forever().join):
            began = time.monotonic_ns()
            wait(seconds)
            took = time.monotonic_ns() - began
            assert seconds * 1e9 <= took < seconds * 1e9 + 5e9


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


WRONG = [
    ((-1,), {}),
    ((-0.5,), {}),
    ((float("nan"),), {}),
    ((float("inf"),), {}),
    ((1e10,), {}),
    ((10**30,), {}),
    (("1",), {}),
    ((None,), {}),
    ((Fraction(1, 100),), {}),
    ((Index(-1),), {}),
    ((Index("1"),), {}),
    ((), {}),
    ((1, 2), {}),
    ((), {"seconds": 1}),
]


@pytest.mark.parametrize(("args", "named"), WRONG)
def test_sleep_refuses_what_the_original_refuses(here, args, named):
    with pytest.raises(Exception) as original:
        SLEEP(*args, **named)
    with pytest.raises(Exception) as ours:
        time.sleep(*args, **named)
    assert (ours.type, str(ours.value)) == (original.type, str(original.value))


@pytest.mark.parametrize("seconds", [0, 0.0, -0.0, False, 0.001, 0.12, Index(0), Index(1), True])
def test_sleep_takes_what_the_original_takes(here, seconds):
    length = seconds if isinstance(seconds, float) else seconds.__index__()
    began = time.monotonic()
    assert time.sleep(seconds) is None
    assert length <= time.monotonic() - began < length + 5


def test_sleep_looks_like_the_original():
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        assert getattr(time.sleep, name) == getattr(SLEEP, name)
    assert repr(time.sleep) == repr(SLEEP)
    try:
        expected = inspect.signature(SLEEP)
    except ValueError:
        with pytest.raises(ValueError):
            inspect.signature(time.sleep)
    else:
        assert inspect.signature(time.sleep) == expected
    assert pickle.loads(pickle.dumps(time.sleep)) is time.sleep
    assert pickle.dumps(time.sleep).count(b"owt") == 0
    assert copy.deepcopy(time.sleep) is time.sleep

    class Keeper:
        sleep = time.sleep

    Keeper().sleep(0)
    assert inspect.signature(threading.Thread.join) == inspect.signature(JOIN)
    assert threading.Thread.join.__qualname__ == JOIN.__qualname__


def test_other_threads_wait_as_ever(calls, monkeypatch):
    def fail(*_):
        raise AssertionError("in slices")

    monkeypatch.setattr(_waits, "_slices", fail)
    monkeypatch.setattr(_waits, "_Waiter", fail)
    monkeypatch.setattr(_waits, "_has_ended", fail)
    time.sleep(0.06)
    assert threading.Event().wait(0.06) is False
    assert type(threading._allocate_lock()) is type(threading.Lock())
    forever().join(0.06)


def test_a_waiter_is_a_lock_like_any_other(here):
    lock = threading._allocate_lock()
    assert type(lock) is _waits._Waiter
    assert lock.acquire() is True
    assert lock.locked()
    assert lock.acquire(False) is False
    assert lock.acquire(blocking=True, timeout=0.06) is False
    for wrong in ((False, 1), (True, -2)):
        with pytest.raises(ValueError):
            lock.acquire(*wrong)
    lock.release()
    with pytest.raises(RuntimeError):
        lock.release()
    with lock as entered:
        assert entered is True
    assert not lock.locked()


def test_a_child_that_a_call_forks_waits_and_ends():
    script = """
import os, threading, time
from owt import _waits
calls = {threading.get_ident()}
_waits.install(lambda: threading.get_ident() in calls)
child = os.fork()
if child == 0:
    time.sleep(0.06)
    done = threading.Event()
    thread = threading.Thread(target=done.set)
    thread.start()
    assert done.wait()
    thread.join()
    print("child", flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
thread = threading.Thread(target=time.sleep, args=(0.06,))
thread.start()
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=_waits.__file__.rsplit("/", 2)[0],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("child\n", "", 0)
