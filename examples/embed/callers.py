"""How many sentences a second callers get that each send one: alone, and batched.

Run: PYTHONPATH=owt-python/python python3 examples/embed/callers.py 16 64

Both are called in turns, for some seconds each, and the median of the ratios is told.
"""

import os
import pathlib
import statistics
import sys
import threading
import time

from owt.client import Client

ROUNDS = 3
SECONDS = 8.0
CODE = pathlib.Path(__file__).with_name("embed.py").read_text(encoding="utf-8")
TEXT = "a man is eating food in the park while the cat sleeps on the sofa all day"
#: By what calls it: the function, and its arguments for one sentence.
WAYS = {
    "run": lambda sentence: {"sentences": [sentence]},
    "vector": lambda sentence: {"sentence": sentence},
}


def rate(fn_name: str, callers: int) -> float:
    """Sentences a second that so many callers get."""
    client = Client(os.environ.get("OWT_URL", "http://127.0.0.1:9876"))
    until = time.monotonic() + SECONDS
    counts = [0] * callers

    def calls(caller: int) -> None:
        while time.monotonic() < until:
            sentence = f"{TEXT}, {caller} and {counts[caller]}"
            vector = client(CODE, fn_name=fn_name, kwargs=WAYS[fn_name](sentence))
            assert len(vector if fn_name == "vector" else vector[0]) == 384
            counts[caller] += 1

    threads = [threading.Thread(target=calls, args=(at,)) for at in range(callers)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - begun)


def main() -> None:
    for callers in map(int, sys.argv[1:] or ["16"]):
        rate("run", callers), rate("vector", callers)  # what is warm is compared
        rounds = [(rate("run", callers), rate("vector", callers)) for _ in range(ROUNDS)]
        alone, batched = (statistics.median(every) for every in zip(*rounds, strict=True))
        ratio = statistics.median(b / a for a, b in rounds)
        told = f"{alone:.0f}/s alone, {batched:.0f}/s batched, {ratio:.2f} times"
        print(f"{callers} callers: {told}", flush=True)


if __name__ == "__main__":
    main()
