"""Processes that threads start beside each other. Each test has an interpreter of its own."""

from __future__ import annotations

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]

BEGIN = """
import contextlib, multiprocessing, os, subprocess, sys, threading
from concurrent.futures import ThreadPoolExecutor
from owt import _starts
_starts.install()
"""

FORKS = """
sys.setswitchinterval(1e-5)
live, let_go = os.pipe()
over = threading.Event()

def forks():
    children = []
    while not over.is_set():
        child = os.fork()
        if child == 0:
            os.close(let_go)
            os.read(live, 1)
            os._exit(0)
        children.append(child)
        over.wait(0.01)
    return children

def runs(n):
    done = subprocess.run(["echo", str(n)], capture_output=True, text=True)
    assert done.stdout == f"{n}\\n", done

with ThreadPoolExecutor(5) as threads:
    forked = threads.submit(forks)
    try:
        for _ in threads.map(runs, range(100)): pass
    finally:
        over.set()
        os.close(let_go)
for child in forked.result():
    os.waitpid(child, 0)
"""

HANGS = """
_starts.PATIENCE_S = 0.05
hangs, ends = os.pipe()
begun, begins = os.pipe()

def hang():
    os.write(begins, b"x")
    os.close(ends)
    os.read(hangs, 1)

first = threading.Thread(target=lambda: subprocess.run(["true"], preexec_fn=hang))
first.start()
os.read(begun, 1)
for _ in range(3):
    subprocess.run(["true"], check=True)
    child = os.fork()
    if child == 0: os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert first.is_alive()
os.close(ends)
first.join()
assert _starts._starts.enter(forks=True)
"""

CHILDREN = """
context = multiprocessing.get_context("fork")

def inner():
    sys.exit(3)

def outer():
    threads = [threading.Thread(target=subprocess.run, args=(["true"],)) for _ in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    process = context.Process(target=inner)
    process.start()
    process.join()
    sys.exit(process.exitcode + 1)

process = context.Process(target=outer)
process.start()
process.join()
assert process.exitcode == 4, process
"""


def _runs(script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_program_waits_for_what_another_thread_has_forked():
    _runs(FORKS)


def test_one_that_hangs_is_not_waited_for():
    _runs(HANGS)


def test_a_child_starts_processes_itself():
    _runs(CHILDREN)
