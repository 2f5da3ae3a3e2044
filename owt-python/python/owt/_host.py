"""All that the server calls of this package, in one place."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

from . import (
    _cwd,
    _fork,
    _json,
    _libs,
    _log,
    _native_waits,
    _pyplot,
    _starts,
    _waits,
    _walls,
    adaptors,
    server,
)
from ._adaptor import Adaptor, load
from ._arguments import arguments
from ._context import current
from ._errors import Cancelled, Refused, Unrenderable, check_call, describe
from ._exits import run_exits
from ._flask import push_flask
from ._loop import drive, start_loop, stop_loop
from ._request import request_for
from ._state import leave
from ._wishes import wants_own_thread

# Here, not when they are first asked: an adaptor may have broken what importing takes by then.
from .forms import displays, protocols
from .functions._parameters import Parameters as parameters
from .responses import opening, respond

__all__ = [
    "Adaptor",
    "Cancelled",
    "Refused",
    "Unrenderable",
    "arguments",
    "check_call",
    "current",
    "describe",
    "displays",
    "drive",
    "install",
    "leave",
    "load",
    "opening",
    "parameters",
    "protocols",
    "push_flask",
    "request_for",
    "respond",
    "run_exits",
    "start_loop",
    "stop_loop",
    "wants_own_thread",
]


def install(
    *,
    address: str,
    port: int,
    binary: str,
    adaptors_dir: str,
    lib_dirs: Sequence[str],
    native_threads: int,
    verbosity: int,
    keeps_files: bool,
    keeps_network: bool,
    log: Callable[[int, str, str, str, str], None],
    forked: Callable[[], None],
    is_call: Callable[[], bool],
    write_json: Callable[[object], bytes],
    write_lines: Callable[[object], bytes],
) -> None:
    """Make this interpreter a worker of the server. Once, on the main thread, before any call.

    `address` is an IP address; on a Unix socket `unix:` and its path, and `port` is 0.
    `native_threads` is how many threads one computation of a native library may use.
    `log(level, logger, request_id, line, trace_id)` takes what adaptors print and log;
    `forked()` is called in each child after a fork; `is_call()` says whether a call runs on the
    thread that asks; `write_json` is `_json.encoded` and `write_lines` is `_json.lines`, natively;
    `keeps_files` and `keeps_network` are what the sandbox keeps adaptors from.
    """
    _walls.configure(keeps_files=keeps_files, keeps_network=keeps_network)
    # What BLAS libraries and OpenMP, numexpr and torch go by when they are loaded.
    os.environ.setdefault("OMP_NUM_THREADS", str(native_threads))
    os.makedirs(adaptors_dir, exist_ok=True)
    # in the environment, so that processes started by an adaptor find the adaptors too
    os.environ[adaptors.FOLDER] = os.path.abspath(adaptors_dir)
    server.configure(address=address, port=port, binary=binary)
    _libs.serve(lib_dirs)
    _json.install(write_json, write_lines)
    _log.install(log, verbosity)
    _fork.install(forked, port or address.removeprefix("unix:"))
    _waits.install(is_call)
    main = threading.get_ident()
    _native_waits.install(lambda: threading.get_ident() != main and is_call())
    _cwd.install(is_call)
    _starts.install()
    _pyplot.install()
