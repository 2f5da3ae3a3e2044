"""Programs of TARP's, served by owt."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import pickle
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple

from serving import PACKAGE, binary

PROGRAMS = pathlib.Path(__file__).parent / "tarp_programs"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def running(
    name: str, folder: pathlib.Path, *arguments: str, old: str = "", new: str = ""
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start a program on a free port in place of its 8080; gives its address and process."""
    source = (PROGRAMS / name).read_text().replace("port=8080", f"port={free_port()}")
    if old:
        assert old in source
        source = source.replace(old, new)
    program = folder / name
    program.write_text(source)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OWT_")}
    environment |= {"PYTHONPATH": str(PACKAGE), "OWT_BINARY": binary()}
    command = [sys.executable, str(program), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout
        first = process.stdout.readline()
        found = re.match(r"owt serving on (\S+)", first)
        assert found, first
        yield found.group(1).rstrip("/"), process
    finally:
        process.terminate()
        process.communicate(timeout=60)


class Answer(NamedTuple):
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json", self.body
        return json.loads(self.body)


def asked(
    address: str, target: str, body: bytes | None = None, media: str = "", method: str | None = None
) -> Answer:
    headers = {"Accept": "*/*", **({"Content-Type": media} if media else {})}
    method = method or ("GET" if body is None else "POST")
    request = urllib.request.Request(address + target, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def packed(value: object) -> str:
    return base64.b64encode(pickle.dumps(value)).decode()


def unpacked(answer: Answer) -> Any:
    assert answer.status == 200, answer.body
    return pickle.loads(base64.b64decode(answer.json["result"]["payload"]))


def rpc(address: str, name: str, *args: Any, **kwargs: Any) -> Answer:
    body = json.dumps({"args": packed(args), "kwargs": packed(kwargs)}).encode()
    return asked(address, f"/{name}", body, "application/json")


def masked(value: Any) -> Any:
    """Hide what differs from run to run: names of calls, and pickles but for what is in them."""
    if isinstance(value, dict):
        return {
            name: "…" if name == "ID" else _opened(one) if name == "payload" else masked(one)
            for name, one in value.items()
        }
    return [masked(one) for one in value] if isinstance(value, list) else value


def _opened(text: str) -> str:
    return repr(pickle.loads(base64.b64decode(text)))
