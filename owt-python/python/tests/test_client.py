"""The client, against a peer that records what it is sent and answers as it is told."""

from __future__ import annotations

import base64
import http.client
import http.server
import json
import math
import os
import pathlib
import subprocess
import sys
import threading
import urllib.parse

import pytest

from owt.client import Client, OwtError, _literals, owt
from owt.client._call import arguments

ROOT = pathlib.Path(__file__).parents[1]
PROBLEM = {
    "type": "about:blank",
    "title": "The adaptor raised",
    "status": 500,
    "detail": "the adaptor raised ValueError: why",
    "exception": {"type": "ValueError", "message": "why", "traceback": "File adaptor, line 2\n"},
}


class Peer(http.server.ThreadingHTTPServer):
    """Answers every request with `answer(handler)`; keeps what it got."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = []
        self.answer = lambda handler: handler.whole(b"hello", "text/plain; charset=utf-8")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Clients that go are a part of these tests."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, self.headers, body))
        self.server.answer(self)

    do_POST = do_GET

    def whole(self, body, content_type=None, status=200):
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunks(self, chunks, end=True):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        if end:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def peer():
    made = Peer()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def decoded(text):
    return base64.urlsafe_b64decode(text + "==").decode()


def sent(peer):
    """The last call's method, path and decoded fields."""
    method, path, _, body = peer.requests[-1]
    parts = urllib.parse.urlsplit(path)
    fields = json.loads(body) if body else dict(urllib.parse.parse_qsl(parts.query))
    for name in ("code_b64", "kwargs_b64"):
        if name in fields:
            fields[name] = decoded(fields[name])
    return method, parts.path, fields


def run(*arguments, stdin="", **options):
    return subprocess.run(
        [sys.executable, "-m", "owt.client", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        input=stdin,
        timeout=60,
        **options,
    )


def test_a_call_sends_its_fields(peer):
    assert owt("code ä", address=peer.url + "/a b", name="x", n=[1.5, None]) == "hello"
    method, path, fields = sent(peer)
    assert (method, path) == ("POST", "/a%20b")
    assert fields == {"code_b64": "code ä", "kwargs_b64": "{'name': 'x', 'n': [1.5, None]}"}
    assert peer.requests[-1][2]["Content-Type"] == "application/json"
    owt("c", address=peer.url, timeout=5, fn_name="f", use_cache=True, cache_kwargs=True)
    assert sent(peer)[2] == {
        "code_b64": "c",
        "timeout": 5,
        "fn_name": "f",
        "use_cache": True,
        "cache_kwargs": True,
    }


def test_get_puts_the_fields_in_the_query(peer):
    owt("a+b?", address=peer.url + "/p?x=1", method="GET", use_cache=True, q="ü&")
    method, path, fields = sent(peer)
    assert (method, path) == ("GET", "/p")
    assert fields == {
        "x": "1",
        "code_b64": "a+b?",
        "kwargs_b64": "{'q': 'ü&'}",
        "use_cache": "true",
    }


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/json; charset=utf-8", b"[]", []),
        ("text/html; charset=utf-8", "ä".encode(), "ä"),
        ("text/plain; charset=latin-1", "ä".encode("latin-1"), "ä"),
        ("text/plain; charset=nonsense", b"a", "a"),
        ("image/png", b"\x89PNG", b"\x89PNG"),
        (None, b"", b""),
    ],
)
def test_results_by_type(peer, content_type, body, expected):
    peer.answer = lambda handler: handler.whole(body, content_type)
    assert owt("c", address=peer.url) == expected


def test_problems_are_raised(peer):
    peer.answer = lambda handler: handler.whole(
        json.dumps(PROBLEM).encode(), "application/problem+json", 500
    )
    with pytest.raises(OwtError, match=r"500 The adaptor raised: .*ValueError: why") as caught:
        owt("c", address=peer.url)
    assert caught.value.status == 500 and caught.value.problem == PROBLEM
    assert "line 2" in caught.value.traceback
    peer.answer = lambda handler: handler.whole(b"<h1>proxy</h1>", "text/html", 502)
    with pytest.raises(OwtError, match="502 Bad Gateway: <h1>proxy") as caught:
        owt("c", address=peer.url)
    assert caught.value.problem == {} and caught.value.traceback is None


def test_a_stream_is_read_as_it_comes(peer):
    go_on = threading.Event()

    def answer(handler):
        handler.chunks([b"first"], end=False)
        assert go_on.wait(20)
        handler.wfile.write(b"4\r\nlast\r\n0\r\n\r\n")

    peer.answer = answer
    with Client(peer.url).stream("c", x=1) as stream:
        pieces = iter(stream)
        assert next(pieces) == b"first"
        go_on.set()
        assert b"".join(pieces) == b"last"


@pytest.mark.parametrize("chunked", [True, False])
def test_a_cut_stream_is_no_end(peer, chunked):
    def answer(handler):
        if chunked:
            return handler.chunks([b"part"], end=False)
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"part")
        handler.close_connection = True

    peer.answer = answer
    with pytest.raises(http.client.IncompleteRead):
        owt("c", address=peer.url)
    done = run("--code", "c", "--address", peer.url)
    assert (done.returncode, done.stdout) == (1, "part") and "cut in the middle" in done.stderr


def test_a_password_in_the_address_is_basic_authentication(peer):
    client = Client(peer.url.replace("//", "//me:p%40ss@"))
    client("c")
    assert decoded(peer.requests[-1][2]["Authorization"].removeprefix("Basic ")) == "me:p@ss"
    assert "@" not in client.url("c")


@pytest.mark.parametrize("address", ["ftp://x", "http://", "http://h:port"])
def test_bad_addresses(address):
    with pytest.raises(ValueError):
        Client(address)


def test_arguments_that_cannot_be_sent():
    with pytest.raises(TypeError, match=r"the argument thing\['a'\]\[1\] is a builtins\.object"):
        owt("c", thing={"a": [1, object()]})
    with pytest.raises(TypeError, match="not both"):
        owt("c", 1, a=2)
    with pytest.raises(TypeError, match="one unnamed value"):
        owt("c", 1, 2)
    loop: list = []
    loop.append(loop)
    with pytest.raises(TypeError, match="contain itself"):
        owt("c", loop)


@pytest.mark.parametrize(
    "value",
    [
        True,
        -1,
        1.5,
        math.inf,
        1j,
        complex(math.inf, -0.0),
        "a'\"\n",
        b"\xff",
        bytearray(b"a"),
        [1, [2]],
        (),
        (1,),
        {1: (2, {"a"})},
        set(),
        frozenset({1}),
        "1 + 1",
    ],
)
def test_arguments_arrive_as_they_were(value):
    """By the server's own reading of `kwargs_b64`."""
    from owt._arguments import arguments as read

    assert read(arguments((), {"value": value}))() == {"value": value}
    if not isinstance(value, dict):
        assert read(arguments((value,), {}))() == value


def test_values_as_people_type_them():
    assert _literals.value('"simple.sh"') == "simple.sh"
    assert _literals.value("simple.sh") == "simple.sh"
    assert _literals.value("true") is True and _literals.value("None") is None
    assert _literals.value("(1, 'a')") == (1, "a")
    assert _literals.value("{'a': [1]}") == {"a": [1]}


# The command


def test_the_seeds_command(peer):
    code = "kwarg('path')\n.open(root_dir='./example/summat')\n.bytes()"
    done = run("--code", code, "--arg", "path", '"simple.sh"', "--address", peer.url + "/owt")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello", "")
    assert sent(peer) == (
        "POST",
        "/owt",
        {"code_b64": code, "kwargs_b64": "{'path': 'simple.sh'}"},
    )


def test_sources_of_code(peer, tmp_path):
    environment = {**os.environ, "OWT_URL": peer.url}
    path = tmp_path / "a.py"
    path.write_text("from file")
    assert run(str(path), env=environment).returncode == 0
    assert sent(peer)[2]["code_b64"] == "from file"
    assert run("-", stdin="from stdin", env=environment).returncode == 0
    assert sent(peer)[2]["code_b64"] == "from stdin"
    assert run("--run", "path()\n.last()", "--kwargs", "{'a': 1}", env=environment).returncode == 0
    assert sent(peer)[2] == {"code_b64": "path()\n.last()", "kwargs_b64": "{'a': 1}"}


def test_options(peer):
    done = run(
        "--code",
        "c",
        "--method",
        "get",
        "--fn-name",
        "f",
        "--use-cache",
        "--cache-kwargs",
        "--cache-shared",
        "--timeout",
        "2.5",
        "--address",
        peer.url,
    )
    assert done.returncode == 0
    assert sent(peer) == (
        "GET",
        "/",
        {
            "code_b64": "c",
            "fn_name": "f",
            "use_cache": "true",
            "cache_kwargs": "true",
            "cache_shared": "true",
            "timeout": "2.5",
        },
    )


def test_url_prints_a_url_that_works(peer):
    done = run("--code", "c", "--arg", "n", "1", "--url", "--address", peer.url + "/p")
    assert done.returncode == 0 and not peer.requests
    parts = urllib.parse.urlsplit(done.stdout.strip())
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("GET", f"{parts.path}?{parts.query}")
    connection.getresponse().read()
    connection.close()
    assert sent(peer) == ("GET", "/p", {"code_b64": "c", "kwargs_b64": "{'n': 1}"})


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--code", "a", "--run", "b"],
        ["/no/such/file.py"],
        ["--code", "c", "--timeout", "x"],
        ["--run", "def f(): pass"],
        ["--code", "c", "--kwargs", "{}", "--arg", "a", "1"],
        ["--code", "c", "--address", "ftp://x"],
        ["--code", "c", "--nonsense"],
    ],
)
def test_wrong_usage(wrong):
    done = run(*wrong)
    assert done.returncode == 2 and "usage:" in done.stderr and done.stdout == ""


def test_a_problem_is_readable(peer):
    peer.answer = lambda handler: handler.whole(
        json.dumps(PROBLEM).encode(), "application/problem+json", 500
    )
    done = run("--code", "c", "--address", peer.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "owt: 500 The adaptor raised: the adaptor raised ValueError: why\nFile adaptor, line 2\n"
    )


def test_nobody_answers():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = run("--code", "c", "--address", f"http://127.0.0.1:{port}")
    assert done.returncode == 1 and "no answer" in done.stderr and "Traceback" not in done.stderr


def test_a_reader_that_has_seen_enough(peer):
    peer.answer = lambda handler: handler.chunks([b"x" * 65536] * 64)
    command = f"{sys.executable} -m owt.client --code c --address {peer.url} | head -c 10"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "x" * 10, "")


def test_who_wants_json_asks_for_it(peer):
    peer.answer = lambda handler: handler.whole(b"[1]", "text/plain")
    client = Client(peer.url)
    assert client.json("code", x=1) == [1]
    assert sent(peer)[2]["kwargs_b64"] == "{'x': 1}"
    assert peer.requests[-1][2]["Accept"] == "application/json"
    assert client.json("code", headers={"accept": "text/x-y"}) == [1]
    assert peer.requests[-1][2].get_all("Accept") == ["text/x-y"]
    assert client("code") == "[1]"
    assert peer.requests[-1][2]["Accept"] == "application/json, */*;q=0.9"
