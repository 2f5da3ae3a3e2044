"""A server with the examples' packages, and how each example is called in every language."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from typing import IO, Any

EXAMPLES = pathlib.Path(__file__).resolve().parent
ROOT = EXAMPLES.parent
FOLDER = ROOT / "target/examples"
CLIENT = ROOT / "owt-python/python"
VENV = pathlib.Path(os.environ.get("OWT_EXAMPLES_VENV", FOLDER / "venv")).absolute()

# What runs NAME.EXTENSION (client.py for Python) from the project's root, without its arguments.
LANGUAGES = {
    "shell": "examples/{0}/{0}.sh",
    "Python": "python3 examples/{0}/client.py",
    "JavaScript": "node examples/{0}/{0}.mjs",
    "Rust": "cargo run -q -p owt-examples --bin {0} --",
    "Haskell": "runhaskell -iclients/haskell/src examples/{0}/{0}.hs",
}
SCRIPTS = {
    "shell": "{0}.sh",
    "Python": "client.py",
    "JavaScript": "{0}.mjs",
    "Rust": "{0}.rs",
    "Haskell": "{0}.hs",
}


def names() -> list[str]:
    """The examples that bring a model."""
    return sorted(path.stem for path in (EXAMPLES / "requirements").glob("*.txt"))


def commands(name: str) -> dict[str, list[str]]:
    """What calls this example, by language; the arguments are to follow."""
    return {
        language: command.format(name).split()
        for language, command in LANGUAGES.items()
        if (EXAMPLES / name / SCRIPTS[language].format(name)).exists()
    }


def about(name: str) -> dict[str, Any]:
    """The example's example.toml: `demo` (arguments), `[timed]` (a call)."""
    path = EXAMPLES / name / "example.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def environment(url: str) -> dict[str, str]:
    """What the scripts find in their environment."""
    clients = str(CLIENT)
    paths = [clients, os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else [clients]
    # Haskell reads and writes text as the locale says.
    locale = os.environ.get("LC_ALL", "C.UTF-8")
    return {
        **os.environ,
        "OWT_URL": url,
        "PYTHONPATH": os.pathsep.join(paths),
        "LC_ALL": locale,
    }


def install(*names: str) -> None:
    """Sees to it that these examples' packages are there."""
    if VENV.parent == FOLDER:
        subprocess.run([sys.executable, EXAMPLES / "install", *names], check=True)


def binary() -> str:
    """The server's program: $OWT_BIN, else the release build, brought up to date."""
    if named := os.environ.get("OWT_BIN"):
        return str(pathlib.Path(named).absolute())
    print("building owt", flush=True)
    with_python = {"PYO3_PYTHON": sys.executable, **os.environ}
    build = ["cargo", "build", "--release", "--locked", "--bin", "owt"]
    subprocess.run(build, cwd=ROOT, env=with_python, check=True)
    return str(ROOT / "target/release/owt")


@contextlib.contextmanager
def serving(
    program: str,
    *flags: str,
    port: int = 0,
    python: pathlib.Path = VENV / "bin/python",
    under: Sequence[str] = (),
    log: IO[bytes] | None = None,
    **more: str,
) -> Iterator[str]:
    """Serves on this machine, with the examples' Python or another; gives the server's address.

    `under` is a command that runs the server's, `log` takes its log, `more` is added to its
    environment.
    """
    listen = [] if "--unix" in flags else ["--port", str(port)]
    command = [*under, program, "serve", *listen, "--python", str(python), *flags]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OWT_")} | more
    # In a group of its own, so that a Ctrl-C is ours alone, and the server ends in good order.
    server = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env=environment,
        start_new_session=True,
    )
    try:
        assert server.stdout
        greeting = server.stdout.readline()
        found = re.match(r"owt serving on (\S+)", greeting)
        if not found:
            raise ChildProcessError(f"the server did not start: {greeting.strip() or 'see above'}")
        yield found[1].rstrip("/")
    finally:
        server.terminate()
        server.communicate(timeout=60)
