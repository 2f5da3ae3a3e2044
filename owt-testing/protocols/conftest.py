"""Servers that publish what is in this folder, ended by whoever started them."""

import os
import pathlib
import subprocess
from collections.abc import Iterator

import pytest

HERE = pathlib.Path(__file__).parent
#: What the server with a lock asks for.
TOKEN = "open-sesame-open-sesame"
OWT = os.environ.get("OWT_BIN", str(HERE.parents[1] / "target/debug/owt"))


def environment() -> dict[str, str]:
    """What the tests' server and program are started with."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("OWT_")
    }
    if venv := os.environ.get("OWT_TEST_VENV"):
        kept["VIRTUAL_ENV"] = venv
    return kept


def serve(*args: str, files: tuple[str, ...] = ("tools.py",)) -> Iterator[str]:
    """Give the URL of a server that publishes these files, with these arguments."""
    published = [str(HERE / name) for name in files]
    command = [OWT, "serve", *published, "--port", "0", *args]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment()
    ) as server:
        try:
            assert server.stdout
            line = server.stdout.readline()
            yield next(word for word in line.split() if word.startswith("http"))
        finally:
            server.terminate()
            server.wait()


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The URL of a server that speaks MCP."""
    yield from serve("--mcp")


@pytest.fixture(scope="session")
def locked() -> Iterator[str]:
    """The URL of a server that asks for a token."""
    yield from serve("--mcp", "--mcp-no-code", "--token", TOKEN)


@pytest.fixture(scope="session")
def kinds() -> Iterator[str]:
    """The URL of a server that publishes functions of every kind of parameter."""
    yield from serve(files=("kinds.py", "asking.py"))
