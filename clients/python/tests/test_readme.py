"""The README's snippets run, and print what they say."""

import os
import re
import subprocess
import sys
import textwrap

from serving import PACKAGE, ROOT, serving, snippets

README = ROOT / "clients/python/README.md"
TOKEN = "a-token-of-thirty-two-characters"


def run(text, address, folder, *command):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "OWT_TOKEN": TOKEN}
    # A function's source can only be sent from a file.
    script = folder / "script"
    script.write_text(text.replace("http://127.0.0.1:9876", address), encoding="utf-8")
    ran = subprocess.run(
        [*command, script], capture_output=True, text=True, env=environment, timeout=60, cwd=folder
    )
    assert ran.returncode == 0, f"{text}\n{ran.stderr}"
    return ran.stdout


def promised(text):
    """What the comments beside `print` say, word for word."""
    return " ".join(re.findall(r"print\(.*\)  # (.*)$", text, re.M)).split()


def test_python(server, tmp_path):
    found = snippets(README, "python")
    assert len(found) == 13
    first = textwrap.dedent("""
        from owt.client import Client
        client = Client("http://127.0.0.1:9876")
    """)
    for heading, text in found:
        assert promised(text)
        if heading.startswith("Keys"):
            with serving(tmp_path, "--token", TOKEN) as address:
                printed = run(text, address, tmp_path, sys.executable)
        else:
            printed = run(first + text, server, tmp_path, sys.executable)
        assert printed.split() == promised(text), heading


def test_shell(server, tmp_path):
    [(_, install), (_, text)] = snippets(README, "sh")
    assert install.split("#")[0].split() == ["pip", "install", "./clients/python"]
    text = text.replace("python -m", f"{sys.executable} -m")
    assert run(text, server, tmp_path, "sh", "-e") == "Hello, world!2432902008176640000"
