"""One way of running: `make example NAME=...`."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

import serving

RUN = [sys.executable, serving.EXAMPLES / "run"]


@pytest.fixture
def environment():
    return {**os.environ, "OWT_BIN": serving.binary(), "NO_COLOR": "1"}


@pytest.mark.example("embed")
def test_shows_the_example_once(environment):
    try:
        taken = socket.create_server(("127.0.0.1", 9876))
    except OSError:  # somebody else has taken it
        taken = contextlib.nullcontext()
    with taken:
        run = subprocess.run(
            [*RUN, "embed", "--once"], env=environment, capture_output=True, text=True, check=True
        )
    assert "port 9876 is taken: serving on a free one\n" in run.stdout
    assert "$ examples/embed/embed.sh 'A man is eating food.'" in run.stdout
    assert "% Someone is having a meal.\n" in run.stdout
    assert "  node examples/embed/embed.mjs 'A man" in run.stdout


@pytest.mark.example("embed")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stays_until_it_is_told_to_end(environment, end):
    with subprocess.Popen(
        [*RUN, "embed"], env=environment, stdout=subprocess.PIPE, text=True
    ) as run:
        try:
            url = next(line.split()[2] for line in run.stdout if line.startswith("Serving on"))
            with urllib.request.urlopen(url) as page:
                assert page.status == 200
            run.send_signal(end)
            assert run.stdout.read() == "\nended\n"
        finally:
            run.terminate()
    assert run.returncode == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url)


def test_names_the_examples_there_are(environment):
    run = subprocess.run(
        [*RUN, "nothing"], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "transcribe" in run.stderr
