"""Functions that a GET calls too: what their queries give is read by the hints."""

import owt


@owt.function(get=True)
def asked(n: int, word: str = "", flag: bool = False) -> str:
    return f"{n} {word!r} {flag}"


@owt.function(get=True)
def listed(ns: list[int], limit: float | None = None) -> int:
    return len(ns)


@owt.function(get=True, cache=60)
def kept(word: str) -> int:
    return len(word)
