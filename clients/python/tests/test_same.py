"""docs/clients.md: what it shows is in programs that are run, and that print the same."""

import json
import os
import re
import subprocess
import sys

import pytest

from serving import PACKAGE, ROOT, binary

#: The document's columns, and the programs that they are from, which each client's tests run.
PROGRAMS = {
    "Python": "clients/python/tests/same.py",
    "JavaScript": "clients/js/test/same.mjs",
    "Rust": "owt-client/examples/same.rs",
    "Haskell": "clients/haskell/test/same.hs",
    "`owt call`": "clients/shell/same.sh",
}
SAME = json.loads((ROOT / "clients/vectors/same.json").read_text(encoding="utf-8"))


def blocks(path):
    """What a program does for each row, below a comment that names it."""
    text = (ROOT / path).read_text(encoding="utf-8")
    parts = re.split(r"(?m)^ *(?:#|//|--) (.*)\n", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows():
    """The document's rows: a name, and what stands in each column."""
    text = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
    for line in re.findall(r"(?m)^\| ([^|]+? \|.*) \|$", text):
        name, *cells = [cell.strip() for cell in f"{line} ".split(" |")]
        yield name, dict(zip(PROGRAMS, cells, strict=True))


def told(command, address):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "OWT_URL": address}
    folder = os.path.dirname(binary())
    environment["PATH"] = f"{folder}:{environment['PATH']}"
    ran = subprocess.run(command, capture_output=True, env=environment, timeout=120)
    assert ran.returncode == 0, ran.stderr.decode()
    return dict(line.split(" : ", 1) for line in ran.stdout.decode().splitlines())


def test_the_document_has_each_row_once():
    assert sorted(name for name, _ in rows()) == sorted(SAME)


@pytest.mark.parametrize("language", PROGRAMS)
def test_what_it_shows_is_in_a_program_that_is_run(language):
    done = blocks(PROGRAMS[language])
    shown = 0
    for name, cells in rows():
        for code in re.findall(r"`([^`]+)`", cells[language]):
            assert code in done[name], f"{language}, {name}"
            shown += 1
    assert shown >= 19


def test_python(server):
    assert told([sys.executable, ROOT / PROGRAMS["Python"]], server) == SAME


def test_shell(server, tmp_path):
    printed = told(["sh", ROOT / PROGRAMS["`owt call`"], tmp_path], server)
    left = {"status and headers", "JSON lines", "events"}
    left |= {"what the adaptor raised", "kinds of errors"}
    assert printed == {name: value for name, value in SAME.items() if name not in left}
