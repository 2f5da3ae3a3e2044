"""The lines of clients/shell/README.md, run as they stand."""

import json
import os
import pathlib
import subprocess

from serving import ROOT, binary, serving, snippets

README = ROOT / "clients/shell/README.md"
TOKEN = "a-token-of-thirty-two-characters"


def run(text, address, folder):
    path = f"{pathlib.Path(binary()).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OWT_URL": address, "OWT_TOKEN": TOKEN}
    text = text.replace("http://127.0.0.1:9876", address)
    command = ["sh", "-eu", "-c", text]
    ran = subprocess.run(command, capture_output=True, env=environment, timeout=60, cwd=folder)
    assert ran.returncode == 0, f"{text}\n{ran.stderr.decode()}"
    return ran.stdout.decode()


def test_the_lines(server, tmp_path):
    lines = [text for heading, text in snippets(README, "sh") if not heading.startswith("Keys")]
    address, encoded, written, body, file, url, data, stream, problem = lines
    assert address == "export OWT_URL=http://127.0.0.1:9876\n"
    assert run(encoded, server, tmp_path) == '{"mean":4,"root":2.0}'
    assert run(written, server, tmp_path) == "Hello, world!"
    assert run(body, server, tmp_path) == "Hello, 世界! Hello, 世界! "
    assert run(file, server, tmp_path) == '{"mean":4,"root":2.0}'
    assert run(url, server, tmp_path) == "2432902008176640000"
    assert run(data, server, tmp_path) == "10"
    assert run(stream, server, tmp_path) == '{"n":0}\n{"n":1}\n{"n":2}\n'
    told, end = run(problem, server, tmp_path).rsplit("}", 1)
    assert json.loads(told + "}")["exception"]["type"] == "ZeroDivisionError"
    assert end == "failed with 22\n"
    prose = README.read_text(encoding="utf-8")
    for printed in ['{"mean":4,"root":2.0}', "2432902008176640000", "10", "failed with 22"]:
        assert f"`{printed}`" in prose


def test_the_written_line_is_what_owt_writes():
    [written] = [text for _, text in snippets(README, "sh") if text.startswith("curl -N -H")]
    code = 'def run(name):\n    return f"Hello, {name}!"\n'
    command = [binary(), "encode", "-", '{"name": "world"}', "--as", "curl"]
    command += ["--address", "http://127.0.0.1:9876"]
    ran = subprocess.run(command, input=code, capture_output=True, text=True, timeout=60)
    assert ran.stdout == written


def test_keys(tmp_path):
    [text] = [text for heading, text in snippets(README, "sh") if heading.startswith("Keys")]
    with serving(tmp_path, "--token", TOKEN) as address:
        assert run(text, address, tmp_path) == "HELLO"
