"""What a run needs that the repository does not hold: wrk, the limit's build, the peers."""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

BENCHES = Path(__file__).resolve().parent.parent
REQUIREMENTS = BENCHES / "requirements.txt"


class ProvisionError(Exception):
    """Something the benchmark needs could not be had."""


def target_folder() -> Path:
    return Path(os.environ.get("CARGO_TARGET_DIR") or BENCHES.parent / "target").resolve()


def wrk() -> None:
    if shutil.which("wrk"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise ProvisionError("wrk is missing: install it (Debian: apt-get install wrk)")
    _say("installing wrk")
    _run(["apt-get", "update", "-q"])
    _run(["apt-get", "install", "-y", "-q", "wrk"])


def limit() -> Path:
    """Build the limit, in a target folder of its own so that it waits for no other build."""
    folder = target_folder() / "bench" / "limit"
    _say("building the limit")
    command = ["cargo", "build", "--release", "--locked", "--target-dir", str(folder)]
    _run(command, cwd=BENCHES / "limit")
    return folder / "release" / "owt-bench-limit"


def peers() -> Path:
    """The `bin` folder of the scratch environment; made once for each set of requirements."""
    wanted = REQUIREMENTS.read_bytes() + sys.version.encode()
    folder = target_folder() / "bench" / f"peers-{hashlib.sha256(wanted).hexdigest()[:12]}"
    complete = folder / "complete"
    if not complete.exists():
        _say(f"installing the peers into {folder} (once)")
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        _run([*pip, "install", "-q", "-r", str(REQUIREMENTS)])
        complete.touch()
    return folder / "bin"


def versions() -> dict[str, str]:
    """Return the version of each peer, as requirements.in names it."""
    lines = REQUIREMENTS.with_suffix(".in").read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


def _run(command: list[str], cwd: Path | None = None) -> None:
    try:
        subprocess.run(command, cwd=cwd, check=True, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ProvisionError(str(error)) from error
