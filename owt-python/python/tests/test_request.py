import io
import os
import random

import pytest
from adapting import during, raw_call

from owt import request
from owt._errors import Refused, describe
from owt._request import request_for
from owt._steps import path_parts

BOUNDARY = "----WebKitFormBoundaryAbC123"


def multipart(*parts, boundary=BOUNDARY, preamble=b"", epilogue=b"\r\n"):
    body = preamble
    for head, data in parts:
        body += b"--" + boundary.encode() + b"\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"
    body += b"--" + boundary.encode() + b"--" + epilogue
    headers = [("content-type", f"multipart/form-data; boundary={boundary}")]
    return raw_call("/", body=body, headers=headers)


def field(name, filename=None, kind=None):
    head = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        head += f'; filename="{filename}"'
    return head + (f"\r\nContent-Type: {kind}" if kind else "")


def test_addresses():
    r = request_for(raw_call("/a b/ä", query="x=1&x=2&e=&p=a+b%26"))
    assert r.url == "http://localhost:9876/a%20b/%C3%A4?x=1&x=2&e=&p=a+b%26"
    assert r.base_url == "http://localhost:9876/a%20b/%C3%A4"
    assert (r.path, r.raw_path) == ("/a b/ä", "/a%20b/%C3%A4")
    assert r.full_path == "/a%20b/%C3%A4?x=1&x=2&e=&p=a+b%26"
    assert (r.host, r.host_url, r.scheme) == ("localhost:9876", "http://localhost:9876/", "http")
    assert (r.method, r.remote_addr, r.id) == ("GET", "127.0.0.1", "1")
    assert r.user is None and request_for(raw_call(user="ali")).user == "ali"
    assert r.args == {"x": "1", "e": "", "p": "a b&"}
    assert r.args.getlist("x") == ["1", "2"] and r.args.getlist("none") == []
    assert r.args.get("x", type=int) == 1 and r.args.get("e", 5, type=int) == 5
    assert r.args.getlist("x", type=int) == [1, 2]
    assert r.args.to_dict(flat=False) == {"x": ["1", "2"], "e": [""], "p": ["a b&"]}


@pytest.mark.parametrize(
    ("came", "path", "parts"),
    [
        ("/files/a%2Fb/c", "/files/a/b/c", ["files", "a/b", "c"]),
        ("/%2f", "/", ["/"]),
        ("/a%252Fb", "/a%2Fb", ["a%2Fb"]),
        ("/%2e%2E/a", "/../a", ["..", "a"]),
        ("/a+b", "/a+b", ["a+b"]),
        ("/%ff/%C3", "/\ufffd/\ufffd", ["\ufffd", "\ufffd"]),
        ("/a%00b", "/a\0b", ["a\0b"]),
        ("/100%/%zz/%4", "/100%/%zz/%4", ["100%", "%zz", "%4"]),
        ("//a///b/", "/a///b/", ["a", "b"]),
        ("/", "/", []),
    ],
)
def test_a_path_is_decoded_part_by_part(came, path, parts):
    raw = raw_call(came, query="q=%2F")
    r = request_for(raw)
    assert (r.path, r.raw_path) == (path, came)
    assert r.base_url == f"http://localhost:9876{came}"
    assert r.url == r.base_url + "?q=%2F" and r.full_path == came + "?q=%2F"
    assert during(raw, path_parts) == parts


def test_a_header_is_utf8_or_latin1():
    headers = [
        ("x-a", "caf\xe9"),
        ("x-b", "\xc3\xbc"),
        ("x-c", "\xe2\x82\xac \xe9"),
        ("x-d", "plain"),
    ]
    r = request_for(raw_call(headers=headers))
    assert list(r.headers.values()) == ["café", "ü", "\xe2\x82\xac é", "plain"]


def test_headers():
    r = request_for(
        raw_call(
            headers=[
                ("content-type", "text/plain; charset=x"),
                ("accept", "a"),
                ("accept", "b"),
                ("cookie", 'k=v; s="q=1"'),
                ("cookie", "z=1"),
                ("authorization", "Basic xyz"),
            ]
        )
    )
    assert r.headers["Accept"] == r.headers["ACCEPT"] == "a, b"
    assert r.headers.get("nothing") is None and "accept" in r.headers
    assert r.headers.getlist("accept") == ["a", "b"]
    assert dict(r.headers)["Content-Type"] == "text/plain; charset=x"
    assert (r.content_type, r.mimetype, r.is_json) == ("text/plain; charset=x", "text/plain", False)
    assert r.cookies == {"k": "v", "s": "q=1", "z": "1"}
    assert "xyz" not in repr(r.headers) and len(r.headers) == 4


def test_json():
    r = request_for(raw_call(body=b'{"a": [1]}', headers=[("content-type", "application/json")]))
    assert r.json == r.get_json() == {"a": [1]} and r.is_json
    assert request_for(raw_call()).json is None
    bad = request_for(raw_call(body=b"\xff{"))
    with pytest.raises(Refused) as refused:
        _ = bad.json
    assert describe(refused.value)[:2] == ("malformed-call", "body")
    assert bad.get_json(silent=True) is None
    assert bad.data == b"\xff{" and bad.get_data(as_text=True) == "\ufffd{"
    assert bad.stream.read() == b"\xff{"


def test_urlencoded_form():
    headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")]
    r = request_for(raw_call(query="a=q", body=b"a=1&a=2&b=%C3%A4+x&c=", headers=headers))
    assert r.form == {"a": "1", "b": "ä x", "c": ""} and r.form.getlist("a") == ["1", "2"]
    assert r.values["a"] == "q" and r.values.getlist("a") == ["q", "1", "2"]
    assert r.files == {}


def test_multipart(tmp_path):
    data = b"\x00\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n\r\nx\r"
    r = request_for(
        multipart(
            (field("text"), "ä".encode()),
            (field("f", "ä %22x%22.bin", "image/png"), data),
            (field("f", "", None), b""),
            (field("empty"), b""),
            preamble=b"to be ignored\r\n",
            epilogue=b"",
        )
    )
    assert r.form == {"text": "ä", "empty": ""}
    file = r.files["f"]
    assert (file.name, file.filename, file.content_type) == ("f", 'ä "x".bin', "image/png")
    assert file.read(1) == b"\x00" and file.read() == data[1:]
    file.seek(0)
    file.save(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == data
    file.stream.seek(0)
    target = io.BytesIO()
    file.save(target)
    assert target.getvalue() == data
    assert [f.filename for f in r.files.getlist("f")] == ['ä "x".bin', ""]


def test_multipart_is_exact_on_any_bytes():
    chance = random.Random(7)
    for _ in range(300):
        alphabet = chance.choice([b"\r\n-", b"\r\n\x00-" + BOUNDARY.encode(), bytes(range(256))])
        data = bytes(chance.choice(alphabet) for _ in range(chance.randrange(60)))
        if b"\r\n--" + BOUNDARY.encode() in b"\r\n" + data:
            continue
        r = request_for(multipart((field("f", "x", "a/b"), data), (field("t"), b"after")))
        assert r.files["f"].read() == data
        assert r.form["t"] == "after"


def test_multipart_quoted_boundary_and_extended_name():
    raw = multipart(
        ("Content-Disposition: form-data; name=f; filename*=UTF-8''%C3%A4.txt", b"x"),
        boundary="a'b",
    )
    raw.headers = [("content-type", 'multipart/form-data; boundary="a\'b"')]
    assert request_for(raw).files["f"].filename == "ä.txt"


@pytest.mark.parametrize(
    "kind,body",
    [
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"nothing"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--"),
    ],
)
def test_broken_multipart(kind, body):
    with pytest.raises(Refused) as refused:
        _ = request_for(raw_call(body=body, headers=[("content-type", kind)])).files
    assert refused.value.slug == "malformed-call"


def test_empty_multipart():
    assert request_for(multipart()).form == {}


def test_the_proxy():
    raw = raw_call("/here")
    assert during(raw, lambda: request.path) == "/here"
    assert during(raw, lambda: request_for(raw) is request_for(raw))
    with pytest.raises(RuntimeError, match="no request here"):
        _ = request.path
    assert "no call" in repr(request) and "/here" in during(raw, lambda: repr(request))
    raw.loading = True
    with pytest.raises(RuntimeError, match="once for all calls"):
        during(raw, lambda: request.path)
    assert not hasattr(request, "__wrapped__")


def test_flask():
    flask = pytest.importorskip("flask")
    from owt._flask import push_flask

    raw = raw_call(
        "/a b/ä",
        query="x=1&x=2",
        body=b'{"k": 1}',
        method="POST",
        headers=[("content-type", "application/json"), ("host", "localhost:9876"), ("x-test", "1")],
    )

    def work():
        push_flask(raw)
        r = flask.request
        assert flask.render_template_string("{{ request.path }}!") == "/a b/ä!"
        assert os.getcwd() == flask.current_app.root_path
        return r.path, r.args.getlist("x"), r.json, r.headers["X-Test"], r.host, r.method, r.data

    seen = during(raw, work)
    assert seen == ("/a b/ä", ["1", "2"], {"k": 1}, "1", "localhost:9876", "POST", b'{"k": 1}')
    with pytest.raises(RuntimeError):
        _ = flask.request.path  # gone with the call's context
