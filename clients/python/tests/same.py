"""The Python column of docs/clients.md: each row's lines, which print what others print."""

import io
import json
import os

from owt.client import AdaptorRaised, Client, DeadlinePassed, NotFound

address = os.environ["OWT_URL"]
client = Client(address)


def tell(row, *values):
    print(row, ":", *values)


# named arguments
code = "def run(n, name): return f'{name} {n}'"
tell("named arguments", client(code, n=2, name="a"))

# one value
tell("one value", client("lambda x: f'{x + 1}'", 16))

# bytes
tell("bytes", client("lambda x: f'{type(x).__name__} {len(x)}'", b"ab"))

# Python of your own
tell("Python of your own", client("lambda x: f'{x:,}'", kwargs="2**64"))

# JSON
value = client.json("lambda: {'a': [1, None]}")
tell("JSON", json.dumps(value, separators=(",", ":")))

# text
tell("text", client("lambda: 'grüß'"))

# raw bytes
raw = client("lambda: b'\\xff\\x00'")
tell("raw bytes", len(raw))

# status and headers
result = client.with_response("def run(): return 'made', 201, {'X-Mine': 'yes'}")
tell("status and headers", result.status, result.headers["X-Mine"], result.value)

# a stream
code = "def run():\n    yield 'a'\n    yield 'b'"
with client.stream(code) as answer:
    tell("a stream", b"".join(chunk for chunk in answer).decode())

# JSON lines
code = "def run():\n    for n in range(2):\n        yield {'n': n}"
with client.stream(code) as answer:
    tell("JSON lines", *[line["n"] for line in answer.lines()])

# events
with client.stream("lambda: sse(['a', 'b'])") as answer:
    tell("events", *[event.data for event in answer.events()])

# a body
code = "lambda: f'{request.data!r} {request.content_type}'"
data = io.BytesIO(b"ab")
tell("a body", client(code, data=data, headers={"Content-Type": "text/plain"}))

# files
code = "lambda: ' '.join(file.read().decode() for file in request.files.values())"
tell("files", client(code, files={"a": b"one", "b": b"two"}))

# another function
tell("another function", client("def go(): return 'gone'", fn_name="go"))

# a kept result
code = "import uuid\ndef run(): return str(uuid.uuid4())"
kept = {client(code, use_cache=True) for _ in range(2)}
tell("a kept result", len(kept))

# a deadline
try:
    client("import time\ndef run(): time.sleep(60)", timeout=0.3)
except DeadlinePassed as error:
    tell("a deadline", error.status)

# a limit on connecting
limited = Client(address, connect_timeout=5)
tell("a limit on connecting", limited("lambda: 'in time'"))

# a limit on silence
limited = Client(address, idle_timeout=60)
tell("a limit on silence", limited("lambda: 'in time'"))

# retries
patient = Client(address, retries=3)
tell("retries", patient("lambda: 'once'"))

# headers
named = Client(address, headers={"X-Tenant": "a"})
tell("headers", named("lambda: request.headers['X-Tenant']"))

# a token
keyed = Client(address, token="a-token")
tell("a token", keyed("lambda: request.headers['Authorization']"))

# the URL
tell("the URL", client.url("f(abs)", -1).split("?")[1])

# what the adaptor raised
try:
    client("lambda: 1 / 0")
except AdaptorRaised as error:
    tell("what the adaptor raised", error.status, error.exception["type"])

# kinds of errors
try:
    client("def run(): return 'none', 404")
except NotFound as error:
    tell("kinds of errors", error.status)
