"""What is measured: the request of each case, the answer it must get, how its rate is counted."""

import base64
import hashlib
import json
import pickle
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

HELLO_CODE = 'def run(name):\n    return f"Hello, {name}!"\n'
HELLO_KWARGS = {"name": "owt"}
HELLO_ANSWER = b"Hello, owt!"

CHUNKS = 100_000
STREAM_CODE = f'def run():\n    for i in range({CHUNKS}):\n        yield f"chunk number {{i:05}}"\n'
STREAM_ANSWER = "".join(f"chunk number {i:05}" for i in range(CHUNKS)).encode()

# The module body runs once per worker, so a call only answers what is there already.
BINARY_CODE = 'DATA = b"owt!" * 2_500_000\n\n\ndef run():\n    return DATA\n'
BINARY_ANSWER = b"owt!" * 2_500_000

# Nothing but Python: as many calls at once as there are workers and cores.
COMPUTE_CODE = "def run(n):\n    return sum(i * i for i in range(n))\n"
COMPUTE_KWARGS = {"n": 50_000}
COMPUTE_ANSWER = str(sum(i * i for i in range(50_000))).encode()

# What owt publishes, and the code that is sent where the same function is called by its code.
PUBLISHED = Path(__file__).resolve().parent.parent / "peers" / "published"
GREETING_CODE = (PUBLISHED / "greeting.py").read_text()
TARP_ANSWER = json.dumps(
    {
        "status": "success",
        "mimetype": "application/json",
        "result": {"payload": base64.b64encode(pickle.dumps("Hello, owt!")).decode()},
    }
).encode()


@dataclass(frozen=True)
class Case:
    """One thing measured. `limit` and owt get the call; peers get their plain request.

    `fixed_path` is where the peers answer the same without reading the request. `beside` are the
    servers that are measured besides owt; None is all that can take the call.
    """

    name: str
    title: str
    unit: str
    path: str
    code: str
    kwargs: dict[str, Any]
    answer: bytes = field(repr=False)
    connections: int
    fixed_path: str | None = None
    units_per_answer: float = 1
    streamed: bool = False
    cached: bool = False
    beside: frozenset[str] | None = None
    by: Literal["code", "name", "hash"] = "code"
    fn_name: str = "run"
    # What a peer's endpoint is sent, where owt's function takes it otherwise.
    peer_kwargs: dict[str, Any] | None = None

    @property
    def owt_path(self) -> str:
        match self.by:
            case "code":
                return self.path
            case "name":
                return f"/greeting/{self.fn_name}"
            case "hash":
                return f"/_owt/code/{hashlib.sha256(self.code.encode()).hexdigest()}/{self.fn_name}"

    def call(self) -> bytes:
        """The JSON body that owt takes (docs/wire.md, 1; docs/functions.md)."""
        if self.by != "code":
            return json.dumps(self.kwargs).encode()
        fields: dict[str, Any] = {
            "code_b64": base64.b64encode(self.code.encode()).decode(),
            "kwargs_b64": base64.b64encode(json.dumps(self.kwargs).encode()).decode(),
        }
        if self.fn_name != "run":
            fields["fn_name"] = self.fn_name
        if self.cached:
            fields |= {"use_cache": True, "cache_kwargs": True}
        return json.dumps(fields).encode()

    def plain(self) -> bytes:
        """The JSON body that a service with the handler written into it takes."""
        return json.dumps(self.peer_kwargs or self.kwargs).encode()

    def pickled(self) -> bytes:
        """The JSON body of one of TARP's remote calls."""
        parts = {"args": (), "kwargs": self.kwargs}
        coded = {name: base64.b64encode(pickle.dumps(part)) for name, part in parts.items()}
        return json.dumps({name: part.decode() for name, part in coded.items()}).encode()


BY_CODE = Case(
    name="function-code",
    title="a function called by its code, 32 connections",
    unit="requests/s",
    path="/hello",
    code=GREETING_CODE,
    kwargs=HELLO_KWARGS,
    answer=HELLO_ANSWER,
    connections=32,
    beside=frozenset(),
    fn_name="hello",
)

CASES = (
    Case(
        name="hello-32",
        title="hello by POST, 32 connections",
        unit="requests/s",
        path="/hello",
        code=HELLO_CODE,
        kwargs=HELLO_KWARGS,
        answer=HELLO_ANSWER,
        connections=32,
        fixed_path="/fixed",
    ),
    Case(
        name="hello-1",
        title="hello by POST, 1 connection",
        unit="requests/s",
        path="/hello",
        code=HELLO_CODE,
        kwargs=HELLO_KWARGS,
        answer=HELLO_ANSWER,
        connections=1,
        fixed_path="/fixed",
    ),
    Case(
        name="stream",
        title="a stream of 100,000 chunks of 18 bytes, read whole by 1 client",
        unit="chunks/s",
        path="/stream",
        code=STREAM_CODE,
        kwargs={},
        answer=STREAM_ANSWER,
        connections=1,
        units_per_answer=CHUNKS,
        streamed=True,
    ),
    Case(
        name="binary",
        title="a binary answer of 10 MB, 4 connections",
        unit="MB/s",
        path="/binary",
        code=BINARY_CODE,
        kwargs={},
        answer=BINARY_ANSWER,
        connections=4,
        units_per_answer=len(BINARY_ANSWER) / 1e6,
    ),
    Case(
        name="cache-hit",
        title="hello answered from the cache, 32 connections",
        unit="requests/s",
        path="/hello",
        code=HELLO_CODE,
        kwargs=HELLO_KWARGS,
        answer=HELLO_ANSWER,
        connections=32,
        cached=True,
    ),
    Case(
        name="compute",
        title="some milliseconds of nothing but Python, 8 connections",
        unit="requests/s",
        path="/compute",
        code=COMPUTE_CODE,
        kwargs=COMPUTE_KWARGS,
        answer=COMPUTE_ANSWER,
        connections=8,
        beside=frozenset(),
    ),
    BY_CODE,
    replace(
        BY_CODE,
        name="function-name",
        title="the same function called by its name, 32 connections; a peer's is an endpoint",
        by="name",
        beside=frozenset({"fastapi", "tarp"}),
    ),
    replace(
        BY_CODE,
        name="function-hash",
        title="the same function of sent code called by the code's hash, 32 connections",
        by="hash",
    ),
    replace(
        BY_CODE,
        name="function-model",
        title="a function that takes a pydantic model, by its name, 32 connections",
        by="name",
        fn_name="hello_model",
        kwargs={"greeting": HELLO_KWARGS},
        peer_kwargs=HELLO_KWARGS,
        beside=frozenset({"fastapi"}),
    ),
)
