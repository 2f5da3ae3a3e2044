"""One real server with the examples' packages; what did not install is skipped, and says why."""

import subprocess

import pytest

import serving
from owt.client import Client


def pytest_configure(config):
    config.addinivalue_line("markers", "example(*names): needs the packages of these examples")


def why_not(name: str) -> str | None:
    """Why this example's packages are not there, or None."""
    if serving.VENV.parent != serving.FOLDER:
        return None
    failed, ready = serving.FOLDER / f"{name}.failed", serving.FOLDER / f"{name}.ready"
    if failed.exists():
        return f"the packages of {name} did not install: {failed.read_text().strip()}"
    return None if ready.exists() else f"`examples/install {name}` has not been run"


def pytest_runtest_setup(item):
    for mark in item.iter_markers("example"):
        for name in mark.args:
            if reason := why_not(name):
                pytest.skip(reason)


@pytest.fixture(scope="session")
def address():
    """The address of a server for all tests."""
    with serving.serving(serving.binary(), "--quiet") as url:
        yield url


@pytest.fixture
def client(address):
    return Client(address)


def code(name: str) -> str:
    """An example's adaptor."""
    return (serving.EXAMPLES / name / f"{name}.py").read_text(encoding="utf-8")


def script(address: str, name: str, language: str, *arguments: str) -> str:
    """What an example's script in this language prints."""
    run = subprocess.run(
        [*serving.commands(name)[language], *arguments],
        cwd=serving.ROOT,
        env=serving.environment(address),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
