"""What is built holds what it should, and works where nothing else is installed."""

import pathlib
import subprocess
import sys
import tarfile
import zipfile

import pytest

from owt.client import Client
from serving import PACKAGE, ROOT, serving, snippets

HERE = ROOT / "clients/python"
LICENCES = {"LICENSE-MIT", "LICENSE-APACHE"}
SHIPPED = {
    path.relative_to(PACKAGE).as_posix(): path.read_bytes()
    for path in [
        PACKAGE / "owt/__init__.py",
        PACKAGE / "owt/py.typed",
        *(PACKAGE / "owt/client").glob("*.py"),
        *(
            PACKAGE / "owt/tarp" / name
            for name in ("__init__.py", "_errors.py", "_pickles.py", "client.py")
        ),
    ]
}


def run(*command, **options):
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(HERE))
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The Python of a fresh environment that has the wheel."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    python = str(folder / "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--quiet"]
    run(*pip, str(built[1]))
    return python


def test_the_licences_are_the_projects():
    for name in LICENCES:
        assert (HERE / name).read_bytes() == (ROOT / name).read_bytes()


def test_the_version_is_the_packages(built):
    import owt

    for file in built:
        assert file.name.startswith(f"owt_client-{owt.__version__}")


def test_the_wheel(built):
    with zipfile.ZipFile(built[1]) as wheel:
        files = {name: wheel.read(name) for name in wheel.namelist()}
    [info] = {name.split("/")[0] for name in files if ".dist-info/" in name}
    expected = {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL")}
    expected |= {f"{info}/licenses/{name}" for name in LICENCES}
    assert set(files) == expected | set(SHIPPED)
    assert {name: files[name] for name in SHIPPED} == SHIPPED
    metadata = files[f"{info}/METADATA"].decode()
    assert "License-Expression: MIT OR Apache-2.0" in metadata
    assert "Requires-Dist" not in metadata and "# owt-client" in metadata


def test_the_sdist(built):
    with tarfile.open(built[0]) as sdist:
        names = {pathlib.PurePath(name).relative_to(sdist.getnames()[0].split("/")[0]).as_posix()
                 for name in sdist.getnames()}  # fmt: skip
    own = {"README.md", "pyproject.toml", "hatch_build.py", "PKG-INFO", ".gitignore"}
    assert names == own | LICENCES | set(SHIPPED)


def test_a_strangers_first_minute(installed, server, tmp_path):
    ten_lines = next(text for heading, text in snippets(HERE / "README.md", "python"))
    assert len(ten_lines.splitlines()) <= 10
    script = tmp_path / "first.py"
    script.write_text(ten_lines.replace("http://127.0.0.1:9876", server))
    assert run(installed, str(script)) == "{'mean': 4, 'root': 2.0}\n"
    command = [installed, "-m", "owt.client", "--address", server, "--run", "f(math.sqrt)"]
    assert run(*command, "--kwargs", "9") == "3.0"


def test_what_it_has_not_is_told(installed):
    ran = subprocess.run(
        [installed, "-c", "from owt import pipe"], capture_output=True, text=True, timeout=60
    )
    assert "ImportError: 'pipe' is for code that runs on a server" in ran.stderr
    assert run(installed, "-c", "import owt; print(owt.Client.__name__)") == "Client\n"


def test_a_server_that_serves_its_environment_keeps_its_own_package(installed, tmp_path):
    code = """
    import owt, owt.client
    from owt import pipe, summat
    def run(): return [owt.__file__, owt.client.__file__, summat.__file__]
    """.replace("\n    ", "\n")
    with serving(tmp_path, python=installed) as address:
        files = Client(address)(code)
    venv = str(pathlib.Path(installed).parents[1])
    home = str(pathlib.Path(files[0]).parent)
    assert all(file.startswith(home) and not file.startswith(venv) for file in files)


def test_to_import_the_client_is_cheap():
    """It is inside each worker, and on the way of each short program."""
    script = "import sys, owt.client; print(*sys.modules)"
    loaded = run(sys.executable, "-S", "-c", script, cwd=PACKAGE).split()
    heavy = {"inspect", "asyncio", "dataclasses", "argparse", "symtable", "owt.summat"}
    assert not heavy & set(loaded)
