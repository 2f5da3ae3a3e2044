"""Build the wheel owt-serve: maturin builds the extension, and this the program beside it.

pip calls the functions (PEP 517). Run as a program it builds a wheel for machines with an older
glibc too, for which it wants `maturin`, `cargo-zigbuild` and `ziglang` installed.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "target" / "wheel"
DATA = TARGET / "data"
# The oldest glibc that such a wheel runs with, and the target of Rust's that zig links it for.
PORTABLE = "manylinux_2_28"
TRIPLE = f"{platform.machine()}-unknown-linux-gnu"
PROFILE = "dist"


def program(*, portable: bool) -> None:
    """Build the program without libpython, and put it where maturin looks for scripts."""
    build = ["zigbuild", "--target", f"{TRIPLE}.2.28"] if portable else ["build"]
    options = [
        "--bin",
        "owt",
        "--no-default-features",
        "--locked",
        "--profile",
        PROFILE,
    ]
    # Not the folder of other builds: features and flags differ, and each would undo the other's.
    options += ["--target-dir", str(TARGET)]
    subprocess.run(["cargo", *build, *options], cwd=ROOT, check=True)
    built = TARGET / (f"{TRIPLE}/{PROFILE}" if portable else PROFILE) / "owt"
    scripts = DATA / "scripts"
    scripts.mkdir(parents=True, exist_ok=True)
    shutil.copy2(built, scripts / "owt")
    subprocess.run(["strip", str(scripts / "owt")], check=True)


def build_wheel(
    directory: str, settings: Any = None, metadata: str | None = None
) -> str:
    """Build the wheel for this machine."""
    import maturin

    program(portable=False)
    return maturin.build_wheel(directory, settings, metadata)


def build_sdist(directory: str, settings: Any = None) -> str:
    """Pack the sources, from which the wheel can be built."""
    import maturin

    DATA.mkdir(parents=True, exist_ok=True)
    return maturin.build_sdist(directory, settings)


def get_requires_for_build_wheel(settings: Any = None) -> list[str]:
    """Nothing but what the project names."""
    return []


def get_requires_for_build_sdist(settings: Any = None) -> list[str]:
    """Nothing but what the project names."""
    return []


def main() -> None:
    """Build a wheel that runs on older machines too, into target/wheels."""
    program(portable=True)
    options = ["--zig", "--compatibility", PORTABLE, "--target", TRIPLE]
    options += ["--out", "target/wheels", "--target-dir", str(TARGET)]
    subprocess.run(
        [sys.executable, "-m", "maturin", "build", *options], cwd=ROOT, check=True
    )


if __name__ == "__main__":
    main()
