"""What comes of calls is what `clients/vectors` says, in both clients."""

from __future__ import annotations

import base64
import json
from itertools import pairwise

import pytest

from asking import BOTH
from owt.client import BadAnswer, Cut, Event, OwtError, Redirected, StatusError
from peer import Peer, chunked
from serving import ROOT
from test_vectors import untagged

VECTORS = ROOT / "clients/vectors"
HOW = {"json": "json", "text": "text", "bytes": "read", "lines": "lines", "events": "events"}


def rows(name):
    found = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    assert len(found) >= 60
    return [pytest.param(row, id=row["name"]) for row in found]


def events(found):
    return [Event(row["data"], row.get("event", "message"), row.get("id", "")) for row in found]


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("row", rows("events.json"))
def test_events(kind, row):
    body = base64.b64decode(row["bytes"])
    cuts = [0, *row["cuts"], len(body)]
    pieces = [body[a:b] for a, b in pairwise(cuts) if a < b]
    peer = Peer(lambda request: chunked(pieces, "text/event-stream"))
    got: list[Event] = []
    try:
        if "problem" in row:
            with pytest.raises(StatusError) as caught:
                kind(peer.address).into(got, "events", "code")
            assert caught.value.problem == row["problem"]
        else:
            kind(peer.address).into(got, "events", "code")
    finally:
        peer.close()
    assert got == events(row["events"])


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("row", rows("outcomes.json"))
def test_outcomes(server, kind, row):
    asked, expect, got = Asked(kind(server), row), row["expect"], []
    if "problem" in expect:
        with pytest.raises(StatusError) as caught:
            asked.into(got)
        same_problem(caught.value, expect["problem"])
        if "text" in expect:
            assert (caught.value.text, caught.value.problem) == (expect["text"], {})
    elif "redirect" in expect:
        with pytest.raises(Redirected) as moved:
            asked.into(got)
        assert moved.value.location == expect["redirect"]
        assert server in str(moved.value) and expect["redirect"] in str(moved.value)
    elif "cut" in expect:
        with pytest.raises(Cut):
            asked.into(got)
    elif "unreadable" in expect or "refused" in expect:
        with pytest.raises(BadAnswer) as bad:
            asked.into(got)
        assert expect.get("refused", "") in str(bad.value)
    else:
        in_time(asked, got, expect)


def in_time(asked, got, expect):
    """What comes, and how it ends after that."""
    after = expect.get("then")
    if after is None:
        asked.into(got)
    else:
        kind = {"cut": Cut, "unreadable": BadAnswer}.get(str(after), StatusError)
        with pytest.raises(kind) as caught:
            asked.into(got)
        if isinstance(after, dict):
            same_problem(caught.value, after)
    if "value" in expect:
        assert_same(got, [untagged(expect["value"])])
    elif "lines" in expect:
        assert_same(got, [untagged(line) for line in expect["lines"]])
    elif "events" in expect:
        assert got == events(expect["events"])
    elif "bytes" in expect:
        assert got == [base64.b64decode(expect["bytes"])]
    else:
        assert got == [expect["text"]]


class Asked:
    """A row's call."""

    def __init__(self, client, row):
        self._client = client
        self._how = HOW[row["ask"]]
        self._code = row["code"]
        self._values = ()
        self._options = {"method": row.get("method", "POST"), **row.get("options", {})}
        accept = row.get("accept") or ("application/json" if row["ask"] == "json" else None)
        if accept:
            self._options["headers"] = {"Accept": accept}
        if "kwargs_text" in row:
            self._options["kwargs"] = row["kwargs_text"]
        elif "kwargs" in row:
            value = untagged(row["kwargs"])
            if isinstance(value, dict):
                self._options["kwargs"] = value
            else:
                self._values = (value,)

    def into(self, got):
        self._client.into(got, self._how, self._code, *self._values, **self._options)


def same_problem(error: OwtError, expected):
    assert error.status == expected["status"]
    problem = error.problem
    assert str(problem.get("type", "")).endswith(expected.get("type", ""))
    assert expected.get("detail", "") in str(problem.get("detail", ""))
    for name in ("title", "field", "line"):
        assert name not in expected or problem[name] == expected[name]
    for name, value in expected.get("exception", {}).items():
        assert error.exception[name] == value
    assert problem.items() >= expected.get("members", {}).items()
    if "retry_after" in expected:
        assert error.retry_after == expected["retry_after"]


def assert_same(got, expected):
    """The same values: 1 is 1.0, and true is neither."""
    assert got == expected
    assert booleans(got) == booleans(expected)


def booleans(value):
    if isinstance(value, dict):
        return [booleans(item) for item in value.values()]
    return [booleans(item) for item in value] if isinstance(value, list) else type(value) is bool
