"""owt.lib: the ready parts that adaptors may use."""

import base64
import io
import wave

import numpy as np
import pytest
from adapting import call

from owt.lib import encoding, shell, tts


def test_a_command_gives_its_bytes_whatever_its_status():
    assert shell.run(r"printf '\xff\n'; exit 3") == b"\xff\n"
    assert call("f(owt.lib.shell.run)", "echo a") == b"a\n"
    assert call("f(owt.lib.shell.run)", cmd="echo a") == b"a\n"


@pytest.mark.parametrize(
    ("samples", "channels", "frames"),
    [
        ([0.0, 1.0, -1.0, 2.0], 1, [0, 32767, -32767, 32767]),
        (np.array([0.5, -0.5], np.float32), 1, [16384, -16384]),
        (np.array([1, -2], np.int16), 1, [1, -2]),
        (np.array([[0.0, 1.0], [1.0, 0.0]]), 2, [0, 32767, 32767, 0]),
    ],
)
def test_samples_are_a_wav_file(samples, channels, frames):
    data = base64.b64decode(encoding.base64_wav(samples, 8000))
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (
            channels,
            2,
            8000,
        )
        assert np.frombuffer(file.readframes(99), "<i2").tolist() == frames


@pytest.mark.parametrize("samples", [[1, 2], ["a"], np.zeros((1, 1, 1))])
def test_what_is_no_sound_is_refused(samples):
    with pytest.raises(TypeError, match="no samples"):
        encoding.base64_wav(samples, 8000)


@pytest.mark.parametrize(
    ("text", "size", "given"),
    [
        ("", 1, []),
        ("One", 1, [["One"]]),
        ("One. Two!\nThree? four", 1, [["One."], ["Two!"], ["Three? four"]]),
        ('"One." Two.  Three.', 2, [['"One."', "Two."], ["Three."]]),
        ("Mr. A. Person said 3.5 is it. Yes.", 1, [["Mr. A. Person said 3.5 is it."], ["Yes."]]),
    ],
)
def test_sentences_come_in_batches(text, size, given):
    assert list(tts.over_sentences(text, list, size)) == given
