"""What `owt stubs` writes is accepted by type checkers, and calls."""

import pathlib
import shutil
import subprocess
import sys

import pytest
from conftest import HERE, OWT, environment

TSC = HERE.parents[1] / "clients/js/node_modules/.bin/tsc"

PYTHON = """
import datetime
from functions import Functions, OwtProblem

tools = Functions({url!r}).tools
assert tools.add(1) == 3
assert tools.add(1, y=5) == 6
assert tools.greet("owt", greeting="Goodbye") == "Goodbye, owt!"
tools.nothing()
assert tools.move({{"x": 1, "y": 2}})["x"] == 2.0
assert tools.total(1, 2, 3) == 6
assert tools.size(b"abc") == 3
assert tools.picture().startswith(b"\\x89PNG")
assert "".join(tools.count(2)) == "1\\n2\\n"
assert tools.day_of(datetime.datetime(2026, 7, 28)) == "2026-07-28"
assert tools.anything(a=1, code="1 / 0") == {{"a": 1, "code": "1 / 0"}}
assert tools.double(4) == 8
try:
    tools.fail("no such thing")
except OwtProblem as problem:
    assert problem.status == 500 and "no such thing" in str(problem)
else:
    raise AssertionError("it did not raise")
"""

TYPESCRIPT = """
import {{ Functions, OwtProblem }} from './functions.js';

function same(found: unknown, wanted: unknown): void {{
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(`${{found}} ${{wanted}}`);
}}

const {{ tools }} = new Functions('{url}');
const sum: number = await tools.add({{ x: 1 }});
same(sum, 3);
same(await tools.greet({{ name: 'owt', greeting: 'Goodbye' }}), 'Goodbye, owt!');
same(await tools.nothing(), null);
const moved = await tools.move({{ point: {{ x: 1, y: 2 }} }});
same(moved.x + moved.y, 4);
same(await tools.total({{ args: [1, 2, 3] }}), 6);
same(await tools.size({{ data: new Uint8Array([1, 2, 3]) }}), 3);
same((await tools.picture())[0], 0x89);
same(await tools.anything({{ code: '1 / 0' }}), {{ code: '1 / 0' }});
let text = '';
for await (const piece of tools.count({{ to: 2 }})) text += piece;
same(text, '1\\n2\\n');
let failed: unknown;
await tools.fail({{ why: 'no such thing' }}).catch((error: unknown) => (failed = error));
same(failed instanceof OwtProblem && failed.status, 500);
"""


def write(folder: pathlib.Path, url: str, language: str, name: str) -> None:
    """Write the stubs into a file."""
    command = [OWT, "stubs", "--for", language, "--address", url]
    made = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment()
    )
    (folder / name).write_text(made.stdout)


def run(folder: pathlib.Path, *command: str) -> None:
    """Run a program that has to end well."""
    done = subprocess.run(
        command, check=False, cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_python(url, tmp_path):
    write(tmp_path, url, "python", "functions.py")
    (tmp_path / "use.py").write_text(PYTHON.format(url=url))
    run(tmp_path, sys.executable, "use.py")
    run(tmp_path, sys.executable, "-m", "mypy", "--strict", "functions.py", "use.py")


@pytest.mark.skipif(
    not (shutil.which("node") and TSC.exists()),
    reason="no node, or no TypeScript: `npm ci` in clients/js installs it",
)
def test_typescript(url, tmp_path):
    write(tmp_path, url, "typescript", "functions.ts")
    (tmp_path / "use.ts").write_text(TYPESCRIPT.format(url=url))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    strict = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes"]
    target = ["--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"]
    run(tmp_path, str(TSC), *strict, *target, "functions.ts", "use.ts")
    run(tmp_path, "node", "use.js")
