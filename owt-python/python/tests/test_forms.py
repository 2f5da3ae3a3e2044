"""Forms that adaptors register, `?format=`, and forms that raise."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest
from adapting import adaptor, during, raw_call

from owt._errors import NotAcceptable, Unrenderable
from owt.forms import form
from owt.responses import WHOLE, respond

JSON = "application/json"
ROOT = pathlib.Path(__file__).parents[1]


def whole(value, accept=""):
    kind, status, headers, payload = respond(value, accept)
    assert (kind, status) == (WHOLE, 200)
    return dict(headers).get("Content-Type"), payload


def asked(value, query, accept=""):
    return during(raw_call(query=query), lambda: whole(value, accept))


# What adaptors register


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def _repr_html_(self):
        return "<b>a point</b>"


class Named(Point):
    pass


@form(Point, "application/json")
def _point_as_json(point):
    return {"x": point.x, "y": point.y}


@form("test_forms.Point", "image/png")
def _point_as_png(point):
    return b"\x89PNG" + bytes([point.x, point.y])


@form(Point, "text/plain")
def _point_declines(point):
    return None


def test_a_registered_form_is_before_the_type_s_own():
    for kind in (Point, Named):
        assert whole(kind(1, 2)) == (JSON, b'{"x":1,"y":2}')
        assert whole(kind(1, 2), "image/png") == ("image/png", b"\x89PNG\x01\x02")
        assert whole(kind(1, 2), "text/html")[1] == b"<b>a point</b>"
        assert whole({"at": [kind(1, 2)]})[1] == b'{"at":[{"x":1,"y":2}]}'


def test_a_form_that_declines_is_as_if_it_was_not_there():
    assert whole(Point(1, 2), "text/plain, text/html;q=0.1")[1] == b"<b>a point</b>"
    with pytest.raises(NotAcceptable, match=r"has application/json, image/png, text/html"):
        respond(Point(1, 2), "text/plain")


def test_what_an_adaptor_registers_is_for_that_adaptor():
    source = """
    import fractions, owt
    @owt.form(fractions.Fraction, "application/json")
    def exact(value):
        return [value.numerator, value.denominator, {number}]
    def run():
        return {{"half": fractions.Fraction(1, 2)}}
    """
    for number in (1, 2):
        mine = adaptor(source.format(number=number))
        code = mine._module.__name__.rpartition(".h")[2]
        given = mine.function("run")[0]()
        assert during(raw_call(code=code), lambda given=given: whole(given)) == (
            JSON,
            b'{"half":[1,2,%d]}' % number,
        )
        assert whole(given)[1] == b'{"half":"1/2"}'  # another adaptor's call
        mine.unload()


def test_a_media_type_is_one():
    with pytest.raises(ValueError, match="no media type"):
        form(Point, "png")


# ?format=


def test_a_format_may_be_asked_for_by_a_short_name():
    for query, content_type in [
        ("format=png", "image/png"),
        ("format=PNG&x=1", "image/png"),
        ("x=1&format=html", "text/html; charset=utf-8"),
        ("format=image%2Fpng", "image/png"),
        ("format=nothing", JSON),  # the adaptor's own parameter
        ("format=", JSON),
        ("reformat=png", JSON),
    ]:
        assert asked(Point(1, 2), query)[0] == content_type, query
    # Whoever writes it into the URL means it more than a browser means its Accept.
    assert asked(Point(1, 2), "format=png", "text/html")[0] == "image/png"
    with pytest.raises(NotAcceptable, match=r"format=text/csv.* it has application/json"):
        asked(Point(1, 2), "format=csv")


def test_a_format_leaves_alone_what_is_the_answer_itself():
    for value in ("text", b"bytes"):
        assert asked(value, "format=csv")[1] in (b"text", b"bytes")


# JSON of plain values


@pytest.mark.parametrize(
    ("value", "accept", "expected"),
    [
        (None, JSON, (JSON, b"null")),
        (True, JSON, (JSON, b"true")),
        (False, JSON, (JSON, b"false")),
        (7, JSON, (JSON, b"7")),
        (0.5, JSON, (JSON, b"0.5")),
        (float("nan"), JSON, (JSON, b"null")),
        (False, "application/json, text/plain;q=0.5", (JSON, b"false")),
        (False, "text/plain", ("text/plain; charset=utf-8", b"False")),
        (None, "text/plain", (None, b"")),
        (None, "image/png", (None, b"")),
        (False, "*/*", ("text/plain; charset=utf-8", b"False")),
        ("text", JSON, ("text/html; charset=utf-8", b"text")),
        ({"a": 1}, "text/plain", ("text/plain; charset=utf-8", b'{"a":1}')),
    ],
)
def test_plain_values_as_json(value, accept, expected):
    assert whole(value, accept) == expected


def test_nothing_with_a_status_has_no_body():
    for value in ((None, 204), (None, 201, {"X-A": "b"})):
        assert respond(value, JSON)[3] == b""


# The adaptor's own word


def test_a_content_type_that_the_adaptor_says_is_the_form_that_is_sent():
    given = (Point(1, 2), {"Content-Type": "image/png"})
    for accept in ("", "application/json", "text/html"):
        assert respond(given, accept)[2:] == ([("Content-Type", "image/png")], b"\x89PNG\x01\x02")
    # What it has no form for is its own business.
    assert (
        respond((Point(1, 2), {"Content-Type": "text/x-point"}), "image/png")[3] == b'{"x":1,"y":2}'
    )


# Forms that raise


class Broken:
    def _repr_html_(self):
        raise RuntimeError("no HTML today")

    def _repr_png_(self):
        return b"\x89PNG"

    def _repr_json_(self):
        return {"bytes": b""}


def test_a_form_that_raises_leaves_it_to_the_next():
    assert whole(Broken())[0] == "image/png"
    assert whole(Broken(), "text/html, image/png;q=0.1")[0] == "image/png"
    assert whole(Broken(), "application/json, image/png;q=0.1")[0] == "image/png"
    with pytest.raises(RuntimeError, match="no HTML today"):
        respond(Broken(), "text/html")


def test_a_bundle_that_raises_leaves_it_to_the_methods():
    class Bundled(Broken):
        def _repr_mimebundle_(self, include=None, exclude=None):
            raise KeyError("no bundle")

    assert whole(Bundled())[0] == "image/png"


def test_what_json_refuses_is_no_reason_for_another_form():
    class Rich:
        def _repr_html_(self):
            return "<b>rich</b>"

    with pytest.raises(Unrenderable, match=r"Rich at a"):
        respond({"a": Rich()}, "*/*")


class Dictionary:
    def to_dict(self):
        return {"a": 1}


class Markup:
    def __html__(self):
        return "<i>markup</i>"


def test_what_a_type_says_of_itself():
    assert whole(Dictionary()) == (JSON, b'{"a":1}')
    assert json.loads(whole([Dictionary()])[1]) == [{"a": 1}]
    assert whole(Markup()) == ("text/html; charset=utf-8", b"<i>markup</i>")


def test_nothing_is_loaded_for_forms_that_nobody_asks_for():
    code = (
        "import sys; from owt.responses import respond; before = set(sys.modules);"
        "[respond(value, 'application/json') for value in ({'a': 1}, [1, 'b'], 'text', 1, None)];"
        "print(sorted(set(sys.modules) - before), "
        "sorted(name for name in sys.modules if name.startswith('owt.forms.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == (
        "[] ['owt.forms.negotiation', 'owt.forms.registry', 'owt.forms.wishes']"
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": 1}, None),
        ([1, 2], None),
        (1.5, None),
        ("text", None),
        ([{"a": 1}], "application/json, text/html, text/csv, application/x-ndjson, "),
    ],
)
def test_an_answer_says_which_forms_there_are(value, told):
    # `*/*` is answered at once, and nobody looks for others
    for accept in ("", "text/csv;q=0.5, application/json"):
        headers = dict(respond(value, accept)[2])
        if told is None or not accept:
            assert "X-Owt-Forms" not in headers
        else:
            assert headers["X-Owt-Forms"].startswith(told.split(",")[0])
