"""The command `python -m owt.client`."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
from collections.abc import Iterable
from typing import BinaryIO

from . import _literals
from ._address import DEFAULT_URL
from ._call import Call
from ._client import Client
from ._errors import OwtError

_FAILED = 1


def run(argv: list[str]) -> int:
    """Runs the command; gives its exit status: 0, 1 when the call failed, 2 for wrong usage."""
    parser = _parser()
    given = parser.parse_args(argv)
    try:
        client = Client(given.address)
        call = _call(given)
    except (ValueError, TypeError, OSError, SyntaxError) as error:
        parser.error(str(error))
    if given.url:
        print(client.url_of(call))
        return 0
    try:
        with client, client.send(call, given.method) as answer:
            return _print(answer, sys.stdout.buffer)
    except OwtError as error:
        return _complain(_told(error))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m owt.client", description="Runs Python code on an owt server."
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="the code's file; - is stdin")
    parser.add_argument("--code", help="the code itself")
    parser.add_argument("--run", metavar="EXPR", help="a pipeline or other single expression")
    parser.add_argument(
        "--arg",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="an argument; VALUE is JSON or a Python literal, else text (repeatable)",
    )
    parser.add_argument("--kwargs", metavar="EXPR", help="all arguments as a Python expression")
    parser.add_argument("--method", type=str.upper, choices=["GET", "POST"], default="POST")
    parser.add_argument("--fn-name", metavar="NAME", help="the name to call (default: run)")
    parser.add_argument(
        "--address",
        metavar="URL",
        help=f"the server and the path to call (default: $OWT_URL or {DEFAULT_URL})",
    )
    parser.add_argument("--url", action="store_true", help="print the call's URL, call nothing")
    parser.add_argument("--use-cache", action="store_true", help="keep and reuse the result")
    parser.add_argument(
        "--cache-kwargs", action="store_true", help="with the arguments part of the cache's key"
    )
    parser.add_argument(
        "--cache-shared", action="store_true", help="share the result with other users"
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="the call's deadline")
    return parser


def _call(given: argparse.Namespace) -> Call:
    if given.kwargs is not None and given.arg:
        raise ValueError("give --kwargs or --arg, not both")
    named = {name: _literals.value(text) for name, text in given.arg}
    return Call.of(
        _code(given),
        kwargs=named or given.kwargs,
        fn_name=given.fn_name,
        use_cache=given.use_cache,
        cache_kwargs=given.cache_kwargs,
        cache_shared=given.cache_shared,
        timeout=given.timeout,
    )


def _code(given: argparse.Namespace) -> str:
    sources = [source for source in (given.file, given.code, given.run) if source is not None]
    if len(sources) != 1:
        raise ValueError("give the code once: a FILE, --code or --run")
    if given.code is not None:
        return str(given.code)
    if given.run is not None:
        # In brackets it may run over lines that begin with a dot.
        compile(f"({given.run.strip()}\n)", "--run", "eval")
        return str(given.run)
    if given.file == "-":
        return sys.stdin.read()
    return pathlib.Path(given.file).read_text(encoding="utf-8")


def _print(pieces: Iterable[bytes], out: BinaryIO) -> int:
    try:
        for piece in pieces:
            out.write(piece)
            out.flush()
    except BrokenPipeError:
        # The reader has seen enough. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _told(error: OwtError) -> str:
    lines = [str(error)]
    if error.problem.get("field"):
        lines.append(f"field: {error.problem['field']}")
    if error.traceback:
        lines.append(error.traceback.rstrip())
    return "\n".join(lines)


def _complain(text: str) -> int:
    print(f"owt: {text}", file=sys.stderr)
    return _FAILED
