"""Errors say what happened, by their class and by what they hold; never a key."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
import socket
from http.client import HTTPMessage

import pytest

import owt.client as client_module
from asking import BOTH
from owt.client import (
    AdaptorRaised,
    BadAnswer,
    BadCall,
    Busy,
    Client,
    Closed,
    ConnectTimedOut,
    Cut,
    DeadlinePassed,
    Disconnected,
    Forbidden,
    NotFound,
    NotRunnable,
    OwtError,
    Redirected,
    ServerError,
    StatusError,
    TimedOut,
    TooLarge,
    TooMany,
    Unauthorized,
    Unreachable,
    WorkerDied,
    owt,
)
from peer import END, Peer, problem, whole

TOKEN = "a-token-that-nobody-may-see"


@pytest.fixture
def peers():
    made = []

    def peer(*pieces):
        made.append(Peer(lambda request: pieces))
        return made[-1].address

    yield peer
    for one in made:
        one.close()


def failing(kind, address, **options):
    with pytest.raises(OwtError) as caught:
        kind(address, retries=0, **options).call("code")
    return caught.value


@pytest.mark.parametrize("kind", BOTH)
def test_somebody_elses_problem_is_kept_whole(peers, kind):
    members = {"type": "https://example.com/out-of-credit", "title": "No credit", "status": 402,
               "detail": "Your balance is 30.", "balance": 30, "accounts": ["/a/1"]}  # fmt: skip
    error = failing(kind, peers(problem("402 Payment Required", **members)))
    assert (type(error), error.status, error.problem) == (StatusError, 402, members)
    assert str(error) == "402 No credit: Your balance is 30."
    error = failing(kind, peers(problem("418 I'm a teapot", title="Nope")))
    assert (error.status, str(error)) == (418, "418 Nope")
    error = failing(kind, peers(whole("", "", "503 Service Unavailable", Retry_After="7",
                                      X_Request_Id="abc")))  # fmt: skip
    assert (type(error), error.problem, error.text) == (Busy, {}, "")
    assert (error.retry_after, error.request_id) == (7.0, "abc")
    assert error.headers["retry-after"] == "7"
    assert str(error) == "503 Service Unavailable"
    odd = {"type": 5, "title": [1], "status": "500", "detail": {"a": 1}, "exception": "text"}
    error = failing(kind, peers(problem("500 X", **odd)))
    assert (error.problem, error.exception, error.traceback) == (odd, {}, None)
    for body in ["<html>oops", "[1]", "", "{cut", "[" * 100_000]:
        error = failing(kind, peers(whole(body, "application/problem+json", "500 X")))
        assert (error.status, error.problem, error.text) == (500, {}, body)
        assert len(str(error)) < 1000
    error = failing(kind, peers(b"HTTP/1.1 500 X\r\nContent-Length: 500\r\n\r\nwhat came", END))
    assert (error.status, error.text) == (500, "what came")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BadCall), (401, Unauthorized), (402, StatusError), (403, Forbidden), (404, NotFound),
     (413, TooLarge), (422, NotRunnable), (429, TooMany), (500, ServerError), (502, WorkerDied),
     (503, Busy), (504, DeadlinePassed), (599, ServerError)],
)  # fmt: skip
def test_a_class_for_each_status(peers, status, kind):
    for other in BOTH:
        error = failing(other, peers(whole("", "", f"{status} X")))
        assert type(error) is kind and isinstance(error, StatusError)
        assert isinstance(error, ServerError) == (status >= 500)


def test_the_servers_own_kinds(server):
    with pytest.raises(AdaptorRaised) as caught:
        Client(server)("lambda: 1 / 0")
    assert caught.value.kind == "adaptor-raised" and caught.value.request_id
    assert caught.value.request_id == caught.value.headers["X-Request-Id"]
    with pytest.raises(NotRunnable):
        Client(server)("def run(:")
    with pytest.raises(BadCall) as bad:
        Client(server)("def run(): pass", a=1)
    assert bad.value.problem["field"] == "kwargs_b64"


@pytest.mark.parametrize("said", ["7", " 7 ", "0", "soon", "Sun, 06 Nov 1994 08:49:37 GMT", "-1"])
def test_when_to_come_again(peers, said):
    error = failing(BOTH[0], peers(whole("", "", "503 X", Retry_After=said)))
    seven = said.strip() == "7"
    assert error.retry_after == (7.0 if seven else 0.0 if said[0] in "0S" else None)
    error = failing(BOTH[0], peers(problem("503 X", retry_after=1.5)))
    assert error.retry_after == 1.5


EACH = [
    StatusError(500, {"title": "T", "exception": {"type": "E", "traceback": "File"}}),
    Busy(503, {"retry_after": 2}),
    NotFound(404, {}, "no such model"),
    Redirected(301, "http://a/", "http://b/", HTTPMessage()),
    Unreachable("no answer", ConnectionRefusedError(111, "refused")),
    ConnectTimedOut("no connection", TimeoutError()),
    Disconnected("gone"),
    TimedOut("late"),
    Cut("cut"),
    Closed("closed"),
    BadAnswer("no JSON"),
    OwtError("any"),
]  # fmt: skip


@pytest.mark.parametrize("error", EACH, ids=lambda error: type(error).__name__)
def test_errors_pickle_and_copy(error):
    for again in [pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)]:
        assert type(again) is type(error)
        assert (str(again), repr(again), again.args) == (str(error), repr(error), error.args)
        assert again.__dict__.keys() == error.__dict__.keys()
        for name in ("status", "problem", "text", "retry_after", "nothing_ran", "traceback"):
            assert getattr(again, name) == getattr(error, name)
        assert getattr(again, "errno", None) == getattr(error, "errno", None)


def test_every_class_is_tried():
    own = {kind for kind in vars(client_module).values()
           if isinstance(kind, type) and issubclass(kind, OwtError)}  # fmt: skip
    covered = {base for error in EACH for base in type(error).__mro__}
    assert {kind for kind in own if not issubclass(kind, StatusError)} <= covered


def raised(address):
    return Client(address)("def run(): raise ValueError('in a pool')")


def test_an_error_comes_out_of_a_pool_of_processes(server):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        with pytest.raises(AdaptorRaised, match="in a pool") as caught:
            pool.apply_async(raised, [server]).get(60)
        assert caught.value.exception["type"] == "ValueError"


@pytest.mark.parametrize("kind", BOTH)
def test_who_cannot_be_reached_is_named_and_no_key(kind):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    address = f"http://me:{TOKEN}@127.0.0.1:{port}/path?key={TOKEN}"
    error = failing(kind, address)
    assert isinstance(error, Unreachable) and isinstance(error, ConnectionError)
    assert f"http://127.0.0.1:{port}/path" in str(error) and TOKEN not in str(error)
    assert error.nothing_ran and error.status is None and error.problem == {}
    error = failing(kind, "http://nowhere.invalid", proxy="")
    assert isinstance(error, Unreachable) and "http://nowhere.invalid/" in str(error)
    error = failing(kind, "unix:/nowhere/owt")
    assert isinstance(error, Unreachable) and "unix:/nowhere/owt" in str(error)
    assert TOKEN not in repr(Client(address, token=TOKEN))


@pytest.mark.parametrize(
    "token", [f"{TOKEN}\n", f"{TOKEN}\r\nX-Other: 1", f"\t{TOKEN}", f"{TOKEN}\0", ""]
)
def test_a_token_with_a_line_break_is_refused_by_name_and_not_shown(token):
    with pytest.raises(ValueError, match=r"token .* \.strip\(\)") as caught:
        Client("http://127.0.0.1:9", token=token)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [f"http://me:{TOKEN}@h:port", f"http://me:{TOKEN}/x@h", f"ftp://me:{TOKEN}@h",
     f"http://me:{TOKEN}@", f"http://me:{TOKEN}@h:99999", f"http://me:{TOKEN}@[::1"],
)  # fmt: skip
def test_an_address_that_is_none_is_told_without_its_password(address):
    with pytest.raises(ValueError) as caught:
        Client(address)
    assert TOKEN not in str(caught.value) and caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_headers_with_line_breaks_are_refused_and_not_shown(server):
    with pytest.raises(ValueError, match="header X-Key has a line break") as caught:
        Client(server)("lambda: 1", headers={"x-key": f"{TOKEN}\r\nX: 1"})
    assert TOKEN not in str(caught.value)
    with pytest.raises(ValueError, match="no name of a header"):
        Client(server)("lambda: 1", headers={"x y": "1"})


def test_an_address_in_the_place_of_the_code_is_refused(server, monkeypatch):
    monkeypatch.setenv("OWT_URL", server)
    for code in ["http://gpu.example.com", "https://me:secret@gpu.example.com/", "unix:/run/owt"]:
        with pytest.raises(ValueError, match="address") as caught:
            owt(code, "def run(): return 1")
        assert "secret" not in str(caught.value)
    with pytest.raises(TypeError, match="give a function to `remote`"):
        owt(lambda: 1)


def test_limits_and_proxies_that_are_none_are_refused():
    for options in [
        {"timeout": 0},
        {"timeout": "5"},
        {"connect_timeout": -1},
        {"idle_timeout": True},
    ]:
        with pytest.raises(ValueError, match=f"{next(iter(options))} is a number of seconds"):
            Client("http://127.0.0.1:9", **options)
    with pytest.raises(ValueError, match="proxy is no address of an HTTP proxy") as caught:
        Client("http://h", proxy=f"socks5://me:{TOKEN}@p:1")
    assert TOKEN not in str(caught.value)


def test_an_error_in_json_is_told(peers):
    error = failing(BOTH[0], peers(whole(json.dumps({"error": "no"}), status="409 Conflict")))
    assert (error.status, error.text) == (409, '{"error": "no"}')
