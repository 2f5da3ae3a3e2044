"""The client against a real server."""

import io
import json
import os
import subprocess
import sys

import pytest

from owt.client import Client, Cut, Event, OwtError, Redirected, Unreachable, owt
from serving import MOST, PACKAGE, ROOT, serving

HUNDRED = 100_000_000


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("def run(): return 'grün 🎵'", "grün 🎵"),
        ("def run(): return 'a', {'Content-Type': 'text/plain; charset=latin-1'}", "a"),
        ("def run(): return {'a': [1, 2.5, None, '🎵']}", {"a": [1, 2.5, None, "🎵"]}),
        ("def run(): return bytes([137, 80, 0, 255])", b"\x89P\0\xff"),
        ("def run():\n    for n in 'abc': yield n", "abc"),
    ],
)
def test_each_kind_of_result(client, code, value):
    assert client(code) == value
    assert client(code, method="GET") == value


AWKWARD = 'it\'s "owt" \\ \0 \r\n \u202e\ufeff\u2028 é 🎵 {} %s'


@pytest.mark.parametrize("value", [AWKWARD, [AWKWARD, {AWKWARD: AWKWARD}], 2**80, -0.5, [], ""])
def test_values_arrive_as_they_were(client, value):
    for method in ("GET", "POST"):
        assert client("def run(v): return [v]", v=value, method=method) == [value]
        assert client("def run(v): return [v]", value, method=method) == [value]


def test_arguments_with_the_names_of_options(client):
    code = "def run(timeout, data, code): return [timeout, data, code]"
    assert client(code, kwargs={"timeout": 1, "data": 2, "code": 3}) == [1, 2, 3]
    assert client("def run(code): return [code]", code=1) == [1]
    assert client(code, kwargs="{'timeout': 1, 'data': 2**3, 'code': 3}") == [1, 8, 3]


def test_the_answer_as_text_bytes_and_json(client):
    code = "def run(): return {'a': 'ü'}"
    with client.stream(code) as answer:
        assert (answer.status, answer.media) == (200, "application/json")
        assert answer.json() == {"a": "ü"}
    with client.stream(code) as answer:
        assert answer.text() == '{"a":"ü"}'
    with client.stream(code) as answer:
        assert answer.read(1) == b"{" and answer.read() == '"a":"ü"}'.encode()
        assert answer.read() == b""


GATED = """
def run(gate):
    def pieces():
        yield {first}
        open(gate).read()
        yield {last}
    return {result}
"""


def gated(first, last, result="pieces()"):
    return GATED.format(first=repr(first), last=repr(last), result=result)


@pytest.mark.parametrize(
    ("code", "read", "first", "last"),
    [
        (gated("one", "two"), iter, b"one", b"two"),
        (gated({"n": 1}, {"n": 2}), lambda a: a.lines(), {"n": 1}, {"n": 2}),
        (
            gated("a\nb", {"n": 2}, "sse(pieces())"),
            lambda a: a.events(),
            Event("a\nb"),
            Event('{"n":2}'),
        ),
    ],
)
def test_the_first_of_a_stream_comes_before_the_last_is_made(client, gate, code, read, first, last):
    with client.stream(code, gate=gate.path) as answer:
        items = read(answer)
        assert next(items) == first
        gate.write("go on")
        assert list(items) == [last]


EVENTS = (
    b"\xef\xbb\xbf: a comment\r\nevent: tick\r\ndata: 1\r\ndata:2\r\nid: 7\r\n\r\n"
    b"data\r\rdata: \xf0\x9f\x8e\xb5\nretry: 5\nid: \x00\nunknown: x\n\n"
    b"event: dropped\n\ndata: unended"
)


def test_events_in_every_form(client):
    code = f"def run(): return stream((bytes([b]) for b in {EVENTS!r}), 'text/event-stream')"
    with client.stream(code) as answer:
        assert list(answer.events()) == [
            Event("1\n2", "tick", "7"),
            Event("", "message", "7"),
            Event("🎵", "message", "7"),
        ]


def test_any_text_arrives(client):
    texts = json.loads((ROOT / "clients/vectors/texts.json").read_text(encoding="utf-8"))
    wanted = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    with client.stream("lambda texts: sse(texts)", texts=texts) as answer:
        assert [event.data for event in answer.events()] == wanted
    # Each byte on its own: a line end, or a letter, comes in halves.
    code = """from owt.responses import EVENTS, respond
async def run(texts):
    whole = ''.join(respond(sse(texts), '')[3]).replace('\\n', '\\r\\n')
    return stream((bytes([b]) for b in whole.encode()), EVENTS)
"""
    with client.stream(code, texts=texts) as answer:
        assert [event.data for event in answer.events()] == wanted
    with client.stream("lambda texts: ({'text': text} for text in texts)", texts=texts) as answer:
        assert list(answer.lines()) == [{"text": text} for text in texts]


def test_an_event_that_ends_with_a_return_is_not_waited_for(client, gate):
    code = gated("data: 1\r\r", "\ndata: 2\r\r", "stream(pieces(), 'text/event-stream')")
    with client.stream(code, gate=gate.path) as answer:
        items = answer.events()
        assert next(items) == Event("1")
        gate.write("go on")
        assert list(items) == [Event("2")]


def test_lines_may_be_long_and_unended(client):
    code = "def run():\n    yield '[\"' + 'é' * 300_000 + '\"]\\n\\n{\"a\": '\n    yield '1}'"
    with client.stream(code) as answer:
        assert list(answer.lines()) == [["é" * 300_000], {"a": 1}]


def test_to_close_an_answer_cancels_the_call(client, gate):
    code = """
    import itertools, time
    def run(gate):
        try:
            for n in itertools.count():
                yield str(n)
                time.sleep(0.01)
        finally:
            open(gate, "w").write("the adaptor saw it")
    """.replace("\n    ", "\n")
    with client.stream(code, gate=gate.path) as answer:
        assert next(iter(answer)).startswith(b"0")
    assert gate.read() == "the adaptor saw it"


def test_a_stream_that_fails_in_the_middle_is_no_whole(client):
    with pytest.raises(Cut):
        client("def run():\n    yield 'a'\n    raise ValueError('why')")


SLEEP = "def run():\n    import time\n    time.sleep(60)"


def test_problems(client, server):
    with pytest.raises(OwtError, match=r"500 .*ValueError: why 🎵") as caught:
        client("def run():\n    raise ValueError('why 🎵')")
    error = caught.value
    assert error.status == 500 and error.problem["type"].endswith("adaptor-raised")
    assert error.exception["type"] == "ValueError" and error.exception["message"] == "why 🎵"
    assert "raise ValueError('why 🎵')" in error.traceback
    assert "line 2, in run" in "\n".join(error.__notes__)
    assert error.problem["request_id"] and error.problem["line"] == 2
    with pytest.raises(OwtError, match="no argument `b`") as caught:
        client("def run(a): pass", b=1)
    assert caught.value.problem["field"] == "kwargs_b64" and caught.value.traceback is None
    with pytest.raises(OwtError) as caught:
        client(SLEEP, timeout=0.1)
    assert caught.value.status == 504
    with pytest.raises(OwtError) as caught:
        Client(server, timeout=0.1)(SLEEP)
    assert caught.value.status == 504


def test_an_adaptors_own_answers(client):
    with pytest.raises(OwtError, match=r"418 .*: short and stout") as caught:
        client("def run(): return 'short and stout', 418")
    assert (caught.value.problem, caught.value.text) == ({}, "short and stout")
    with pytest.raises(Redirected, match=r"http://.* answered 302 Found .* /else") as moved:
        client.stream("def run(): return redirect('/elsewhere')")
    assert (moved.value.status, moved.value.location) == (302, "/elsewhere")


def test_headers_and_path(server):
    client = Client(f"{server}/a b/ü?x=1&y=%26")
    code = "def run(request): return [request.path, request.args['y'], request.headers['X-A']]"
    for method in ("GET", "POST"):
        expected = ["/a b/ü", "&", "b"]
        assert client(code, method=method, headers={"X-A": "b"}) == expected


def test_cache(client):
    code = "import itertools\ncount = itertools.count()\ndef run(n): return [next(count), n]"
    assert client(code, n=1, use_cache=True) == [0, 1]
    assert client(code, n=2, use_cache=True) == [0, 1]
    assert client(code, n=2, use_cache=True, cache_kwargs=True) == [1, 2]
    assert client(code, n=3, use_cache=True, cache_key_override="k") == [2, 3]
    assert client("other", n=4, use_cache=True, cache_key_override="k") == [2, 3]


def test_data(client, tmp_path):
    code = "def run(request, n): return [len(request.data), request.content_type, n]"
    kind = "application/octet-stream"
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    assert client(code, n=1, data=b"\0\xff") == [2, kind, 1]
    assert client(code, n=1, data=b"") == [0, kind, 1]
    assert client(code, n=2, data=memoryview(b"abc"), headers={"content-type": "image/png"}) == [
        3,
        "image/png",
        2,
    ]
    with file.open("rb") as opened:
        opened.seek(4)
        assert client(code, n=3, data=opened) == [6, kind, 3]
    assert client(code, n=4, data=(bytes(n) for n in range(4))) == [6, kind, 4]
    assert client(code, n=5, data=io.BytesIO(b"four")) == [4, kind, 5]
    with pytest.raises(TypeError, match="encode the text"):
        client(code, n=1, data="text")
    with file.open() as opened, pytest.raises(TypeError, match="'rb'"):
        client(code, n=1, data=opened)
    with pytest.raises(ValueError, match="use POST"):
        client(code, n=1, data=b"", method="GET")
    with pytest.raises(ValueError, match="65534"):
        client(code, n="x" * 70_000, data=b"")


SCRIPT = """
import sys
from owt.client import Client
client = Client(sys.argv[1])
{work}
{most}
assert most() < 64 << 10, "memory grew"
"""
UP = """
with open(sys.argv[2], "rb") as file:
    assert client("def run(request): return [len(request.data)]", data=file) == [100_000_000]
def pieces():
    for _ in range(1000):
        yield bytes(100_000)
assert client("def run(request): return [len(request.data)]", data=pieces()) == [100_000_000]
"""
DOWN = """
total = 0
with client.stream("def run():\\n for _ in range(1000): yield bytes(100_000)") as answer:
    for piece in answer:
        total += len(piece)
code = "import pathlib\\ndef run(path): return pathlib.Path(path)"
with client.stream(code, path=sys.argv[2]) as answer:
    while piece := answer.read(100_000):
        total += len(piece)
assert total == 200_000_000
"""


@pytest.mark.parametrize("work", [UP, DOWN], ids=["up", "down"])
def test_a_hundred_megabytes_in_flat_memory(tmp_path, work):
    file = tmp_path / "large"
    with file.open("wb") as opened:
        opened.truncate(HUNDRED)
    with serving(tmp_path, "--max-body", "128MiB", "--body-timeout", "600") as address:
        script = [sys.executable, "-c", SCRIPT.format(work=work, most=MOST), address, str(file)]
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
        subprocess.run(script, check=True, timeout=300, env=environment)


def test_a_refusal_is_read_though_the_body_is_not(tmp_path):
    with serving(tmp_path, "--max-body", "1MiB") as address, pytest.raises(OwtError) as caught:
        Client(address)("def run(): pass", data=bytes(20_000_000))
    assert caught.value.status == 413


def test_keys(tmp_path):
    token = "0123456789abcdef-🔑".encode().hex()
    with serving(tmp_path, "--token", token) as address:
        assert Client(address, token=token)("f(str)", 1) == "1"
        assert owt("f(str)", 1, address=address.replace("//", f"//token:{token}@")) == "1"
        for stranger in (Client(address), Client(address, token="wrong")):
            with pytest.raises(OwtError) as caught:
                stranger("f(str)", 1)
            assert caught.value.status == 401


def test_a_unix_socket(tmp_path):
    folder = tmp_path / "sockets"
    folder.mkdir(mode=0o700)
    with serving(tmp_path, "--unix", str(folder / "owt")) as address:
        assert address == f"unix:{folder}/owt"
        client = Client(address)
        assert client("def run(n): return [n]", n=1) == [1]
        assert client("def run(n): return [n]", n=1, method="GET") == [1]
        with pytest.raises(Unreachable, match=r"no answer at unix:.*/other: .*No such file"):
            Client(f"unix:{folder}/other")("f(str)")


def test_https(tmp_path, monkeypatch):
    import ssl

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with serving(tmp_path, "--tls", "self-signed") as address:
        certificate = next(tmp_path.rglob("cert.pem"))
        context = ssl.create_default_context(cafile=str(certificate))
        assert Client(address, context=context)("f(str)", "ä") == "ä"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert Client(address)("f(str)", "ä") == "ä"
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(Unreachable, match="certificate verify failed") as caught:
            Client(address)("f(str)", "ä")
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


def test_a_url_opens_by_itself(client):
    import urllib.request

    url = client.url("def run(text): return text", text=AWKWARD)
    with urllib.request.urlopen(url) as answer:
        assert answer.read().decode() == AWKWARD


def test_the_command(server):
    command = [sys.executable, "-m", "owt.client", "--address", server]
    command += ["--code", "def run(name): return f'Hello, {name}!'", "--arg", "name", "🎵"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    ran = subprocess.run(command, capture_output=True, env=environment, timeout=60, check=True)
    assert ran.stdout.decode() == "Hello, 🎵!"
