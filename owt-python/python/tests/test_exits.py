"""What runs at the end of Python without its end. Each test is an interpreter of its own."""

from __future__ import annotations

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]


def end(script: str, seconds: float = 60, rest: str = "") -> tuple[str, str]:
    """Runs the script, then its end, then `rest`; what it said on both streams."""
    text = f"""
import os, sys
{script}
from owt._exits import run_exits
run_exits({seconds}, lambda: (print("left", flush=True), os._exit(0)))
{rest}
print("over", flush=True)
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_handlers_and_finalizers_run_on_the_main_thread_in_pythons_order(tmp_path) -> None:
    script = f"""
import atexit, tempfile, threading, weakref
atexit.register(print, "first registered")
class Thing: pass
thing = Thing()
weakref.finalize(thing, print, "finalized")
folder = tempfile.TemporaryDirectory(dir={str(tmp_path)!r})
assert os.path.isdir(folder.name)
atexit.register(lambda: print(threading.current_thread() is threading.main_thread()))
"""
    out, err = end(script)
    assert out.split("\n")[:3] == ["True", "finalized", "first registered"]
    assert (out.split("\n")[3:], err) == (["over", ""], "")
    assert list(tmp_path.iterdir()) == []


def test_they_run_once():
    script = "import atexit\natexit.register(print, 'handled')"
    again = "import atexit\natexit._run_exitfuncs()"
    assert end(script, rest=again)[0] == "handled\nover\n"


def test_what_a_handler_raises_does_not_keep_the_others():
    script = """
import atexit
atexit.register(print, "reached")
atexit.register(sys.exit, 3)
atexit.register(lambda: 1 / 0)
"""
    out, err = end(script)
    assert out == "reached\nover\n"
    assert "ZeroDivisionError" in err and "SystemExit" in err


def test_handlers_that_wait_are_interrupted_and_the_others_have_their_turn():
    script = """
import atexit, threading, time
atexit.register(print, "reached")
atexit.register(time.sleep, 3600)
lock = threading.Lock()
lock.acquire()
atexit.register(lock.acquire)
"""
    out, err = end(script, 2)
    assert out == "reached\nover\n"
    assert "an exit handler (atexit) is interrupted, for it takes long" in err


def test_one_that_cannot_be_interrupted_is_left():
    script = """
import atexit, time
def stubborn():
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            pass
atexit.register(stubborn)
"""
    out, err = end(script, 1)
    assert out == "left\n"
    assert "does not end, and is left" in err and "in stubborn" in err


def test_executors_end_first_and_one_that_does_not_is_left():
    script = """
import atexit, concurrent.futures, threading
quick = concurrent.futures.ThreadPoolExecutor()
done = []
quick.submit(done.append, "worked").result()
endless = concurrent.futures.ThreadPoolExecutor()
endless.submit(threading.Event().wait)
def last():
    try:
        quick.submit(print)
    except RuntimeError as error:
        print(done, error)
atexit.register(last)
"""
    out, err = end(script, 4)
    assert out.startswith("['worked'] cannot schedule new futures after")
    assert "an executor (concurrent.futures) goes on at the end" in err


def test_threads_are_not_waited_for():
    script = """
import atexit, threading
threading.Thread(target=threading.Event().wait).start()
atexit.register(print, "reached")
"""
    assert end(script) == ("reached\nover\n", "")


def test_processes_of_multiprocessing_are_ended():
    script = """
import atexit, concurrent.futures, multiprocessing, threading
fork = multiprocessing.get_context("fork")
endless = [fork.Process(target=threading.Event().wait, daemon=daemon) for daemon in (False, True)]
for one in endless:
    one.start()
pool = fork.Pool(2)
assert pool.map(abs, [-1]) == [1]
executor = concurrent.futures.ProcessPoolExecutor(2, mp_context=fork)
assert executor.submit(abs, -1).result() == 1
queue = fork.Queue()
queue.put("x" * (1 << 20))  # nobody reads it
atexit.register(print, "reached")
"""
    left = "print(multiprocessing.active_children())"
    out, _ = end(script, 8, left)
    assert out == "reached\n[]\nover\n"


def test_a_handler_may_start_threads_and_processes():
    script = """
import atexit, multiprocessing, subprocess, threading
def handler():
    thread = threading.Thread(target=print, args=("thread",))
    thread.start()
    thread.join()
    process = multiprocessing.get_context("fork").Process(target=int)
    process.start()
    process.join()
    print(process.exitcode, subprocess.run(["echo", "program"], capture_output=True).stdout)
atexit.register(handler)
"""
    assert end(script)[0] == "thread\n0 b'program\\n'\nover\n"


def test_without_anything_registered_nothing_happens():
    assert end("") == ("over\n", "")
