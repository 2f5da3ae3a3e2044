"""Content negotiation by the `Accept` header (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def preferred(accept: str, offers: Sequence[str]) -> list[str]:
    """The offered media types, the one that `accept` prefers first.

    Equal weights keep the order of `offers`, which is the server's own preference. Types that
    the client does not accept come last rather than not at all: an answer in a type nobody
    asked for serves better than none.
    """
    ranges = list(_ranges(accept))
    if not ranges:
        return list(offers)
    return sorted(offers, key=lambda offer: -_quality(offer, ranges))


def _ranges(accept: str) -> Iterable[tuple[str, float]]:
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if not media:
            continue
        weight = 1.0
        for parameter in parameters:
            name, _, text = parameter.partition("=")
            if name.strip() == "q":
                try:
                    weight = min(max(float(text), 0.0), 1.0)
                except ValueError:
                    weight = 0.0
        yield media, weight


def _quality(offer: str, ranges: Iterable[tuple[str, float]]) -> float:
    """The weight of the most specific range that matches."""
    family = offer.partition("/")[0] + "/*"
    found, quality = 0, 0.0
    for media, weight in ranges:
        specific = 3 if media == offer else 2 if media == family else 1 if media == "*/*" else 0
        if specific > found:
            found, quality = specific, weight
    return quality
