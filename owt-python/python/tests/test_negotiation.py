"""`Accept` against another reading of RFC 9110, section 12.5.1, in many combinations."""

from __future__ import annotations

import itertools

import pytest

from owt._errors import NotAcceptable
from owt.forms.negotiation import acceptable
from owt.responses import respond

OFFERS = ("application/json", "text/html", "text/csv", "image/png")


def reference(accept, offers):
    """What is acceptable, as the RFC tells it: for each offer the most specific range decides."""
    if not accept.strip(" ,"):
        return list(offers)
    weighed = []
    for place, offer in enumerate(offers):
        family = offer.split("/")[0]
        for pattern in (offer, f"{family}/*", "*/*"):
            weights = [
                float(dict(p.strip().split("=") for p in rest).get("q", 1))
                for media, *rest in (
                    [piece.strip() for piece in part.split(";")] for part in accept.split(",")
                )
                if media.lower() == pattern
            ]
            if weights:
                if weights[0] > 0:
                    weighed.append((-weights[0], place, offer))
                break
    return [offer for _, _, offer in sorted(weighed)]


RANGES = [
    "application/json",
    "text/html",
    "text/csv",
    "image/png",
    "image/webp",
    "text/*",
    "image/*",
    "*/*",
]
WEIGHTS = ["", ";q=0", ";q=0.5", "; q=0.501", ";Q=1.0"]


def combinations():
    for weight, name in itertools.product(WEIGHTS, RANGES):
        yield f"{name}{weight}"
    for (one, other), weights in itertools.product(
        itertools.permutations(RANGES, 2), [("", ";q=0.5"), (";q=0.5", ""), (";q=0.3", ";q=0")]
    ):
        yield f"{one}{weights[0]}, {other}{weights[1]}"
    for three in itertools.combinations(RANGES, 3):
        yield ",".join(f"{name};q=0.{place}" for place, name in enumerate(three))
        yield " , ".join(f"{name.upper()};q=0.{9 - place}" for place, name in enumerate(three))


def test_every_combination_is_as_the_rfc_has_it():
    every = list(combinations())
    assert len(every) >= 300
    for accept in every:
        expected = reference(accept.lower(), OFFERS)
        assert list(acceptable(accept, OFFERS)) == expected, accept


@pytest.mark.parametrize(
    ("accept", "offers", "expected"),
    [
        # The example of the RFC itself, of what is said without parameters.
        (
            "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, "
            "text/plain;format=fixed;q=0.4, */*;q=0.5",
            ["text/plain;format=flowed", "text/plain", "text/html", "image/jpeg"],
            ["text/plain;format=flowed", "text/plain", "image/jpeg", "text/html"],
        ),
        ("text/html;level=1", ["text/html"], []),
        ("text/html;level=1, text/html;q=0.4", ["text/html"], ["text/html"]),
        ("application/json; charset=UTF-8", ["application/json"], ["application/json"]),
        ('text/csv; charset="utf-8"; q=0.5', ["text/csv"], ["text/csv"]),
        ("text/csv; charset=iso-8859-1", ["text/csv"], []),
        ('text/html;title="a,b;q=0\\"";q=0.5, text/csv', ["text/csv"], ["text/csv"]),
        ("", ["a/b"], ["a/b"]),
        (" , ,", ["a/b"], ["a/b"]),
        ("nonsense", ["a/b"], ["a/b"]),  # nothing was said that can be read
        ("*/png, image/png", ["image/png", "text/html"], ["image/png"]),
        ("text/html;q=abc, image/png", ["text/html", "image/png"], ["image/png"]),
        ("text/html;q=7", ["text/html"], ["text/html"]),
        # Java's HttpURLConnection
        (
            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
            ["image/png", "image/jpeg"],
            ["image/jpeg", "image/png"],
        ),
        # A browser
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            ["application/json", "text/html", "image/webp"],
            ["text/html", "image/webp", "application/json"],
        ),
        ("application/vnd.vegalite.v6+json", ["application/json"], []),
    ],
)
def test_what_else_a_header_may_hold(accept, offers, expected):
    assert list(acceptable(accept, offers)) == expected


def test_a_long_header_is_read_and_not_kept():
    accept = ", ".join(f"text/x{number};q=0.1" for number in range(20_000)) + ", text/csv"
    assert list(acceptable(accept, OFFERS)) == ["text/csv"]
    assert list(acceptable('"' * 50_000, OFFERS)) == list(OFFERS)


@pytest.mark.parametrize(
    ("value", "accept", "there"),
    [
        ({"a": 1}, "text/csv", "application/json"),
        ([1], "image/png, text/html;q=0.5", "application/json"),
        (1.5, "image/*", "text/plain, application/json"),
        ({"a": 1}, "application/json;q=0, */*;q=0", "application/json"),
    ],
)
def test_what_nobody_asked_for_is_not_given_in_silence(value, accept, there):
    with pytest.raises(NotAcceptable) as refused:
        respond(value, accept)
    assert refused.value.slug == "not-acceptable"
    assert accept in refused.value.detail and there in refused.value.detail
