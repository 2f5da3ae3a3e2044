"""Saves each sentence as a WAV file as soon as it is spoken.

VARIATION 0 says it the same each time.
Run: PYTHONPATH=owt-python/python python3 examples/speech/client.py TEXT FOLDER [VARIATION]
"""

import base64
import json
import sys
from pathlib import Path

from owt.client import Client

text, folder, *variation = sys.argv[1:]
code = Path(__file__).with_name("speech.py").read_text(encoding="utf-8")

Path(folder).mkdir(parents=True, exist_ok=True)
with Client().stream(code, text=text, variation=float(*variation or [1])) as answer:
    for event in answer.events():
        if event.event == "sentence":
            sentence = json.loads(event.data)
            path = Path(folder, f"{sentence['index']:03}.wav")
            path.write_bytes(base64.b64decode(sentence["wav"]))
            print(path, sentence["text"], flush=True)
