"""Functions that a server publishes, called as if they were this program's own."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import inspect
import io
import pydoc

import numpy as np
import pytest

from owt.client import AsyncClient, Client, NotFound, WrongArguments
from serving import serving

TOOLS = '''
import dataclasses
import datetime
import numpy as np
import pandas as pd
import polars as pl

import owt

PLACE = None

def add(x: int, y: int = 1) -> int:
    """Adds two numbers.

    As numbers are added."""
    return x + y

def scaled(a: np.ndarray, b: np.ndarray, by=2, *, note: str = "") -> np.ndarray:
    assert note in ("", "1"), note
    return (a + b) * by

def kinds(**named) -> dict:
    return {name: [type(value).__name__, value] for name, value in named.items()}

def rest(first, /, *more, last=0) -> list:
    return [first, *more, last]

def day(when: datetime.date) -> str:
    return f"{when:%Y/%j}"

def size(data: bytes) -> int:
    return len(data)

def echo(data: bytes) -> bytes:
    return data

def text(data: bytes) -> str:
    return data.decode()

def many(arrays: list[np.ndarray]) -> dict:
    return {str(at): array for at, array in enumerate(arrays)}

def pandas_frame(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(double=frame["n"] * 2)

def polars_frame(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(double=pl.col("n") * 2)

def count(n: int):
    for i in range(n):
        yield {"i": i}

def words(path: str):
    try:
        yield "eins "
        yield "zwei"
        while True:
            yield "x"
    finally:
        with open(path, "w") as gate:
            gate.write("ended")

def fails():
    raise ValueError("no luck")

def stream(n: int) -> int:
    return n

def checked(code: str, data: bytes = b"") -> str:
    return code
'''
HIDING = """
import owt

@owt.function(hidden=True)
def secret(n: int) -> int:
    return n + 1

@owt.function(name="plus")
def add(x: int, timeout: float = 2.5) -> list:
    return [x, timeout]
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    (folder / "tools.py").write_text(TOOLS)
    (folder / "json.py").write_text("def dumps(x) -> str: return 'theirs'\n")
    (folder / "deep").mkdir()
    (folder / "deep/er.py").write_text(HIDING)
    with serving(folder) as address:
        yield address


@pytest.fixture
def client(lab):
    with Client(lab) as client:
        yield client


def test_called_as_it_is(client):
    assert client.tools.add(4, y=5) == 9
    assert client.tools.add(4) == client.tools.add(x=4) == 5
    assert client.deep.er.plus(1, timeout=3.5) == [1, 3.5]
    assert client.tools.rest(1, 2, "c", last=4) == [1, 2, "c", 4]
    assert client.tools.rest(1, 2) == [1, 2, 0]
    assert client.tools.day(datetime.date(2026, 2, 28)) == "2026/059"


def test_an_argument_called_code_is_not_run(client):
    code = "def run(): return 'ran'"
    assert client.tools.checked(code=code) == client.tools.checked(code) == code
    with pytest.raises(TypeError, match="called code"):
        client.tools.checked(code=code, data=b"x")


def test_it_tells_what_it_is(client):
    add = client.tools.add
    assert str(inspect.signature(add)) == "(x: int, y: int = 1) -> int"
    assert inspect.getdoc(add) == "Adds two numbers.\n\nAs numbers are added."
    assert add.__name__ == "add" and repr(add) == "tools.add(x: int, y: int = 1) -> int"
    told = pydoc.plain(pydoc.render_doc(add))
    assert "tools.add(x: int, y: int = 1) -> int" in told and "As numbers are added." in told
    assert str(inspect.signature(client.tools.rest)) == "(first, /, *more, last=0) -> list"
    assert {"tools", "deep", "json", "publish"} <= set(dir(client))
    assert dir(client.deep) == ["er"] and dir(client.deep.er) == ["plus"]
    assert "add" in dir(client.tools)
    assert {one["name"] for one in client.functions()["functions"]} > {"tools.add", "json.dumps"}


def test_the_clients_own_names_stay_and_the_functions_are_reached(client):
    assert client.json("def run(): return 1") == 1
    assert client.function("json.dumps")(1) == "theirs"
    assert client.tools.stream(3) == 3
    with client.function("tools.add").stream(1, 2) as answer:
        assert answer.read() == b"3"
    result = client.tools.add.with_response(1, 2)
    assert (result.value, result.status) == (3, 200) and result.request_id


def test_names_that_are_not_there(client):
    for name, near in (("tool", "tools"), ("dep", "deep")):
        with pytest.raises(AttributeError, match=f"publishes no {name}; near: {near}"):
            getattr(client, name)
    with pytest.raises(AttributeError, match=r"no tools.ad; near: tools.add"):
        client.tools.ad  # noqa: B018
    assert not hasattr(client, "_repr_html_")
    assert client.function("deep.er.secret")(1) == 2
    with pytest.raises(AttributeError, match=r"publishes no tolls.add; near: tools.add"):
        client.function("tolls.add")(1)
    with pytest.raises(NotFound, match="of those it publishes: add"):
        client.function("tools.ad")(1)
    with pytest.raises(ValueError, match="no function's name: a module"):
        client.function("add")
    with pytest.raises(TypeError, match="function takes timeout, headers"):
        client.function("tools.add", fn_name="x")
    with pytest.raises(ValueError, match="timeout is a number of seconds"):
        client.function("tools.add", timeout=-1)


def test_what_is_wrong_is_listed(client):
    with pytest.raises(WrongArguments) as raised:
        client.tools.add("a", z=[1])
    assert {(fault.name, fault.where, fault.place) for fault in raised.value.faults} == {
        ("x", "body", ("x",)),
        ("z", "body", ("z",)),
    }
    assert isinstance(raised.value, TypeError) and raised.value.status == 422
    assert "it should be a whole number" in str(raised.value)
    with pytest.raises(TypeError, match="x is given by position and by name"):
        client.tools.add(1, x=2)


def test_arrays_without_pickle(client):
    big = np.arange(300_000, dtype="f4").reshape(300, 1000)
    out = client.tools.scaled(big, b=big[::-1], by=3, note="1")
    assert out.dtype == np.float32 and np.array_equal(out, (big + big[::-1]) * 3)
    assert np.array_equal(client.tools.scaled(np.arange(3), [1, 2, 3]), [2, 6, 10])
    many = client.tools.many([np.eye(2), np.zeros(3, dtype="u1")])
    assert np.array_equal(many["0"], np.eye(2)) and many["1"].dtype == np.uint8
    with pytest.raises(TypeError, match="Object arrays cannot be saved"):
        client.tools.scaled(np.array([object()]), 1)
    with pytest.raises(TypeError, match=r"more\[0\]|have one that is known"):
        client.tools.rest(1, np.eye(2))
    with pytest.raises(WrongArguments, match="not a file"):
        client.tools.rest(np.eye(2))


def test_frames(client):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    days = [datetime.datetime(2026, 2, 28), None]
    for library, function in ((pandas, "pandas_frame"), (polars, "polars_frame")):
        frame = library.DataFrame({"n": [1, 2], "day": days})
        out = client.function(f"tools.{function}")(frame)
        assert type(out) is library.DataFrame
        assert list(out["double"]) == [2, 4] and out["day"][0] == frame["day"][0]


def test_bytes_files_and_what_json_has(client, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"\0\xff" * 70_000)
    with file.open("rb") as opened:
        assert client.tools.size(opened) == 140_000
    assert client.tools.size(b"abc") == client.tools.size(io.BytesIO(b"abc")) == 3
    # What looks like something else stays what its hint says.
    assert client.tools.echo(b'{"a": 1}') == b'{"a": 1}'
    assert client.tools.text(b'{"a": 1}') == '{"a": 1}'

    @dataclasses.dataclass
    class Point:
        x: int

    given = {"a": Point(1), "b": (1, None), "c": {2}, "d": {1: True}, "e": np.float32(0.5)}
    assert client.tools.kinds(**given) == {
        "a": ["dict", {"x": 1}],
        "b": ["list", [1, None]],
        "c": ["list", [2]],
        "d": ["dict", {"1": True}],
        "e": ["float", 0.5],
    }
    # Beside a file, too, where they are parts of a form.
    with pytest.raises(WrongArguments, match=r"note"):
        client.tools.scaled(np.eye(2), 1, note=1)
    for wrong, said in (
        (object(), "argument x is a builtins.object, which cannot be sent"),
        (float("nan"), "which JSON has not"),
        ([1, np.eye(2)], r"x\[1\] is a numpy.ndarray.*\.tolist\(\)"),
    ):
        with pytest.raises(TypeError, match=said):
            client.tools.kinds(x=wrong)


def test_streams(client, gate):
    assert list(client.tools.count(3)) == [{"i": 0}, {"i": 1}, {"i": 2}]
    with client.tools.words(gate.path) as words:
        got = ""
        while len(got) < 9:
            got += next(words)
    assert got.startswith("eins zwei")
    assert gate.read() == "ended"


def test_publishing_and_what_is_sent_again(tmp_path):
    code = tmp_path / "lib.py"
    code.write_text("def double(n: int) -> int:\n    return 2 * n\n\ndef hash(): return 'theirs'\n")
    with serving(tmp_path / "lib.py") as address:
        port = address.rpartition(":")[2]
        client = Client(address, retries=2)
        lib = client.publish(code, name="sota")
        assert lib.double(21) == 42 and lib["hash"]() == "theirs"
        assert dir(lib) == ["double", "hash"] and len(lib.hash) == 64
        assert str(inspect.signature(lib.double)) == "(n: int) -> int"
        with pytest.raises(AttributeError, match="publishes no triple; its functions are: double"):
            lib.triple  # noqa: B018
        assert client.sota.double(2) == 4
    # Another server, which knows nothing of it.
    with serving(tmp_path / "lib.py", port=port) as address:
        with pytest.raises(NotFound) as raised:
            Client(address).deliver(
                client.request_to("POST", f"/_owt/code/{lib.hash}/double", None, {}),
                client.limits_of(5),
            )
        assert raised.value.kind == "unknown-code"
        assert lib.double(n=4) == 8
        assert client.sota.double(2) == 4, "its name comes with it"
        with pytest.raises(WrongArguments):
            lib.double("x")
    client.close()


def test_a_body_that_comes_once_is_not_sent_again(tmp_path):
    class Once:
        """What can be read, and not gone back in."""

        def __init__(self) -> None:
            self.left = [b"abc"]

        def read(self, size: int = -1) -> bytes:
            return self.left.pop() if self.left else b""

    (tmp_path / "empty.py").write_text("")
    with serving(tmp_path) as address:
        port = address.rpartition(":")[2]
        client = Client(address)
        lib = client.publish("def size(data: bytes) -> int: return len(data)")
        assert lib.size(Once()) == 3
    with serving(tmp_path, port=port):
        with pytest.raises(NotFound, match="send it again"):
            lib.size(Once())
        assert lib.size(Once()) == 3, "the code was sent, so that the next call works"
    client.close()


def test_asyncio(lab):
    async def main():
        async with AsyncClient(lab) as client:
            assert await client.tools.add(4, y=5) == 9
            assert "add" in dir(client.tools) and "tools" in dir(client)
            assert str(inspect.signature(client.tools.add)) == "(x: int, y: int = 1) -> int"
            assert [one async for one in client.tools.count(2)] == [{"i": 0}, {"i": 1}]
            assert [one async for one in await client.tools.count(1)] == [{"i": 0}]
            out = await asyncio.gather(*[client.tools.scaled(np.eye(2), [n, n]) for n in range(3)])
            assert [one[0, 0] for one in out] == [2, 4, 6]
            with pytest.raises(WrongArguments) as raised:
                await client.tools.add("a")
            assert [fault.name for fault in raised.value.faults] == ["x"]
            with pytest.raises(TypeError, match="one value: await it"):
                [one async for one in client.tools.add(1)]
            with pytest.raises(AttributeError, match=r"near: tools.add"):
                await client.tolls.add(1)
            lib = await client.publish("def double(n: int): return 2 * n")
            assert await lib.double(4) == 8 and lib["double"].__name__ == "double"
            assert (await client.function("tools.add").with_response(1)).value == 2
            async with await client.tools.add.stream(1) as answer:
                assert await answer.read() == b"2"

    asyncio.run(main())


def test_asyncio_sends_the_code_again(tmp_path):
    (tmp_path / "empty.py").write_text("")

    async def main():
        client = AsyncClient(f"http://127.0.0.1:{port}")
        with serving(tmp_path, port=port):
            lib = await client.publish("def double(n: int): return 2 * n")
        with serving(tmp_path, port=port):
            assert await lib.double(n=4) == 8
        client.close()

    with serving(tmp_path) as address:
        port = address.rpartition(":")[2]
    asyncio.run(main())
