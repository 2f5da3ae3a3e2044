"""Words about types, as they stand in sentences."""

from __future__ import annotations

# Letters whose names begin with a vowel: an HTTPError, an SVG.
_LETTERS = frozenset("AEFHILMNORSX")
# Begins like "you" or "won".
_CONSONANT = ("uni", "uint", "use", "usa", "uti", "uuid", "url", "eu", "one", "once")


def with_article(noun: str) -> str:
    """Give a noun with its article: `an object`, `a uint8`, `an HTTPError`."""
    return f"{'an' if _has_vowel(noun) else 'a'} {noun}"


def _has_vowel(noun: str) -> bool:
    if noun[:2].isupper():
        return noun[0] in _LETTERS
    word = noun.lower()
    return word.startswith(("a", "e", "i", "o", "u", "hour", "hono")) and not word.startswith(
        _CONSONANT
    )
