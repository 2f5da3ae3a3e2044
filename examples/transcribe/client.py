"""Prints what is said, piece by piece as it is understood.

Run: PYTHONPATH=owt-python/python python3 examples/transcribe/client.py FILE.wav
"""

import pathlib
import sys

from owt.client import Client

code = pathlib.Path(__file__).with_name("transcribe.py").read_text(encoding="utf-8")
with (
    open(sys.argv[1], "rb") as audio,
    Client().stream(code, fn_name="segments", data=audio) as answer,
):
    for piece in answer.lines():
        print(piece["text"], flush=True)
