"""What a forked child inherits of the server, and what not. Each test forks for real."""

from __future__ import annotations

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]

SCRIPT = """
import logging, os, signal, socket, sys
from owt import _fork, _log

read, write = os.pipe()
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port))
served, _ = listener.accept()
other = socket.create_server(("127.0.0.1", 0))
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagram.bind(("127.0.0.1", port))
unix, _ = socket.socketpair()
seen = []
_log.install(lambda *line: seen.append(line), 0)
signal.signal(signal.SIGTERM, lambda *_: None)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
_fork.install(lambda: os.write(write, b"forked"), port)
_fork.install(lambda: os.write(write, b"forked"), port)

print("begun, never ended", end="")
child = os.fork()
if child == 0:
    def is_open(one):
        try:
            os.fstat(one.fileno())
            return True
        except OSError:
            return False
    ports = [is_open(one) for one in (listener, served, client, other, datagram, unix)]
    assert ports == [False, False, True, True, True, True], ports
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    print("to the real stdout")
    logging.warning("to the real stderr")
    assert seen == [], seen
    os._exit(0)
_, status = os.waitpid(child, 0)
assert status == 0, status
assert os.read(read, 100) == b"forked"
assert client.fileno() >= 0 and listener.getsockname()[1] == port
served.sendall(b"still served")
assert client.recv(100) == b"still served"
"""


def test_a_forked_child_is_no_server():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "to the real stdout\n"
    assert "WARNING root: to the real stderr" in done.stderr


def test_a_forked_child_is_no_server_on_a_unix_socket(tmp_path: pathlib.Path) -> None:
    script = """
import os, socket, sys
from owt import _fork
path = sys.argv[1]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
client = socket.socket(socket.AF_UNIX)
client.connect(path)
served, _ = listener.accept()
_fork.install(lambda: None, path)
child = os.fork()
if child == 0:
    def is_open(one):
        try:
            os.fstat(one.fileno())
            return True
        except OSError:
            return False
    ends = [is_open(one) for one in (listener, served, client)]
    assert ends == [False, False, True], ends
    os._exit(0)
_, status = os.waitpid(child, 0)
assert status == 0, status
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "socket")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def say(script: str) -> str:
    """What such a script prints; it ends well."""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_a_fork_of_a_fork_has_is_its_own():
    """Three deep, each from a thread: descriptors, streams, signals and sockets stay."""
    script = """
import io, os, signal, socket, sys, threading
from owt import _fork
read, write = os.pipe()
number = os.open("/dev/null", os.O_RDONLY)
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
server.close()
def forked():
    os.write(write, b"x")
    os.close(number)
_fork.install(forked, port)

def on_thread(what):
    thread = threading.Thread(target=what)
    thread.start()
    thread.join()

def deeper(depth):
    def fork():
        child = os.fork()
        if child == 0:
            try:
                assert os.fstat(number).st_ino == os.fstat(mine).st_ino
                assert signal.getsignal(signal.SIGTERM) is handler
                assert sys.stdout is text
                assert again.getsockname()[1] == port
                if depth:
                    deeper(depth - 1)
            except BaseException:
                import traceback
                os.write(2, traceback.format_exc().encode())
                os._exit(1)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    on_thread(fork)

child = os.fork()
if child == 0:
    mine = os.open(sys.executable, os.O_RDONLY)
    os.dup2(mine, number)
    handler = lambda *_: None
    signal.signal(signal.SIGTERM, handler)
    text = sys.stdout = io.StringIO()
    again = socket.create_server(("127.0.0.1", port))
    deeper(2)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
os.close(write)
print(os.read(read, 100).decode())
"""
    assert say(script) == "x\n"


EXITS = """
import _thread, asyncio, multiprocessing, os, threading
from owt import _fork
_fork.install(lambda: None, 0)

def deeper(depth):
    assert threading.current_thread() is threading.main_thread()
    if depth:
        codes = []
        thread = threading.Thread(target=lambda: codes.append(start(depth - 1)))
        thread.start()
        thread.join()
        assert codes == [0], codes

def start(depth=0):
    process = multiprocessing.get_context("fork").Process(target=deeper, args=(depth,))
    process.start()
    process.join()
    return process.exitcode

def foreign(known):
    # As one of owt's own threads: Python has not started it, and takes it for a dummy.
    codes, done = [], _thread.allocate_lock()
    done.acquire()
    def run():
        if known:
            threading.current_thread()
        codes.append(start(2))
        done.release()
    _thread.start_new_thread(run, ())
    done.acquire()
    return codes

async def on_the_loop():
    return [start(), await asyncio.to_thread(start), await asyncio.to_thread(start, 2)]

print(foreign(False), foreign(True), asyncio.run(on_the_loop()))
"""


def test_a_child_of_multiprocessing_ends_well_whatever_thread_forked_it():
    assert say(EXITS) == "[0] [0] [0, 0, 0]\n"


def test_a_failing_step_does_not_keep_the_others_from_being_done():
    script = """
import os, sys
from owt import _fork
_fork.install(lambda: 1 / 0, 1)
child = os.fork()
if child == 0:
    print(type(sys.stdout).__name__, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("TextIOWrapper\n", "")
