"""The client on each Python from 3.9 on that this machine has, and under gevent."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from serving import PACKAGE

EVERYTHING = """
import asyncio, datetime, pickle, sys
from owt.client import AdaptorRaised, AsyncClient, Client, Unreachable

address = sys.argv[1]
client = Client(address)
assert client("def run(v): return [v]", v=1) == [1]
values = [10 ** 5000, b"x" * 5000, datetime.date(2026, 1, 2), {1, 2}, 1 + 2j]
code = "def run(v): return [v[0] == 10 ** 5000, len(v[1]), str(v[2]), sorted(v[3]), str(v[4])]"
assert client(code, v=values) == [True, 5000, "2026-01-02", [1, 2], "(1+2j)"]
assert client("lambda request: [len(request.data)]", data=iter([b"a", b"b"])) == [2]
code = "lambda request: [request.files['f'].read().decode()]"
assert client(code, files={"f": b"abc"}) == ["abc"]
with client.stream("def run(): return sse(['a', 'b'])") as answer:
    assert [event.data for event in answer.events()] == ["a", "b"]
try:
    client("lambda: 1 / 0")
except AdaptorRaised as error:
    assert pickle.loads(pickle.dumps(error)).exception["type"] == "ZeroDivisionError"
try:
    Client("http://127.0.0.1:1", retries=0)("code")
except Unreachable as error:
    assert error.nothing_ran

@client.remote
def back(x):
    return x

@client.remote
async def later(x):
    return x

@client.remote
def each(n):
    for x in range(n):
        yield x

assert back(values) == values and list(each(3)) == [0, 1, 2]

async def main():
    async with AsyncClient(address) as twin:
        code = "def run(n): return [n]"
        assert await asyncio.gather(*[twin(code, n=n) for n in range(9)]) == [[n] for n in range(9)]
        try:
            await asyncio.wait_for(twin("import time\\ndef run(): time.sleep(60)"), 0.2)
        except asyncio.TimeoutError:
            return await later((1, b"2"))

assert asyncio.run(main()) == (1, b"2")
print("all of it")
"""

GEVENT = """
from gevent import monkey
monkey.patch_all()
import sys, gevent
from owt.client import Client

client = Client(sys.argv[1])
sleep = "import asyncio\\nasync def run(n):\\n    await asyncio.sleep(n)\\n    return [n]"
jobs = [gevent.spawn(client, sleep, n=0.1) for _ in range(10)]
gevent.joinall(jobs)
assert [job.value for job in jobs] == [[0.1]] * 10
stuck = gevent.spawn(client, sleep, n=600)
gevent.sleep(0.1)
stuck.kill()
with gevent.Timeout(0.1, False):
    client(sleep, n=600)
assert client(sleep, n=0) == [0]
print("all of it")
"""


def python(minor):
    """The program of that Python: on PATH, or pyenv's."""
    root = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    for found in [*root.glob(f"versions/3.{minor}.*/bin/python"), shutil.which(f"python3.{minor}")]:
        if found is not None:
            ran = subprocess.run([found, "-V"], capture_output=True, text=True, timeout=60)
            if ran.returncode == 0 and ran.stdout.startswith(f"Python 3.{minor}."):
                return str(found)
    return pytest.skip(f"Python 3.{minor} is not here")


def run(program, script, server, tmp_path):
    file = tmp_path / "script.py"  # a function's source is sent from a file
    file.write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONWARNINGS": "error"}
    ran = subprocess.run(
        [program, str(file), server], capture_output=True, text=True, timeout=120, env=environment
    )
    assert ran.stdout == "all of it\n", ran.stderr
    assert ran.stderr == ""


@pytest.mark.parametrize("minor", range(9, 16))
def test_each_python(server, tmp_path, minor):
    run(python(minor), EVERYTHING, server, tmp_path)


@pytest.mark.skipif(not importlib.util.find_spec("gevent"), reason="gevent is not installed")
def test_under_gevent(server, tmp_path):
    run(sys.executable, GEVENT, server, tmp_path)
