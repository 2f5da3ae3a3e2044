"""The client on asyncio: as many calls at once as there are tasks, and functions of the program."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import subprocess
import sys
import threading
import warnings

import pytest

from owt.client import AsyncClient, Client, OwtError
from peer import WAIT, Peer, whole
from serving import PACKAGE

PLUS = "async def run(n): return [n + 1]"


def test_many_calls_at_once(server):
    code = "import asyncio\nasync def run(n):\n    await asyncio.sleep(0.2)\n    return [n]"

    async def main():
        async with AsyncClient(server) as client:
            return await asyncio.gather(*[client(code, n=n) for n in range(200)])

    assert asyncio.run(main()) == [[n] for n in range(200)]


def test_calls_one_after_the_other_share_a_connection():
    peer = Peer(lambda request: [whole("[1]")])

    async def main():
        async with AsyncClient(peer.address) as client:
            for _ in range(5):
                assert await client("code") == [1]

    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        asyncio.run(main())
        assert peer.connections == 1
        # Without its end: the loop's end ends them.
        left = AsyncClient(peer.address)
        for _ in range(2):
            asyncio.run(left("code"))
        assert peer.connections == 3
        gc.collect()
    peer.close()


def test_loops_of_several_threads(server):
    client = AsyncClient(server)
    found = {}

    def run(k):
        async def main():
            return [(await client(PLUS, n=k * 100 + n))[0] for n in range(20)]

        found[k] = asyncio.run(main())

    threads = [threading.Thread(target=run, args=[k]) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: [k * 100 + n + 1 for n in range(20)] for k in range(4)}


def test_an_answer_in_pieces(server):
    code = "def run():\n    for n in range(3): yield {'n': n}"

    async def main():
        client = AsyncClient(server)
        async with client.stream(code) as answer:
            assert (answer.status, answer.media) == (200, "text/plain")
            lines = [line async for line in answer.lines()]
        answer = await client.stream("lambda: b'x' * 100_000")
        async with answer:
            size = len(await answer.read(10))
            async for piece in answer:
                size += len(piece)
        client.close()
        return lines, size

    assert asyncio.run(main()) == ([{"n": 0}, {"n": 1}, {"n": 2}], 100_000)


def test_a_slow_reader_holds_the_server_back():
    peer = Peer(lambda request: [b"HTTP/1.1 200 OK\r\n\r\n", *[bytes(1 << 20)] * 64, WAIT])

    async def main():
        client = AsyncClient(peer.address)
        async with client.stream("code") as answer:
            assert await answer.read(1) == b"\0"
            await asyncio.sleep(0.1)
            return answer._connection._held

    assert asyncio.run(main()) < 4 << 20
    peer.close()


def test_functions_of_the_program(server):
    client = AsyncClient(server)

    @client.remote
    def double(n):
        return n * 2

    @client.remote
    async def triple(n):
        return (n, n * 3)

    @client.remote
    def count(n):
        yield from range(n)

    @client.remote
    async def count_down(n):
        while n:
            yield n
            n -= 1

    @client.remote(timeout=0.2)
    def slow():
        import time

        time.sleep(60)

    async def main():
        both = await asyncio.gather(double(2), triple(3))
        up = [n async for n in count(3)]
        down = [n async for n in count_down(3)]
        with pytest.raises(OwtError) as caught:
            await slow()
        return both, up, down, caught.value.status

    assert asyncio.run(main()) == ([4, (3, 9)], [0, 1, 2], [3, 2, 1], 504)


TYPED = """
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any
from owt.client import AsyncClient, Client, OwtError, Busy

client, aclient = Client(), AsyncClient()

@client.remote
def area(radius: float, *, name: str = "x") -> float:
    return radius

@client.remote(timeout=5)
async def later(n: int) -> str:
    return str(n)

@aclient.remote
def twice(n: int) -> list[int]:
    return [n]

@aclient.remote
async def soon(n: int) -> int:
    return n

@aclient.remote
def each(n: int) -> Iterator[int]:
    yield n

async def main() -> None:
    reveal_type(area(1.0))
    reveal_type(await later(1))
    reveal_type(await twice(1))
    reveal_type(await soon(1))
    async for item in each(1):
        reveal_type(item)
    area("text")
    async with aclient.stream("code") as answer:
        reveal_type(answer.status)
    reveal_type(OwtError("x").retry_after)
"""


@pytest.mark.skipif(not importlib.util.find_spec("mypy"), reason="mypy is not installed")
def test_types_are_seen(tmp_path):
    script = tmp_path / "typed.py"
    script.write_text(TYPED)
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", str(script)],
        capture_output=True, text=True, timeout=300, env={"MYPYPATH": str(PACKAGE), "PATH": ""},
    )  # fmt: skip
    told = [line.split(": ", 1)[1] for line in ran.stdout.splitlines() if "typed.py" in line]
    revealed = [line.split('"')[1] for line in told if "Revealed" in line]
    assert revealed == ["float", "str", "list[int]", "int", "int", "int", "float | None"], (
        ran.stdout
    )
    errors = [line for line in told if "error" in line]
    assert len(errors) == 1 and 'incompatible type "str"; expected "float"' in errors[0]


def test_the_twin_of_a_client_is_ended_with_it(server):
    with Client(server) as client:

        @client.remote
        async def f():
            return 1

        assert [asyncio.run(f()) for _ in range(2)] == [1, 1]


anyio = pytest.mark.skipif(not importlib.util.find_spec("anyio"), reason="anyio is not installed")


@anyio
def test_under_anyio(server, gate):
    import anyio

    code = """
import time
def run(gate):
    with open(gate, "w") as file:
        file.write("begun")
    try:
        time.sleep(600)
    finally:
        open(gate, "w").write("cancelled")
"""

    async def main():
        async with AsyncClient(server) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(lambda: client(code, gate=gate.path))
                assert await anyio.to_thread.run_sync(gate.read) == "begun"
                group.cancel_scope.cancel()
            assert await anyio.to_thread.run_sync(gate.read) == "cancelled"
            with anyio.move_on_after(0.1) as scope:
                async with client.stream("def run():\n    while True: yield 'x'") as answer:
                    async for _ in answer:
                        pass
            assert scope.cancelled_caught
            return await client(PLUS, n=1)

    assert anyio.run(main) == [2]
