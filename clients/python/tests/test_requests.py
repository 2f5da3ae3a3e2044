"""What a client sends, how often, and through whom."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import pathlib
import socket

import pytest

from asking import BOTH
from owt.client import AsyncClient, Busy, Client, StatusError, TooMany, Unreachable
from peer import END, Peer, problem, whole
from serving import serving

BUSY = problem(
    "503 Service Unavailable",
    type="/_owt/problems/busy",
    status=503,
    title="Full",
    retry_after=0.01,
)


def in_turn(*answers):
    """Each request its own answer, the last one for all that follow."""
    left = list(answers)
    return lambda request: [left.pop(0) if len(left) > 1 else left[0]]


@pytest.mark.parametrize("kind", BOTH)
def test_what_certainly_has_not_run_is_sent_again(peers, kind):
    for status, name in [("503 X", "busy"), ("503 X", "draining"), ("429 X", "quota-exceeded")]:
        again = problem(status, type=f"/_owt/problems/{name}", title="T", retry_after=0.01)
        peer = peers(in_turn(again, again, whole("[1]")))
        assert kind(peer.address).call("code", n=1) == [1]
        assert len({request.body for request in peer.requests}) == 1
        assert len(peer.requests) == 3
        peer = peers(in_turn(again))
        with pytest.raises(StatusError) as caught:
            kind(peer.address, retries=1).call("code")
        assert isinstance(caught.value, Busy if status[0] == "5" else TooMany)
        assert len(peer.requests) == 2
        with pytest.raises(StatusError):
            kind(peer.address, retries=0).call("code")
        assert len(peer.requests) == 3


@pytest.mark.parametrize("kind", BOTH)
def test_nothing_else_is_sent_again(peers, kind):
    worker = problem("502 X", type="/_owt/problems/worker-died", title="T", retry_after=0.01)
    foreign = whole("", "", "503 X", Retry_After="0")
    refused = problem("503 X", type="/_owt/problems/adaptor-refused", title="T", retry_after=0.01)
    late = problem("503 X", type="/_owt/problems/busy", title="T", retry_after=3600)
    for answer in [worker, foreign, refused, late, END]:
        peer = peers(in_turn(answer))
        with pytest.raises(Exception):  # noqa: B017 (which one is told elsewhere)
            kind(peer.address).call("code")
        assert len(peer.requests) == 1
    peer = peers(in_turn(BUSY))
    with pytest.raises(Busy):
        kind(peer.address).call("code", data=iter([b"gone", b"then"]))
    assert len(peer.requests) == 1
    with pytest.raises(Busy):
        kind(peer.address).call("code", timeout=0.001)
    assert len(peer.requests) == 2


@pytest.mark.parametrize("kind", BOTH)
def test_a_file_is_sent_again_from_where_it_stood(peers, kind):
    peer = peers(in_turn(BUSY, whole("[1]")))
    file = io.BytesIO(b"before and after")
    file.seek(7)
    assert kind(peer.address).call("code", data=file) == [1]
    assert [request.body for request in peer.requests] == [b"and after"] * 2


@pytest.mark.parametrize("kind", BOTH)
def test_who_refuses_is_tried_again_until_it_takes_the_call(tmp_path, kind):
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = str(held.getsockname()[1])
    with held:
        with pytest.raises(Unreachable):
            kind(f"http://127.0.0.1:{port}", retries=1).call("code")
        with serving(tmp_path, port=port) as address:
            assert kind(address).call("def run(): return [1]") == [1]


@pytest.mark.parametrize("kind", BOTH)
def test_files(server, tmp_path, kind):
    code = """def run(request, n):
    return [n, {name: [[f.filename, f.mimetype, f.read().decode("latin-1")]
                       for f in request.files.getlist(name)] for name in request.files}]"""
    path = tmp_path / 'größe "x".txt'
    path.write_bytes(b"of a path")
    opened = io.BytesIO(b"--boundary\r\n\xff")
    with path.open("rb") as file:
        got = kind(server).call(
            code,
            n=7,
            files={
                "plain": b"bytes",
                "named": ("a.png", b"\x89PNG", "image/png"),
                "path": path,
                "opened": file,
                "memory": ("m.bin", opened),
                "several": [b"1", ("2.txt", b"2")],
                "pieces": ("p.bin", iter([b"in ", b"pieces"])),
            },
        )
    octets = "application/octet-stream"
    assert got[0] == 7
    files = got[1]
    assert files["plain"] == [["plain", octets, "bytes"]]
    assert files["named"] == [["a.png", "image/png", "\x89PNG"]]
    assert [file[2] for file in files["path"] + files["opened"]] == ["of a path"] * 2
    assert files["memory"] == [["m.bin", octets, "--boundary\r\n\xff"]]
    assert [file[2] for file in files["several"]] == ["1", "2"]
    assert files["pieces"] == [["p.bin", octets, "in pieces"]]


@pytest.mark.parametrize("kind", BOTH)
def test_code_and_files_beyond_the_length_of_a_url(server, kind):
    code = (
        "# "
        + "x" * 200_000
        + "\ndef run(request, n): return [len(n), request.files['f'].read().decode()]"
    )
    assert kind(server).call(code, n="y" * 100_000, files={"f": b"abc"}) == [100_000, "abc"]


def test_files_that_are_none_are_refused(server):
    client = Client(server)
    for files, why in [
        (["a.txt"], "files is a dict"), ({"code": b""}, "'code', which is a field of the call"),
        ({"f": "text"}, "the file 'f': data is bytes"), ({"f": ("a",)}, r"\(name, content\)"),
        ({"f": 7}, "the file 'f': data is bytes, a file"),
    ]:  # fmt: skip
        with pytest.raises(TypeError, match=why):
            client("code", files=files)
    with pytest.raises(ValueError, match="two bodies"):
        client("code", files={"f": b""}, data=b"")
    with pytest.raises(ValueError, match="use POST"):
        client("code", files={"f": b""}, method="GET")
    with pytest.raises(FileNotFoundError):
        client("code", files={"f": pathlib.Path("/nowhere")})
    with pytest.raises(TypeError, match="a piece of data is bytes, not str"):
        client("code", data=iter(["text"]))
    with pytest.raises(TypeError, match="only AsyncClient"):
        client("code", data=in_pieces())


async def in_pieces():
    for piece in [b"one", b"", b"two"]:
        await asyncio.sleep(0)
        yield piece


def test_what_streams_up_may_be_asynchronous(server):
    async def main():
        async with AsyncClient(server) as client:
            return await client("lambda request: [request.data.decode()]", data=in_pieces())

    assert asyncio.run(main()) == ["onetwo"]


@pytest.mark.parametrize("kind", BOTH)
def test_data_of_each_kind(server, tmp_path, kind):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 100_000)
    code = "def run(request, n): return [len(request.data), request.content_type, n]"
    client = kind(server)
    for data, size in [
        (b"", 0), (memoryview(b"abc"), 3), (bytearray(700_000), 700_000), (path, 1_000_000),
        (path.open("rb"), 1_000_000), (iter([b"a", b"", b"b"]), 2), ([bytes(300_000)] * 3, 900_000),
    ]:  # fmt: skip
        assert client.call(code, n=1, data=data) == [size, "application/octet-stream", 1]
    typed = {"Content-Type": "image/png"}
    assert client.call(code, n=2, data=b"x", headers=typed) == [1, "image/png", 2]


def test_the_value_with_what_came_beside_it(server):
    code = "def run(): return {'a': 1}, 201, {'X-Own': 'yes', 'X-Request-Id': 'ignored'}"
    got = Client(server).with_response(code, headers={"X-Request-Id": "an-id-of-my-own"})
    assert (got.value, got.status, got.headers["x-own"]) == ({"a": 1}, 201, "yes")
    assert got.request_id == "an-id-of-my-own"
    assert got.timings and all(duration >= 0 for duration in got.timings.values())

    async def main():
        async with AsyncClient(server) as client:
            return await client.with_response(code)

    again = asyncio.run(main())
    assert (again.value, again.status) == ({"a": 1}, 201) and again.timings.keys() >= {"run"}


@pytest.mark.parametrize("kind", BOTH)
def test_what_a_client_always_sends(peers, kind):
    peer = peers(lambda request: [whole("[1]")])
    client = kind(peer.address, token="t", timeout=7, headers={"x-own": "1"},
                  defaults={"use_cache": True, "fn_name": "main"})  # fmt: skip
    client.call("code")
    client.call("code", timeout=8, use_cache=False, headers={"X-Own": "2"})
    first, second = peer.requests
    assert first.headers["authorization"] == "Bearer t" and first.headers["x-owt"] == "1"
    assert (first.headers["x-own"], second.headers["x-own"]) == ("1", "2")
    assert first.headers["host"] == peer.address.removeprefix("http://")
    sent = [json.loads(request.body) for request in peer.requests]
    assert sent[0]["use_cache"] is True and (sent[0]["timeout"], sent[1]["timeout"]) == (7, 8)
    assert sent[1]["fn_name"] == "main" and "use_cache" not in sent[1]


PROXIES = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]


@pytest.fixture
def no_proxies(monkeypatch):
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"]:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


@pytest.mark.parametrize("kind", BOTH)
def test_a_proxy_of_the_environment(peers, no_proxies, kind):
    peer = peers(lambda request: [whole("[1]")])
    for count, name in enumerate(PROXIES, 1):
        no_proxies.setenv(name, peer.address.replace("//", "//me:p%40ss@"))
        assert kind("http://models.example/owt?x=1").call("code") == [1]
        no_proxies.delenv(name)
        request = peer.requests[-1]
        assert request.target == "http://models.example/owt?x=1" and len(peer.requests) == count
        assert request.headers["host"] == "models.example"
        key = base64.b64encode(b"me:p@ss").decode()
        assert request.headers["proxy-authorization"] == f"Basic {key}"
    assert kind("http://models.example", proxy=peer.address).call("code", method="GET") == [1]
    assert peer.requests[-1].target.startswith("http://models.example/?code_b64=")


@pytest.mark.parametrize("kind", BOTH)
def test_who_is_called_without_a_proxy(server, no_proxies, kind):
    no_proxies.setenv("ALL_PROXY", "http://127.0.0.1:1")
    for here in [server, server.replace("127.0.0.1", "localhost")]:
        assert kind(here).call("def run(): return [1]") == [1]
    for excepted, address in [
        ("models.example", "http://models.example"), (".example", "http://models.example"),
        ("example", "http://models.example:81"), ("models.example:81", "http://models.example:81"),
        ("*", "http://models.example"), ("10.0.0.0/8, x", "http://10.1.2.3"),
        ("x,MODELS.example", "http://models.EXAMPLE"), ("*.example", "http://models.example"),
    ]:  # fmt: skip
        no_proxies.setenv("NO_PROXY", excepted)
        assert kind(address).client._server.proxy is None
    for excepted in ["dels.example", "models.example:82", "11.0.0.0/8", "", "model"]:
        no_proxies.setenv("NO_PROXY", excepted)
        assert kind("http://models.example:81").client._server.proxy is not None
    assert kind("http://models.example", proxy="").client._server.proxy is None
    no_proxies.setenv("ALL_PROXY", "socks5://me:secret@127.0.0.1:1")
    no_proxies.delenv("NO_PROXY")
    with pytest.raises(ValueError, match="NO_PROXY") as caught:
        kind("http://models.example")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", BOTH)
def test_https_goes_through_a_tunnel(tmp_path, no_proxies, kind):
    import ssl

    no_proxies.setenv("XDG_STATE_HOME", str(tmp_path))
    with serving(tmp_path, "--tls", "self-signed", "--allow-host", "models.example") as address:
        port = int(address.rsplit(":", 1)[1].strip("/"))
        context = ssl.create_default_context(cafile=str(next(tmp_path.rglob("cert.pem"))))
        context.check_hostname = False
        with Tunnel(port) as proxy:
            client = kind("https://models.example", proxy=proxy.address, context=context)
            assert [client.call("def run(): return [1]") for _ in range(2)] == [[1], [1]]
        assert set(proxy.asked) == {"CONNECT models.example:443 HTTP/1.1"}
    refuses = Peer(lambda request: [whole("no", status="407 Proxy Authentication Required")])
    with pytest.raises(Unreachable, match="the proxy answered 407") as caught:
        kind("https://models.example", proxy=refuses.address).call("code")
    assert caught.value.nothing_ran
    refuses.close()


class Tunnel(Peer):
    """A proxy whose tunnels all lead to one port of this machine."""

    def __init__(self, port):
        self.asked = []
        self._port = port
        super().__init__(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _serve(self, sock):
        import threading

        with sock.makefile("rb", buffering=0) as file:
            self.asked.append(file.readline().decode().strip())
            while file.readline().strip():
                pass
        far = socket.create_connection(("127.0.0.1", self._port))
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=self._pump, args=[far, sock], daemon=True).start()
        self._pump(sock, far)

    @staticmethod
    def _pump(here, there):
        try:
            while piece := here.recv(1 << 16):
                there.sendall(piece)
            there.shutdown(socket.SHUT_WR)
        except OSError:
            there.close()
