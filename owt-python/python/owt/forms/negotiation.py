"""Content negotiation by the `Accept` header (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
# One element of a list: whatever stands between commas that are in no quotes.
_ELEMENT = re.compile(rf"(?:[^,\"]|{_QUOTED}|\")+")
_RANGE = re.compile(rf"\s*({_TOKEN}(?:/{_TOKEN})?)\s*((?:;.*)?)", re.DOTALL)
_PARAMETER = re.compile(rf"\s*;\s*(?:({_TOKEN})\s*=\s*({_TOKEN}|{_QUOTED}|)\s*)?")
_WEIGHT = re.compile(r"\d*\.?\d*")
# Longer headers are read anew each time, so that what is kept has a bound.
_LONGEST_KEPT = 1000


class _Range(NamedTuple):
    family: str
    kind: str
    parameters: frozenset[tuple[str, str]]
    weight: float


class _Offer(NamedTuple):
    family: str
    kind: str
    parameters: frozenset[tuple[str, str]]


def acceptable(accept: str, offers: Sequence[str]) -> Sequence[str]:
    """The offered media types that `accept` lets through, the one that it prefers first.

    Equal weights keep the order of `offers`, which is the server's own preference. A header that
    is missing, empty or says nothing that can be read lets everything through.
    """
    if not accept or accept == "*/*":
        return offers
    if len(accept) > _LONGEST_KEPT:
        return _sorted(accept, tuple(offers))
    return _kept(accept, tuple(offers))


def names(accept: str, media: str) -> bool:
    """Whether `accept` asks for that very type, by no wildcard."""
    offer = _offer(media)
    return any(
        (found.family, found.kind) == (offer.family, offer.kind) and found.weight > 0
        for found in _ranges(accept)
    )


def _sorted(accept: str, offers: tuple[str, ...]) -> tuple[str, ...]:
    ranges = _ranges(accept)
    if not ranges:
        return offers
    weights = {offer: _quality(_offer(offer), ranges) for offer in offers}
    taken = [offer for offer in offers if weights[offer] > 0]
    return tuple(sorted(taken, key=lambda offer: -weights[offer]))


_kept = functools.lru_cache(512)(_sorted)


def _ranges(accept: str) -> list[_Range]:
    read = (_range(element) for element in _ELEMENT.findall(accept))
    return [found for found in read if found is not None]


def _range(element: str) -> _Range | None:
    """One media range; None for what is none, which is as if it was not sent."""
    found = _RANGE.fullmatch(element)
    if found is None:
        return None
    media, rest = found[1].lower(), found[2]
    if media == "*":  # what Java's HttpURLConnection sends
        media = "*/*"
    family, slash, kind = media.partition("/")
    if not slash or (family == "*" and kind != "*"):
        return None
    parameters = _parameters(rest)
    weight = 1.0
    for name, value in parameters:
        if name == "q":
            if not _WEIGHT.fullmatch(value) or value in ("", "."):
                return None
            weight = min(float(value), 1.0)
    others = frozenset(pair for pair in parameters if pair[0] != "q")
    return _Range(family, kind, others, weight)


def _parameters(text: str) -> list[tuple[str, str]]:
    return [_parameter(name, value) for name, value in _PARAMETER.findall(text) if name]


def _parameter(name: str, value: str) -> tuple[str, str]:
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    name = name.lower()
    return name, value.lower() if name in ("charset", "q") else value


def _offer(media: str) -> _Offer:
    essence, _, rest = media.partition(";")
    family, _, kind = essence.strip().lower().partition("/")
    return _Offer(family, kind, frozenset(_parameters(f";{rest}")))


def _quality(offer: _Offer, ranges: list[_Range]) -> float:
    """The weight of the most specific range that matches, 0 if none does."""
    found, quality = (0, 0), 0.0
    for media in ranges:
        if (media.family, media.kind) == (offer.family, offer.kind):
            precise = 3
        elif (media.family, media.kind) == (offer.family, "*"):
            precise = 2
        elif media.family == "*":
            precise = 1
        else:
            continue
        # Whatever is text here is UTF-8, whether its type says so or not.
        if not media.parameters <= offer.parameters | {("charset", "utf-8"), ("charset", "utf8")}:
            continue
        specific = (precise, len(media.parameters))
        if specific > found:
            found, quality = specific, media.weight
    return quality
