"""The project's README from top to bottom, as printed, in the shells that people have."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
from collections.abc import Iterator

import pytest

from serving import ROOT, binary, snippets

README = ROOT / "README.md"
# Does this in another way, or would build and install for long; other tests do that.
BUILDS, MODELS = "make run", "make example"
SERVES = re.compile(r"^(make run|owt serve)\b.*$", re.M)


class Terminal:
    """Where blocks are typed one after the other, each into a shell that knows the exports."""

    def __init__(self, shell: str, folder: pathlib.Path) -> None:
        self._shell, self._folder = shell, folder
        self._exports = ""
        self.address = ""

    def runs(self, text: str) -> str:
        """What a block prints."""
        typed = self._typed(text)
        ran = subprocess.run(typed, timeout=60, capture_output=True, **self._beside())
        assert ran.returncode == 0, f"{text}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    @contextlib.contextmanager
    def serves(self, text: str) -> Iterator[str]:
        """The first line of what a block prints whose last line serves."""
        typed = self._typed(text.replace(BUILDS, "owt serve"))
        with subprocess.Popen(
            typed, stdout=subprocess.PIPE, start_new_session=True, **self._beside()
        ) as server:
            try:
                assert server.stdout
                yield server.stdout.readline()
            finally:
                # As Ctrl-C does: to all in the terminal.
                os.killpg(server.pid, signal.SIGINT)

    def _typed(self, text: str) -> list[str]:
        # Several of these tests run at once.
        text = text.replace("http://127.0.0.1:9876", self.address)
        typed = [self._shell, "-c", self._exports + text]
        self._exports += "".join(re.findall(r"^export .*\n", text, re.M))
        return typed

    def _beside(self) -> dict[str, object]:
        own = {k: v for k, v in os.environ.items() if not k.startswith("OWT_")}
        own |= {"HOME": str(self._folder), "OWT_PORT": "0", "OWT_URL": self.address}
        return {"text": True, "env": own, "cwd": self._folder}


@pytest.fixture
def checkout(tmp_path):
    """Where somebody has typed `make run` before: owt is built, and none of the files is there."""
    built = tmp_path / "target/release"
    built.mkdir(parents=True)
    (built / "owt").symlink_to(binary())
    return tmp_path


@pytest.mark.parametrize("shell", ["bash", "zsh", "dash", "fish"])
def test_the_readme(shell, checkout):
    first, second = Terminal(shell, checkout), Terminal(shell, checkout)
    printed = []
    with contextlib.ExitStack() as running:
        for _, text in snippets(README, "sh"):
            if text.startswith(MODELS):
                continue
            if not SERVES.search(text):
                printed.append(second.runs(text))
                continue
            running.close()
            [address] = re.findall(
                r"^owt serving on (\S+) ", running.enter_context(first.serves(text))
            )
            second.address = address
    longest, hello, by_command, library = printed
    assert longest == "Python"
    assert hello == "Hello, you!"
    assert re.fullmatch(r"Hello, owt!\n?http://\S+/\?code_b64=\S+\n", by_command)
    assert library == "solve AGI: done"
    prose = README.read_text(encoding="utf-8")
    assert "prints `Python`" in prose
