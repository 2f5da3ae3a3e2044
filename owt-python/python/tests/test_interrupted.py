"""Where a thread is that is to be interrupted, and what it leaves behind."""

from __future__ import annotations

import concurrent.futures
import ctypes
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import threading
import time
import types

import pytest

from owt import _interrupted
from owt._interrupted import (
    AT_LOCK,
    CLEANING,
    DELICATE,
    FREE,
    IMPORTING,
    STARTING,
    whereabouts,
)

PATIENCE = 30


@pytest.fixture(autouse=True)
def listening():
    number, kept = signal.SIGRTMIN + 6, threading.RLock
    before = signal.getsignal(number)
    _interrupted.listen(number)
    yield number
    signal.signal(number, before)
    threading.RLock = kept


def place_of(work):
    """Where a thread is that does this until it is let go on."""
    here, go_on = threading.Event(), threading.Event()

    def wait():
        here.set()
        go_on.wait(PATIENCE)

    thread = threading.Thread(target=work, args=(wait,), daemon=True)
    thread.start()
    here.wait(PATIENCE)
    try:
        return until_steady(thread.ident)
    finally:
        go_on.set()
        thread.join(PATIENCE)


def until_steady(ident):
    """Where it is once it does not go on."""
    before = None
    while (now := whereabouts(ident)) != before:
        before = now
        threading.Event().wait(0.01)
    return now[0]


def spin(wait):
    """Wait without entering a function of Python's own."""
    read, write = os.pipe()
    threading.Thread(target=lambda: (wait(), os.write(write, b"x")), daemon=True).start()
    os.read(read, 1)


def test_code_of_the_callers_own_is_free():
    assert place_of(spin) == FREE


def test_an_import_is_not_interrupted(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "slow_module.py").write_text("import builtins\nbuiltins.owt_spin()\n")

    def work(wait):
        import builtins

        builtins.owt_spin = lambda: spin(wait)
        __import__("slow_module")

    assert place_of(work) == IMPORTING


def test_locks_are_taken_and_given_back_undisturbed():
    class Guard:
        def __init__(self, wait):
            self.wait = wait

        def __enter__(self):
            spin(self.wait)

        def __exit__(self, *why):
            pass

    def work(wait):
        with Guard(wait):
            pass

    assert place_of(work) == DELICATE


def test_a_process_that_is_not_noted_yet_is_being_started():
    class Slow(concurrent.futures.ProcessPoolExecutor):
        def _spawn_process(self):
            spin(self.wait)
            super()._spawn_process()  # a pool without a process would not let Python end

    def work(wait):
        pool = Slow(1, mp_context=multiprocessing.get_context("fork"))
        pool.wait = wait
        pool.submit(int)
        pool.shutdown(wait=False, cancel_futures=True)

    assert place_of(work) == STARTING


def test_a_wait_for_a_lock_is_known():
    lock = threading.Lock()
    lock.acquire()

    class Wrapper:
        def acquire(self, wait):
            wait_in_thread(wait)
            lock.acquire()

    def wait_in_thread(wait):
        threading.Thread(target=lambda: (wait(), lock.release()), daemon=True).start()

    assert place_of(Wrapper().acquire) == AT_LOCK


def test_cleaning_up_is_known():
    def work(wait):
        try:
            try:
                raise _interrupted.Cancelled
            except BaseException as first:
                raise KeyError from first
        except KeyError:
            spin(wait)

    assert place_of(work) == CLEANING


def test_who_keeps_the_exception_to_itself_goes_on():
    thread = threading.get_ident()
    marks = set()
    for _ in range(3):
        try:
            raise _interrupted.Cancelled
        except BaseException:
            pass
        marks.add(_interrupted.raised[thread])
    assert len(marks) == 3
    _interrupted.mop_up()
    assert not _interrupted.raised[thread]


@pytest.mark.parametrize(
    "wait",
    [
        lambda: os.read(os.pipe()[0], 1),
        lambda: time.sleep(3600),
        lambda: select.select([os.pipe()[0]], [], []),
        lambda: (lock := threading.Lock(), lock.acquire(), lock.acquire()),
    ],
    ids=["read", "sleep", "select", "lock"],
)
def test_the_main_thread_is_taken_out_of_system_calls(listening, wait):
    main, over = threading.get_ident(), threading.Event()

    def interrupt():
        # Again and again: when it waits cannot be seen.
        while not over.wait(0.05):
            if whereabouts(main)[0] in (FREE, AT_LOCK):
                raising = ctypes.pythonapi.PyThreadState_SetAsyncExc
                raising(ctypes.c_ulong(main), ctypes.py_object(Interrupted))
                signal.pthread_kill(main, listening)

    class Interrupted(BaseException):
        def __init__(self):
            over.set()

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(Interrupted):
            wait()
    finally:
        over.set()
        thread.join()
    os.kill(os.getpid(), listening)  # nobody is asked: nothing comes of it


def test_reentrant_locks_that_are_left_are_released():
    locks = [threading.RLock(), multiprocessing.RLock(), threading.Condition()]
    for lock in locks:
        lock.acquire()
    locks[0].acquire()
    _interrupted.mop_up()
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        for lock in locks:
            assert other.submit(lock.acquire, timeout=5).result(), lock
            other.submit(lock.release).result()


def test_locks_of_other_threads_stay():
    lock = threading.RLock()
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        other.submit(lock.acquire).result()
        _interrupted.mop_up()
        assert not lock.acquire(blocking=False)
        other.submit(lock.release).result()


def test_processes_that_a_module_holds_are_known(monkeypatch):
    holder = types.ModuleType("holder_of_processes")
    monkeypatch.setitem(sys.modules, holder.__name__, holder)
    processes = [subprocess.Popen(["sleep", "60"]) for _ in range(5)]
    pids = [process.pid for process in processes]
    pool = concurrent.futures.ProcessPoolExecutor(1)
    pooled = pool.submit(os.getpid).result()
    holder.one = processes[0]
    holder.some = {"helpers": [processes[1]]}
    holder.service = types.SimpleNamespace(helper=processes[2])
    holder.pool = types.SimpleNamespace(inner=types.SimpleNamespace(pool=pool))
    try:
        kept = set(_interrupted.kept_processes())
        assert kept & {*pids, pooled} == {*pids[:3], pooled}
    finally:
        for process in processes:
            process.kill()
            process.wait()
        pool.shutdown()


@pytest.mark.parametrize("helper", ["resource_tracker", "forkserver"])
def test_what_starts_processes_for_all_is_no_calls(helper):
    script = f"""
import multiprocessing.{helper}
from owt import _interrupted
multiprocessing.{helper}.ensure_running()
one = getattr(multiprocessing.{helper}, "_{helper}")
pid = getattr(one, "_pid", None) or one._forkserver_pid
assert pid in _interrupted.kept_processes()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE)
