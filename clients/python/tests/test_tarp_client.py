"""TARP's own client, unmodified, against owt.

Where $TARP_SOURCE names a folder with its source, that is imported. What it sends and gets there is
kept in tarp_exchange.json (written anew with TARP_RECORD=1), and sent again byte for byte here.
"""

import contextlib
import json
import os
import pathlib
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tarping import masked, running

KEPT = pathlib.Path(__file__).parent / "tarp_exchange.json"
SOURCE = os.environ.get("TARP_SOURCE", "")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with running("every.py", tmp_path_factory.mktemp("tarp"), "--name", "me") as (address, _):
        yield address


def _uses(client, errors):
    """Do all that TARP's client can do."""
    assert client.add(1, y=2) == 3
    assert client.a_b(1, 2) == 3
    with pytest.raises(Exception, match="boom"):
        client.fail("boom")
    assert client.name() == ("text/plain", "me")
    assert client.echo(x=1)[1]["query"] == {"x": "1"}
    assert client.post({"a": 1}, z=2)[1]["body"] == {"a": 1}
    assert client.post(b"\x00")[1]["body"] == "00"
    assert client.give(what="png") == ("image/png", b"\x89PNG")
    assert client.give(what="list") == ("application/json", ["YQ==", {"b": "Yg=="}])
    with pytest.raises(errors.OperationInProgress) as caught:
        client.not_yet()
    assert caught.value.retry_after == 3
    with pytest.raises(errors.InvalidServerState):
        client.invalid()
    handle = client.later(0, "v")
    assert handle.ID and handle.wait() == "v"
    with pytest.raises(Exception, match="not found"):
        client.wait("nothing")
    with pytest.raises(Exception, match="UUID parameter is required"):
        client.probe("")
    assert "Adds two numbers." in client.add.__doc__


@contextlib.contextmanager
def _recorded():
    """Note what `requests` sends and gets."""
    import requests

    kept = []
    send = requests.Session.send

    def noted(self, request, **named):
        answer = send(self, request, **named)
        body = request.body.decode("latin-1") if request.body else None
        target = request.path_url
        kept.append(
            [request.method, target, dict(request.headers), body, answer.status_code, _said(answer)]
        )
        return answer

    requests.Session.send = noted
    try:
        yield kept
    finally:
        requests.Session.send = send


def _said(answer):
    if answer.headers.get("Content-Type") != "application/json":
        return answer.content.decode("latin-1")
    return masked(answer.json())


@pytest.mark.skipif(not SOURCE, reason="$TARP_SOURCE names no folder with TARP's source")
def test_it_works_unmodified(address, monkeypatch):
    monkeypatch.syspath_prepend(SOURCE)
    import tarp.client as original

    with _recorded() as kept:
        _uses(original.client(address), original)
    monkeypatch.undo()
    if os.environ.get("TARP_RECORD"):
        # A handle's name is another one each time.
        lines = [
            line for line in kept if "UUID=" not in line[1] or line[1].endswith(("=", "nothing"))
        ]
        KEPT.write_text(json.dumps(lines, indent=1, ensure_ascii=True) + "\n")


def test_what_it_sends_is_answered_as_ever(address):
    at = urlsplit(address)
    connection = HTTPConnection(at.hostname, at.port)
    kept = json.loads(KEPT.read_text())
    assert len(kept) > 12
    for method, target, headers, body, status, said in kept:
        connection.request(method, target, body and body.encode("latin-1"), headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == status, target
        is_json = answer.headers["Content-Type"] == "application/json"
        assert (masked(json.loads(text)) if is_json else text.decode("latin-1")) == said, target
    connection.close()


def test_owts_client_does_the_same(address):
    from owt import tarp

    _uses(tarp.client.client(address), tarp.client)
