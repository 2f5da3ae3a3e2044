"""One way of installing, which says what it will fetch before it does."""

import os
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest

import serving

PINS = sorted((serving.EXAMPLES / "requirements").glob("*.txt"))
SIZES = "# 3 MB to download, 7 MB on disk\n"


PIN = re.compile(r"([\w.-]+)==([\w.]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def pinned(path):
    _, _, text = path.read_text(encoding="utf-8").partition("\n")
    assert not PIN.sub("", text), "there is more than versions with hashes"
    return {package: version for package, version, _ in PIN.findall(text)}


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.stem)
def test_sizes_first_and_then_nothing_but_pins(path):
    assert re.match(r"# \d+ MB to download, \d+ MB on disk\n", path.read_text(encoding="utf-8"))
    assert pinned(path)


def test_shared_packages_have_one_version():
    versions = {}
    for path in PINS:
        for package, version in pinned(path).items():
            versions.setdefault(package.lower().replace("_", "-"), set()).add(version)
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.stem)
def test_the_readme_tells_the_same_sizes(path):
    download, disk = re.findall(r"\d+ MB", path.read_text(encoding="utf-8").splitlines()[0])
    readme = (serving.EXAMPLES / "README.md").read_text(encoding="utf-8")
    [row] = re.findall(rf"^\| \[{path.stem}\].*$", readme, re.M)
    assert row.endswith(f"| {download} | {disk} |")


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


class World:
    """An index with one small package, `tiny`, and a folder of requirements."""

    def __init__(self, path: pathlib.Path) -> None:
        self.requirements, self.folder = path / "requirements", path / "installed"
        self.wheels = path / "wheels"
        self.requirements.mkdir()
        self.wheels.mkdir()
        for version in ("1.0", "2.0"):
            info = f"tiny-{version}.dist-info"
            with zipfile.ZipFile(self.wheels / f"tiny-{version}-py3-none-any.whl", "w") as wheel:
                wheel.writestr("tiny.py", f"version = '{version}'\n")
                wheel.writestr(
                    f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n"
                )
                wheel.writestr(
                    f"{info}/WHEEL",
                    "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                )
                wheel.writestr(f"{info}/RECORD", "")

    def needs(self, name, text):
        (self.requirements / f"{name}.txt").write_text(text)

    def install(self, *names):
        """Runs it with no index but ours: its exit status, what it printed, its complaints."""
        places = ["--requirements", self.requirements, "--folder", self.folder]
        only_ours = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "NO_COLOR": "1"}
        run = subprocess.run(
            [sys.executable, serving.EXAMPLES / "install", *places, *names],
            capture_output=True,
            text=True,
            env={**os.environ, **only_ours},
            timeout=120,
            check=False,
        )
        return run.returncode, run.stdout, run.stderr

    def version(self):
        command = [self.folder / "venv/bin/python", "-c", "import tiny; print(tiny.version)"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_says_the_size_then_installs_then_has_nothing_to_do(world):
    world.needs("small", f"{SIZES}tiny==1.0\n")
    status, told, _ = world.install("small")
    assert status == 0
    assert told.index("3 MB to download,    7 MB on disk") < told.index("making")
    assert told.index("making") < told.index("small: installing") < told.index("small: ready")
    assert world.version() == "1.0"
    assert world.install("small") == (0, "small: nothing to do\n", "")
    assert world.install("all") == (0, "all: nothing to do\n", "")

    world.needs("small", f"{SIZES}tiny==2.0\n")
    assert world.install("all")[0] == 0
    assert world.version() == "2.0"


def test_what_does_not_install_is_told_and_the_rest_is_installed(world):
    world.needs("bad", f"{SIZES}tiny==9.9\n")
    world.needs("good", f"{SIZES}tiny==1.0\n")
    status, told, complaints = world.install("all")
    assert status == 1
    assert "together       6 MB to download,   14 MB on disk" in told
    last = complaints.splitlines()[-1]
    assert last == "examples/install: bad failed: No matching distribution found for tiny==9.9"
    assert (world.folder / "bad.failed").read_text() == f"{last.split('failed: ')[1]}\n"
    assert not (world.folder / "bad.ready").exists()
    assert world.version() == "1.0"
    assert world.install("good") == (0, "good: nothing to do\n", "")

    world.needs("bad", f"{SIZES}tiny==1.0\n")
    assert world.install("bad")[0] == 0
    assert not (world.folder / "bad.failed").exists()


@pytest.mark.parametrize(
    ("name", "pins", "complaint"),
    [
        ("other", SIZES, "no example is called other; there are: small, all"),
        ("small", "tiny==1.0\n", "the first line is not '# N MB to download, N MB on disk'"),
        (
            "small",
            "# 1 MB to download, 999999999 MB on disk\ntiny==1.0\n",
            "MB free, and this may take 1000000020 MB",
        ),
    ],
)
def test_refuses_before_it_has_begun(world, name, pins, complaint):
    world.needs("small", pins)
    status, _, complaints = world.install(name)
    assert status == 1
    assert complaints.startswith("examples/install: ") and complaints.count("\n") == 1
    assert complaint in complaints
    assert not (world.folder / "venv").exists()
