"""Never another call's answer, and never what is none, whatever the peer does."""

from __future__ import annotations

import gzip
import itertools
import json

import pytest

from asking import BOTH
from owt.client import (
    BadAnswer,
    Client,
    Cut,
    Disconnected,
    OwtError,
    Redirected,
)
from peer import END, RESET, chunked, whole

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def echo(before=b"", after=b""):
    """Answers each call with its own code."""
    return lambda request: [before + whole(request.body) + after]


def calls(kind, peer, count=4, **options):
    """Each answer is its own call's."""
    client = kind(peer.address, **options)
    for number in range(count):
        [got] = client.ask("json", f"code {number}")
        assert got["code_b64"] == client.client.prepare(f"code {number}").json()["code_b64"]


INTERIM = [
    b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 199 Own\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 100\r\n\r\n" * 50,
]


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("interim", INTERIM)
def test_what_comes_before_the_answer_is_none(peers, kind, interim):
    peer = peers(echo(interim))
    calls(kind, peer)
    peer = peers(lambda request: [interim[:9], interim[9:], whole(request.body)])
    calls(kind, peer)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    "more", [b"x", b"\r\n", whole('{"code_b64": "of nobody"}'), INTERIM[0], b"HTTP/1.1 200 OK\r\n"]
)
def test_a_connection_with_bytes_left_over_is_not_used_again(peers, kind, more):
    peer = peers(echo(after=more))
    calls(kind, peer)
    assert [request.number for request in peer.requests] == [1] * 4


def test_a_connection_that_is_as_good_as_new_is_used_again(peers):
    peer = peers(lambda request: chunked([request.body[:5], request.body[5:]], "application/json"))
    with Client(peer.address) as client:
        for number in range(4):
            client(f"code {number}")
    assert [request.number for request in peer.requests] == [1, 2, 3, 4]


ENDS = {
    "no answer": ([END], Disconnected),
    "reset": ([RESET], OwtError),
    "half a status line": ([b"HTTP/1.1 20", END], Cut),
    "half a head": ([HEAD, END], Cut),
    "1xx and no more": ([INTERIM[0], END], Cut),
    "short": ([HEAD + b"Content-Length: 100\r\n\r\n[1, 2]", END], Cut),
    "cut in a chunk": ([HEAD + b"Transfer-Encoding: chunked\r\n\r\na\r\n[1", END], Cut),
    "cut between chunks": ([HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n", END], Cut),
    "cut in the last chunk": (
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n", END],
        Cut,
    ),
    "another protocol": ([b"SSH-2.0-OpenSSH_9.0\r\n", END], BadAnswer),
    "TLS": ([b"\x15\x03\x01\x00\x02\x02\x46\x00\x00\x00", END], BadAnswer),
    "HTTP/2": ([b"HTTP/2 200\r\n\r\n"], BadAnswer),
    "no status": ([b"HTTP/1.1 OK\r\n\r\n"], BadAnswer),
    "two lengths": ([HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n[1]x"], BadAnswer),
    "no length": ([HEAD + b"Content-Length: three\r\n\r\n[1]"], BadAnswer),
    "a chunk that is none": ([HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[1]"], BadAnswer),
    "a chunk that is longer": (
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[1]\r\n0\r\n\r\n"],
        BadAnswer,
    ),
    "an unknown coding": ([HEAD + b"Transfer-Encoding: gzip\r\n\r\n"], BadAnswer),
    "another protocol, agreed": ([b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"], BadAnswer),
    "a header that is none": ([b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"], BadAnswer),
    "endless headers": ([HEAD, *[b"X: " + b"x" * 60_000 + b"\r\n"] * 40], BadAnswer),
    "no JSON": ([whole("{oops")], BadAnswer),
    "no body": ([whole("")], BadAnswer),
    "JSON too deep": ([whole("[" * 200_000)], BadAnswer),
    "packed by who knows what": ([whole("x", Content_Encoding="br")], BadAnswer),
    "packed badly": ([whole("[1]", Content_Encoding="gzip")], BadAnswer),
    "packed and cut": ([whole(gzip.compress(b"[1]")[:-9], Content_Encoding="gzip")], Cut),
}


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("name", ENDS)
def test_what_is_no_answer_is_an_error_of_the_clients_own(peers, kind, name):
    pieces, error = ENDS[name]
    peer = peers(lambda request: pieces)
    with pytest.raises(error) as caught:
        kind(peer.address).call("code")
    assert isinstance(caught.value, OwtError)
    assert len(peer.requests) == 1


WHOLE = {
    "packed": [whole(gzip.compress(b'{"a": 1}'), Content_Encoding="gzip")],
    "bit by bit": [bytes([byte]) for byte in whole('{"a": 1}')],
    "with line feeds alone": [b'HTTP/1.1 200 OK\nContent-Type: application/json\n'
                              b'Content-Length: 8\n\n{"a": 1}'],
    "old": [b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"a": 1}', END],
    "to the end": [HEAD + b'Connection: close\r\n\r\n{"a"', b": 1}", END],
    "chunks with words of their own": [
        HEAD + b'Transfer-Encoding: chunked\r\n\r\n8;x=y\r\n{"a": 1}\r\n0\r\nX-T: 1\r\n\r\n'
    ],
    "the same length twice": [HEAD + b'Content-Length: 8\r\nContent-Length: 8\r\n\r\n{"a": 1}'],
    "a type in other letters": [whole('{"a": 1}', "Application/JSON; Charset=UTF-8")],
    "many headers": [whole('{"a": 1}', **{f"X_{n}": "1" for n in range(300)})],
    "a long header": [whole('{"a": 1}', X_Long="x" * 100_000)],
    "a byte order mark": [whole(b'\xef\xbb\xbf{"a": 1}')],
}  # fmt: skip


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("name", WHOLE)
def test_each_way_to_say_the_same(peers, kind, name):
    peer = peers(lambda request: WHOLE[name])
    client = kind(peer.address)
    assert [client.call("code") for _ in range(3)] == [{"a": 1}] * 3


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("false", "application/json", False),
        ("true", "application/json", True),
        ("null", "application/json", None),
        ("0.5", "application/json", 0.5),
        ('"a"', "application/json", "a"),
        ("False", "text/plain", "False"),
        ("größe".encode("latin-1"), "text/plain; charset=ISO-8859-1", "größe"),
        ("größe".encode("utf-16"), "text/plain; charset=utf-16", "größe"),
        ("größe", "text/plain; charset=klingon", "größe"),
        ("größe", "text/plain; charset=base64", "größe"),
        ("\ufeffhi", "text/plain", "hi"),
        (b"a\xffb", "text/html", "a\ufffdb"),
        (b"a\xff", "application/octet-stream", b"a\xff"),
        (b"a\xff", "", b"a\xff"),
    ],
)
def test_a_value_by_its_type(peers, kind, body, content_type, expected):
    peer = peers(lambda request: [whole(body, content_type)])
    got = kind(peer.address).call("code")
    assert got == expected and type(got) is type(expected)
    assert peer.requests[0].headers["accept"] == "application/json, */*;q=0.9"


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    "status", ["301 Moved Permanently", "302 Found", "303 See", "307 T", "308 P"]
)
def test_a_redirect_is_an_error_that_names_both_addresses(peers, kind, status):
    elsewhere = "https://models.example/new?x=1"
    peer = peers(lambda request: [whole("<h1>moved</h1>", "text/html", status, Location=elsewhere)])
    for method in ("POST", "GET"):
        with pytest.raises(Redirected) as caught:
            kind(f"{peer.address}/owt?key=secret").call("code", method=method)
        assert caught.value.status == int(status[:3])
        assert caught.value.location == elsewhere
        assert f"{peer.address}/owt answered" in str(caught.value)
        assert elsewhere in str(caught.value) and "secret" not in str(caught.value)
    assert len(peer.requests) == 2


@pytest.mark.parametrize("kind", BOTH)
def test_no_status_makes_it_send_again(peers, kind):
    for status in [408, 421, 425, 429, 500, 502, 503, 504]:
        peer = peers(lambda request, status=status: [whole("", "", f"{status} X")])
        with pytest.raises(OwtError):
            kind(peer.address).call("code")
        assert len(peer.requests) == 1


@pytest.mark.parametrize("kind", BOTH)
def test_a_proxy_that_says_1xx_and_cuts_one_in_ten(peers, kind):
    """No wrong answer, none run twice, each failure the client's own error."""
    count = itertools.count(1)

    def answer(request):
        number = next(count)
        said = whole(request.body)
        return [INTERIM[number % 4], said[:-3], END] if number % 10 == 0 else [INTERIM[0], said]

    peer = peers(answer)
    client = kind(peer.address)
    cut = 0
    for number in range(200):
        code = f"code {number}"
        try:
            assert client.ask("json", code) == [client.client.prepare(code).json()]
        except Cut:
            cut += 1
    assert cut == 20
    codes = [json.loads(request.body)["code_b64"] for request in peer.requests]
    assert len(codes) == len(set(codes)) == 200
