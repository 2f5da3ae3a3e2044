"""Speech, sentence by sentence."""

import re
from collections.abc import Callable, Iterator
from typing import Any

# After a full stop or the like, where what follows does not begin small; not after "Dr." or "J.".
_END = re.compile(
    r"(?:(?<=[.!?…。])|(?<=[.!?…][\"'”)\]]))"
    r"(?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\b[A-Z]\.)"
    r"\s+(?=[^a-z])"
)


def over_sentences(
    prompt: str, inference_fn: Callable[[list[str]], Any], batch_size: int = 1
) -> Iterator[Any]:
    r"""What a function gives for a text's sentences, of which it is given some at a time.

    import owt.lib.tts
    def run(text):
        return owt.lib.tts.over_sentences(text, lambda some: " ".join(some).upper() + "\n")
    # {"text": "Hello, Dr. Who. Come in!"} → HELLO, DR. WHO.\nCOME IN!\n
    """
    text = " ".join(prompt.split())
    sentences = _END.split(text) if text else []
    for first in range(0, len(sentences), batch_size):
        yield inference_fn(sentences[first : first + batch_size])
