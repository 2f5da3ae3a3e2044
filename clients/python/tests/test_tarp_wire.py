"""TARP's wire, row by row."""

import base64
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from owt import tarp
from serving import PACKAGE
from tarping import asked, packed, rpc, running, unpacked


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with running("every.py", tmp_path_factory.mktemp("tarp"), "--name", "me") as (address, _):
        yield address


@pytest.fixture(scope="module")
def client(address):
    return tarp.client.client(address)


def test_the_list_of_what_there_is(address):
    said = asked(address, "/").json
    assert said["status"] == "success" and said["mimetype"] == "application/json"
    listed = said["result"]
    assert set(listed) == {"GET", "POST", "RPC", "ASYNCRPC"}
    by_name = {one["name"]: one for one in listed["RPC"]}
    assert by_name["add"] == {"name": "add", "description": "Adds two numbers."}
    assert by_name["fail"]["description"] == "Fails."
    assert by_name["count"]["description"] == "No description provided"
    assert "others" not in by_name, "another server's"
    echo = next(one for one in listed["GET"] if one["name"] == "echo")
    assert echo["query_params"] == ["a"]
    assert listed["POST"] == [
        {
            "name": "post",
            "description": "No description provided",
            "query_params": [],
            "payload_mimetype": "application/json",
            "payload_schema": {"a": 1},
        }
    ]


def test_calls(address, client):
    assert client.add(1, y=2) == 3
    assert client.a_b(1, 2) == 3
    assert unpacked(rpc(address, "a/b", 1, 2)) == 3
    assert unpacked(rpc(address, "a_b", 1, 2)) == 3, "as TARP's client writes it"
    assert getattr(client, "lambda")(name="n", client=1) == {"name": "n", "client": 1}
    first = client.count()
    assert client.count() == first + 1, "calls share globals"
    assert client.add.__doc__ == "Adds two numbers." and client.add.__name__ == "add"
    with pytest.raises(Exception, match=r"^boom$"):
        client.fail("boom")
    with pytest.raises(AttributeError, match="remote method"):
        _ = client.config.add
    client.config.note = 5
    assert client.note == 5


def test_classes_of_the_program_are_mains(address):
    assert rpc(address, "point", 3).json["result"]["payload"]
    payload = base64.b64decode(rpc(address, "point", 3).json["result"]["payload"])
    assert b"__main__" in payload and b"Point" in payload


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", 'RPC body data should be a JSON object with "args" and "kwargs" keys'),
        (b"", 'RPC body data should be a JSON object with "args" and "kwargs" keys'),
        (b"[1]", 'RPC body data should be a JSON object with "args" and "kwargs" keys'),
        (b"{", 'RPC body data should be a JSON object with "args" and "kwargs" keys'),
        (
            json.dumps({"args": packed([1]), "kwargs": packed({})}).encode(),
            "RPC args should be a tuple",
        ),
        (
            json.dumps({"args": packed((1,)), "kwargs": packed(1)}).encode(),
            "RPC kwargs should be a dict",
        ),
    ],
)
@pytest.mark.parametrize("name", ["add", "later"])
def test_bad_calls(address, name, body, message):
    answer = asked(address, f"/{name}", body, "application/json")
    assert answer.status == 400
    assert answer.json == {"status": "error", "type": "generic", "message": message}


@pytest.mark.parametrize(
    "args", ["!", packed((1,))[:-6], 5, base64.b64encode(b"cos\nnothing\n.").decode()]
)
def test_bad_pickles(address, args):
    body = json.dumps({"args": args, "kwargs": packed({})}).encode()
    answer = asked(address, "/add", body, "application/json")
    assert answer.status == 400
    assert answer.json["message"].startswith("RPC args ")


def test_calls_take_no_query(address):
    body = json.dumps({"args": packed(()), "kwargs": packed({})}).encode()
    answer = asked(address, "/add?a=1", body, "application/json")
    assert answer.status == 400
    assert answer.json["message"] == "RPC endpoints should not have query parameters"


def test_what_is_raised(address):
    answer = rpc(address, "fail", "boom")
    assert answer.status == 500
    assert answer.json == {"status": "error", "type": "ValueError", "message": "boom"}
    answer = asked(address, "/not_yet")
    assert answer.status == 503 and answer.headers["Retry-After"] == "3"
    assert answer.json == {"status": "error", "type": "OperationInProgress", "message": "not yet"}
    answer = asked(address, "/invalid")
    assert answer.status == 503
    assert answer.json["type"] == "InvalidServerState"


def test_what_is_raised_in_a_client(client):
    with pytest.raises(tarp.client.OperationInProgress) as caught:
        client.not_yet()
    assert caught.value.retry_after == 3 and caught.value.message == "not yet"
    with pytest.raises(tarp.client.InvalidServerState, match="generate first"):
        client.invalid()


def test_what_is_not_there(address):
    for target in ("/nothing", "/add", "/nothing/at?all=1"):
        answer = asked(address, target)
        assert answer.status == 404
        assert answer.json["message"] == "Endpoint not found"
    answer = asked(address, "/nothing", b"x", "text/plain")
    assert answer.status == 404 and answer.json["message"] == "Endpoint not found"
    for method in ("PUT", "DELETE", "PATCH"):
        assert asked(address, "/add", b"", method=method).status == 501


@pytest.mark.parametrize("path", ["/asyncProbe", "/asyncGet"])
def test_calls_that_are_not_known(address, path):
    answer = asked(address, path)
    assert answer.status == 400 and answer.json["message"] == "UUID parameter is required"
    assert asked(address, f"{path}?UUID=").status == 400
    answer = asked(address, f"{path}?UUID=nothing")
    assert answer.status == 404 and answer.json["message"] == "UUID not found"


def test_asynchronous_calls(address, client):
    answer = rpc(address, "later", 0.5, "value")
    result = answer.json["result"]
    assert result["suggested_wait"] == 0.2
    probe = asked(address, f"/asyncProbe?UUID={result['ID']}").json["result"]
    assert probe == {"status": "in_progress", "suggested_wait": 0.2}
    early = asked(address, f"/asyncGet?UUID={result['ID']}")
    assert early.status == 503 and early.headers["Retry-After"] == "1"
    assert early.json["type"] == "OperationInProgress"
    assert early.json["message"] == "Operation still underway"
    assert client.wait(result["ID"]) == "value"
    assert asked(address, f"/asyncGet?UUID={result['ID']}").status == 404, "once"
    handle = client.later(0.3, "v")
    found = handle.waitCycle()
    while found is None:
        found = handle.waitCycle()
    assert found == "v"


def test_asynchronous_calls_run_in_processes(client):
    assert client.process().wait() != client.pid()
    assert {client.counted().wait() for _ in range(3)} <= set(range(1, 20))


def test_asynchronous_calls_that_fail(address, client):
    handle = client.failing("boom")
    while (status := handle.status()) == "in_progress":
        pass
    assert status == "failed"
    assert handle.probe()["error"] == "boom"
    answer = asked(address, f"/asyncGet?UUID={handle.ID}")
    assert answer.status == 500
    assert answer.json == {"status": "error", "type": "ValueError", "message": "boom"}
    assert asked(address, f"/asyncProbe?UUID={handle.ID}").status == 404, "it was freed"


@pytest.mark.parametrize(
    ("body", "media", "kind", "read"),
    [
        (b'{"a": [1]}', "application/json", "dict", {"a": [1]}),
        (b'{"a": 1}', "application/json; charset=utf-8", "dict", {"a": 1}),
        (b"{", "application/json", "bytes", "7b"),
        (
            b"a=1&b=2&b=3&c=",
            "application/x-www-form-urlencoded",
            "dict",
            {"a": "1", "b": ["2", "3"]},
        ),
        ("tëxt".encode(), "text/plain", "str", "tëxt"),
        (b"\x00\xff", "application/octet-stream", "bytes", "00ff"),
        (b"x", "image/png", "bytes", "78"),
        (b"", "application/json", "NoneType", None),
        (b"", "application/x-www-form-urlencoded", "NoneType", None),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_bodies(address, body, media, kind, read, method):
    target = ("/post" if method == "POST" else "/echo") + "?x=1&y=2&y=3&z="
    result = asked(address, target, body, media, method).json["result"]
    assert result == {"query": {"x": "1", "y": ["2", "3"]}, "body": read, "type": kind}


@pytest.mark.parametrize(
    ("what", "mimetype", "result"),
    [
        ("str", "text/plain", "tëxt"),
        ("empty", "text/plain", ""),
        ("bytes", "application/octet-stream", "AP8="),
        ("int", "application/json", 7),
        ("true", "application/json", True),
        ("zero", "application/json", 0),
        ("tuple", "application/json", [1, 2]),
        ("none", None, None),
        ("nan", "application/json", None),
        ("list", "application/json", ["YQ==", {"b": "Yg=="}]),
    ],
)
def test_results(address, client, what, mimetype, result):
    said = asked(address, f"/give?what={what}").json
    assert said == {"status": "success", "mimetype": mimetype, "result": result}
    assert client.give(what=what) == (mimetype, result)


def test_raw_results(address, client):
    answer = asked(address, "/give?what=png")
    assert (answer.headers["Content-Type"], answer.body) == ("image/png", b"\x89PNG")
    assert client.give(what="raw") == ("application/octet-stream", "tëxt".encode())
    assert client.give(what="json") == ("application/x-thing", b'{"a":[1]}')
    assert asked(address, "/typed").json["mimetype"] == "text/x-thing"


def test_what_a_client_sends(client):
    sent = client.echo({"a": 1}, x="a b&c", y=[1, 2])
    assert sent[1] == {"query": {"x": "a b&c", "y": ["1", "2"]}, "body": {"a": 1}, "type": "dict"}
    assert client.post("tëxt", name="n")[1] == {
        "query": {"name": "n"},
        "body": "tëxt",
        "type": "str",
    }
    assert client.post(b"\x00")[1] == {"query": {}, "body": "00", "type": "bytes"}
    assert client.post([1])[1] == {"query": {}, "body": [1], "type": "list"}
    assert client.post()[1] == {"query": {}, "body": None, "type": "NoneType"}


def test_arguments_of_the_program_reach_it_where_it_serves(client):
    assert client.name() == ("text/plain", "me")


def test_code_that_is_sent_does_not_run(address):
    body = json.dumps({"code": "lambda: 'ran'"}).encode()
    assert asked(address, "/", body, "application/json").status == 404
    assert asked(address, "/?code=lambda:'ran'").json["status"] == "success"


def test_pages_of_others_are_kept_out(address):
    request = urllib.request.Request(address + "/name", headers={"Sec-Fetch-Site": "cross-site"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403
    caught.value.close()


def test_a_program_that_is_told_to_end_leaves_nothing(tmp_path):
    with running("every.py", tmp_path) as (address, process):
        client = tarp.client.client(address)
        pid = client.process().wait()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert not Path(f"/proc/{pid}").exists()
        with pytest.raises(OSError):
            client.add(1)


def test_threads_share_globals(tmp_path):
    with running(
        "every.py", tmp_path, old="makeServer()", new="makeServer(multiThreaded=True)"
    ) as (address, _):
        client = tarp.client.client(address)
        assert client.count() == 1
        assert client.counted().wait() == 2
        assert client.count() == 3


@pytest.mark.parametrize("address", ["", "0.0.0.0", "127.0.0.2"])
def test_where_it_listens(tmp_path, address):
    new = f"bindTo={address!r}, port="
    with running("simple.py", tmp_path, old="port=", new=new) as (at, _):
        assert urlsplit(at).hostname == (address or "127.0.0.1")


def test_over_tls(tmp_path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    names = ["-subj", "/CN=tarp", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*made, "-keyout", key, "-out", cert], check=True, capture_output=True)
    new = f"secure=True, certfile='{cert}', keyfile='{key}', port="
    with running("simple.py", tmp_path, old="port=", new=new) as (at, _):
        assert at.startswith("https://127.0.0.1:")
        client = tarp.client.client(at, server_key=str(cert))
        assert client.my_function(1, 2) == 3


def test_a_program_without_a_file_is_told_so(tmp_path):
    code = "from owt import tarp; tarp.server.runServer(tarp.server.makeServer(), port=1)"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(PACKAGE)},
    )
    assert ended.returncode == 1 and "write it into one" in ended.stderr
