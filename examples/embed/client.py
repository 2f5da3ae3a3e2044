"""How near each other sentence is to the first in meaning.

Run: PYTHONPATH=owt-python/python python3 examples/embed/client.py SENTENCE OTHER...
"""

import pathlib
import sys

from owt.client import Client

code = pathlib.Path(__file__).with_name("embed.py").read_text(encoding="utf-8")
sentences = sys.argv[1:]
first, *others = Client()(code, sentences=sentences)
for other, text in zip(others, sentences[1:], strict=True):
    near = sum(a * b for a, b in zip(first, other, strict=True))
    print(f"{round(near * 100)}% {text}")
