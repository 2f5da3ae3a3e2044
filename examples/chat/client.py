"""Asks the model, and prints each token as it is made. Ctrl-C stops it.

Run: PYTHONPATH=owt-python/python python3 examples/chat/client.py [PROMPT [SEED]]
"""

import sys
from pathlib import Path

from owt.client import Client

prompt = sys.argv[1] if len(sys.argv) > 1 else "Why is the sea salty?"
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
adaptor = Path(__file__).with_name("chat.py").read_text()

with Client().stream(adaptor, prompt=prompt, seed=seed) as answer:
    for token in answer:
        sys.stdout.buffer.write(token)
        sys.stdout.buffer.flush()
print()
