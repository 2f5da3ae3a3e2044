"""Tokens of a small language model."""

import http.client
import json
import os
import pty
import signal
import subprocess
import time
import urllib.parse
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest

import serving
from conftest import code, script
from owt.client import OwtError

pytestmark = pytest.mark.example("chat")

CHAT = code("chat")
LONG = "Tell me a long story about an owl and the moon."
# Quotes of all kinds, what a shell or Python would take for its own, and more than one byte.
AWKWARD = "What is \"it's\"? $HOME \\n {0} 'grün' 世界 🦀"


@pytest.fixture
def status(client):
    """What the models do at this moment, by their own count."""
    return lambda: client(CHAT, fn_name="status")


@pytest.fixture
def idle(status):
    """Wait until no model does anything; gives the tokens made so far."""

    def wait():
        until = time.monotonic() + 60
        while (now := status())["generating"]:
            assert time.monotonic() < until, now
        return now["tokens"]

    return wait


def said(events):
    return "".join(event.get("token", "") for event in events)


def ask(client, kwargs, adaptor=CHAT):
    """All events of an answer."""
    with client.stream(adaptor, kwargs=kwargs, fn_name="events") as answer:
        return [json.loads(event.data) for event in answer.events()]


@pytest.mark.parametrize("language", serving.LANGUAGES)
@pytest.mark.parametrize("prompt", [AWKWARD, "Name three birds."])
def test_the_same_tokens_in_every_language(address, client, language, prompt):
    printed = script(address, "chat", language, prompt, "3")
    assert printed == client(CHAT, prompt=prompt, seed=3) + "\n"
    assert len(printed) > 20


@pytest.mark.parametrize("language", serving.LANGUAGES)
def test_the_first_token_is_there_before_the_last_is_made(address, status, idle, language):
    before = idle()
    command = [*serving.commands("chat")[language], LONG]
    environment = serving.environment(address)
    # In a group of its own, as in a terminal: what ends it ends what it has started.
    with subprocess.Popen(
        command,
        cwd=serving.ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        bufsize=0,
        process_group=0,
    ) as asked:
        try:
            assert asked.stdout.read(1)
            assert status()["generating"] == 1
        finally:
            os.killpg(asked.pid, signal.SIGKILL)
    # Who has gone away is not answered to the end, which is 256 tokens.
    assert idle() - before < 256


def test_a_conversation_in_a_terminal(address, client):
    ours, theirs = pty.openpty()
    with (
        open(ours, "r+b", buffering=0) as terminal,
        subprocess.Popen(
            serving.commands("chat")["Rust"],
            cwd=serving.ROOT,
            env=serving.environment(address),
            stdin=theirs,
            stdout=theirs,
        ) as talk,
    ):
        os.close(theirs)
        messages = []

        def turn(text):
            """Types a line, and gives what is answered until the next is asked for."""
            terminal.write(text.encode() + b"\n")
            # The terminal itself shows what is typed, and ends lines as terminals do.
            return heard().replace("\r\n", "\n").removeprefix(f"{text}\n").removesuffix("\n> ")

        def heard():
            screen = b""
            while not screen.endswith(b"> "):
                screen += terminal.read(1000)
            return screen.decode()

        assert heard() == "> "
        for question in ["Name three birds.", "Which of them sings? 🐦"]:
            messages.append({"role": "user", "content": question})
            answer = client(CHAT, messages=messages)
            assert turn(question) == answer
            messages.append({"role": "assistant", "content": answer})
        terminal.write(b"\n")
    assert talk.returncode == 0


def test_a_seed_is_one_answer(client):
    one, again, other = (client(CHAT, prompt=LONG, seed=seed, max_tokens=40) for seed in (1, 1, 2))
    assert one == again != other
    likeliest = {client(CHAT, prompt=LONG, seed=n, temperature=0, max_tokens=40) for n in (1, 2)}
    assert len(likeliest) == 1


def test_nothing_is_left_of_other_calls(client):
    # With a model of its own, which nobody has asked anything yet.
    fresh = CHAT.replace("SEATS = 2", "SEATS = 1")
    assert client(fresh, fn_name="status")["loaded"] == 0
    messages = []
    for n, question in enumerate([LONG, "Who was the moon?", "And the owl? 🦉"]):
        messages.append({"role": "user", "content": question})
        call = {"messages": [*messages], "seed": n, "max_tokens": 40}
        ask(client, {"prompt": "Something else altogether.", "max_tokens": n + 1})
        answer = said(ask(client, call))
        assert answer == said(ask(client, call))
        messages.append({"role": "assistant", "content": answer})
    # It has read none of this before, while the other had the earlier turns in mind.
    assert said(ask(client, call, fresh)) == answer


def test_an_edited_adaptor_goes_on_with_what_is_loaded(client, status):
    assert client(CHAT, prompt=LONG, max_tokens=1)
    before = status()
    edited = CHAT.replace("def run(", "\n\ndef run(")
    assert client(edited, prompt=LONG, max_tokens=1) == client(CHAT, prompt=LONG, max_tokens=1)
    assert client(edited, fn_name="status") == {**before, "tokens": before["tokens"] + 2}


def test_chats_at_once_say_what_each_says_alone(client):
    calls = [{"prompt": f"Tell me of {n} owls.", "seed": n, "max_tokens": 40} for n in range(5)]
    with ThreadPoolExecutor(len(calls)) as threads:
        together = list(threads.map(lambda call: client(CHAT, kwargs=call), calls))
    assert together == [client(CHAT, kwargs=call) for call in calls]
    assert len(set(together)) == len(calls)


def test_events_count_tokens(client):
    call = {"prompt": "Name three birds.", "seed": 3}
    *tokens, end = ask(client, call)
    assert said(tokens) == client(CHAT, kwargs=call)
    counts = [event["count"] for event in tokens]
    assert counts == sorted(counts)
    assert end["end"] == "stop"
    assert end["rate"] > 0
    *tokens, end = ask(client, {**call, "max_tokens": 3})
    assert [event["count"] for event in tokens] == [1, 2, 3]
    assert (end["end"], end["count"]) == ("length", 3)


def test_whoever_leaves_stops_the_model(client, idle):
    whole = ask(client, {"prompt": LONG, "max_tokens": 2000})[-1]["count"]
    assert whole > 100
    before = idle()
    with client.stream(CHAT, prompt=LONG, max_tokens=2000) as answer:
        assert next(iter(answer))
    assert idle() - before < whole
    assert client(CHAT, prompt="Name three birds.")


def test_whoever_leaves_stops_the_reading_of_a_long_prompt(address, status, idle):
    before = idle()
    call = {"code_b64": CHAT, "kwargs_b64": json.dumps({"prompt": "owls and " * 1500})}
    body = json.dumps({field: b64encode(text.encode()).decode() for field, text in call.items()})
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc)
    connection.request("POST", "/", body, {"Content-Type": "application/json"})
    until = time.monotonic() + 60
    while not status()["generating"]:
        assert time.monotonic() < until
    connection.close()
    assert idle() == before  # not even the first token


def test_no_character_is_broken(client):
    call = {"prompt": "Translate to Japanese: Good morning.", "temperature": 0, "max_tokens": 30}
    *tokens, _ = ask(client, call)
    # Some characters take several tokens: there are fewer texts than tokens.
    assert len(tokens) < tokens[-1]["count"]
    whole = said(tokens)
    for most in range(1, 20):
        # What ends within a character leaves that one out.
        cut = said(ask(client, {**call, "max_tokens": most}))
        assert whole.startswith(cut)
        assert "\ufffd" not in cut


@pytest.mark.parametrize(
    ("kwargs", "told"),
    [
        ({}, "prompt is empty"),
        ({"prompt": " \n"}, "prompt is empty"),
        ({"prompt": 1}, "prompt is text, not int"),
        ({"prompt": "\ud800"}, "surrogate"),
        ({"prompt": "a", "messages": [{"role": "user", "content": "b"}]}, "not both"),
        ({"messages": "hello"}, "messages is a list, not str"),
        ({"messages": ["hello"]}, "messages[0] is {"),
        ({"messages": [{"role": "bot", "content": "a"}]}, "the role of messages[0]"),
        ({"messages": [{"role": "user", "content": None}]}, "content of messages[0] is text"),
        ({"messages": [{"role": "assistant", "content": "a"}]}, "the last of messages"),
        ({"prompt": "a", "system": ["be brief"]}, "system is text, not list"),
        ({"prompt": "a", "seed": -1}, "seed is a whole number from 0"),
        ({"prompt": "a", "seed": True}, "seed is a whole number from 0"),
        ({"prompt": "a", "temperature": "hot"}, "temperature is a number from 0 to 2"),
        ({"prompt": "a", "temperature": float("nan")}, "temperature is a number from 0 to 2"),
        ({"prompt": "a", "max_tokens": 0}, "max_tokens is a whole number from 1 to 4096"),
        ({"prompt": "owls and " * 3000}, "and the model remembers 4096"),
    ],
)
@pytest.mark.parametrize("fn_name", ["run", "events"])
def test_what_cannot_be_answered_says_why(client, kwargs, told, fn_name):
    with pytest.raises(OwtError) as error:
        client(CHAT, kwargs=kwargs, fn_name=fn_name)
    assert error.value.status == 400
    assert told in error.value.text
    assert "Traceback" not in error.value.text


def test_the_system_prompt_is_heard(client):
    call = {"prompt": "Who are you?", "temperature": 0, "max_tokens": 40}
    assert client(CHAT, kwargs=call) != client(CHAT, kwargs={**call, "system": "You are a pirate."})
