"""Pass the wheel's tests with each CPython from 3.11 on: `make test-pythons`.

Each Python gets an environment of its own below target/pythons, with the newest wheel of
target/wheels in it, and passes the tests of the package and the suite `wire` there. pip, `uv tool
install`, uvx and pipx each install it, and what they installed answers a first call. What this
machine lacks is taken from Debian, in a folder that the tests see as their root; where that cannot
be made, the reason is told, and that Python is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "target/pythons"
HERE = ["3.11", "3.12", "3.13"]
DEBIAN = ["3.14", "3.15"]
MIRROR = "http://deb.debian.org/debian"
REQUIREMENTS = ROOT / "owt-python/python/requirements-test.txt"
# What the tests call beside Python.
PROGRAMS = ["ca-certificates", "curl", "procps", "git"]
CHROOT = shutil.which("chroot", path=f"{os.defpath}:/usr/sbin:/sbin")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
HELLO = "def run(name): return f'Hello, {name}!'"


class Skipped(Exception):
    """Why a Python is not tried."""


@dataclass(frozen=True)
class Place:
    """Where a Python runs: on this machine, or in a folder that is its root."""

    python: str
    root: Path | None = None

    def command(self, *words: str | Path) -> list[str]:
        """What starts a program there."""
        texts = [str(word) for word in words]
        if self.root is None:
            return texts
        # The mounts are gone with the process.
        mounts = "; ".join(
            f"mkdir -p {self.root}{place}; mount --rbind {place} {self.root}{place}"
            for place in ["/proc", "/dev", "/sys", str(ROOT), "/tmp"]
        )
        begin = f'set -e; {mounts}; cd {self.root}; exec {CHROOT} {self.root} "$@"'
        return ["unshare", "--mount", "sh", "-c", begin, "sh", *texts]

    def run(
        self, *words: str | Path, env: dict[str, str] | None = None, folder: Path = ROOT
    ) -> None:
        """Run it, with what it prints passed on; raises when it fails."""
        command = self.command("env", "-C", folder, *words)
        subprocess.run(command, env={**os.environ, **(env or {})}, check=True)


def here(version: str) -> Place:
    """The Python of that version on this machine."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [*sorted(pyenv.glob(f"{version}.*/bin/python{version}"))]
    found += [Path(path)] if (path := shutil.which(f"python{version}")) else []
    for python in found:
        asked = subprocess.run(
            [python, "--version"], capture_output=True, text=True, check=False
        )
        if asked.stdout.startswith(f"Python {version}."):
            return Place(str(python))
    raise Skipped("this machine has none")


def debian(version: str) -> Place:
    """That version from Debian, in a folder of its own."""
    root = HOME / "debian"
    if shutil.which("debootstrap") is None:
        raise Skipped("debootstrap is not installed")
    if os.geteuid() != 0:
        raise Skipped("only root can make a root folder of Debian")
    try:
        if not (root / "usr/bin/dpkg").exists():
            subprocess.run(
                ["debootstrap", "--variant=minbase", "sid", root, MIRROR], check=True
            )
        place = Place(f"/usr/bin/python{version}", root)
        if not (root / f"usr/bin/python{version}").exists():
            Path(f"{root}{CERTIFICATES}").parent.mkdir(parents=True, exist_ok=True)
            packages = [f"python{version}", f"python{version}-venv", *PROGRAMS]
            options = ["install", "-y", "-q", "--no-install-recommends"]
            place.run("apt-get", *options, *packages, folder=Path("/"))
        shutil.copy(CERTIFICATES, f"{root}{CERTIFICATES}")
        return place
    except (OSError, subprocess.CalledProcessError) as error:
        raise Skipped(f"Debian's cannot be had: {error}") from error


def suite() -> Path:
    """The suite `wire` as a program."""
    build = ["cargo", "test", "-p", "owt-cli", "--test", "wire", "--no-run", "--locked"]
    made = subprocess.run(
        [*build, "--message-format=json"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    messages = [json.loads(line) for line in made.stdout.splitlines()]
    named = [it for it in messages if it.get("target", {}).get("name") == "wire"]
    programs = [it["executable"] for it in named if it.get("executable")]
    return Path(programs[-1])


def hello(place: Place, *owt: str | Path, env: dict[str, str] | None = None) -> None:
    """Have what `owt` starts serve, and answer a first call."""
    env = {**os.environ, "VIRTUAL_ENV": "", **(env or {})}
    serve = place.command(*owt, "serve", "--port", "0")
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=env) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert " on " in line, "owt serve ended before its first line"
            url = line.split(" on ")[1].split()[0]
            call = place.command(*owt, "call", "--code", HELLO, "name=you")
            said = subprocess.run(
                call,
                env={**env, "OWT_URL": url},
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            assert said.stdout.strip() == "Hello, you!", said.stdout
        finally:
            server.terminate()


def first_hello(place: Place, venv: Path, wheel: Path) -> float:
    """Seconds from `pip install` to the first answer, with no compiler to be found."""
    began = time.monotonic()
    place.run(
        venv / "bin/pip", "install", "--quiet", "--no-deps", "--force-reinstall", wheel
    )
    hello(place, venv / "bin/owt", env={"PATH": f"{venv}/bin:/usr/bin:/bin:/usr/sbin"})
    return time.monotonic() - began


def installers(place: Place, venv: Path, wheel: Path) -> None:
    """Have uv and pipx install the wheel as people do, each into folders of its own."""
    tools = HOME / f"{venv.name}-tools"
    shutil.rmtree(tools, ignore_errors=True)
    uv, pipx = tools / "uv", tools / "pipx"
    env = {
        "UV_TOOL_DIR": str(uv / "tools"),
        "UV_TOOL_BIN_DIR": str(uv / "bin"),
        "UV_PYTHON_DOWNLOADS": "never",
        "PIPX_HOME": str(pipx / "home"),
        "PIPX_BIN_DIR": str(pipx / "bin"),
        "PIPX_MAN_DIR": str(pipx / "man"),
    }
    program = venv / "bin/uv"
    python = ["--python", place.python]
    place.run(program, "tool", "install", "--quiet", *python, wheel, env=env)
    hello(place, uv / "bin/owt")
    hello(place, program, "tool", "run", *python, "--from", wheel, "owt", env=env)
    install = ["tool", "run", "pipx", "install", "--quiet", *python]
    place.run(program, *install, wheel, env=env)
    hello(place, pipx / "bin/owt")


def passes(version: str, wheel: Path, wire: Path) -> str:
    """Have that Python pass the tests; says how it went."""
    place = here(version) if version in HERE else debian(version)
    venv = HOME / version
    place.run(place.python, "-m", "venv", "--clear", venv)
    seconds = first_hello(place, venv, wheel)
    print(
        f"Python {version}: {seconds:.1f} s from pip install to the first answer",
        flush=True,
    )
    place.run(venv / "bin/pip", "install", "--quiet", "-r", REQUIREMENTS)
    place.run(venv / "bin/pip", "check")
    installers(place, venv, wheel)
    env = {"OWT_BIN": str(venv / "bin/owt"), "OWT_TEST_VENV": str(venv)}
    env |= {
        "PATH": f"{venv}/bin:{os.environ['PATH']}",
        "OWT_BINARY": str(venv / "bin/owt"),
    }
    place.run(
        venv / "bin/python",
        "-m",
        "pytest",
        "-q",
        env=env,
        folder=ROOT / "owt-python/python",
    )
    place.run(wire, "--quiet", env=env, folder=ROOT / "owt-cli")
    return f"passed ({seconds:.1f} s to the first answer)"


def linked() -> int:
    """Have the built program, linked with one Python, pass the suite `wire` with another."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    for version in [it for it in reversed(HERE) if it != own]:
        try:
            place = here(version)
        except Skipped:
            continue
        venv = HOME / f"linked-{version}"
        place.run(place.python, "-m", "venv", "--clear", venv)
        place.run(venv / "bin/pip", "install", "--quiet", "-r", REQUIREMENTS)
        env = {"OWT_TEST_VENV": str(venv), "PATH": f"{venv}/bin:{os.environ['PATH']}"}
        place.run(suite(), "--quiet", env=env, folder=ROOT / "owt-cli")
        print(f"an owt that is linked with Python {own} serves Python {version}")
        return 0
    print(f"skipped: this machine has no other Python than {own}")
    return 0


def main(versions: Sequence[str]) -> int:
    """Try each; gives the exit status."""
    if list(versions) == ["--linked"]:
        return linked()
    wheels = sorted(
        (ROOT / "target/wheels").glob("owt_serve-*.whl"), key=os.path.getmtime
    )
    if not wheels:
        sys.exit("no wheel in target/wheels: make wheel")
    HOME.mkdir(parents=True, exist_ok=True)
    wire, status, told = suite(), 0, []
    for version in versions or [*HERE, *DEBIAN]:
        try:
            told.append(f"Python {version}: {passes(version, wheels[-1], wire)}")
        except Skipped as reason:
            told.append(f"Python {version}: skipped, {reason}")
        except subprocess.CalledProcessError as error:
            told.append(f"Python {version}: FAILED, {error}")
            status = 1
        print(told[-1], flush=True)
    print("\n".join(told))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
