"""Has `owt serve` serve the program that calls `runServer`: outside, and inside its worker.

Outside, the process becomes `owt serve`. Inside, the program is run again as `__main__` up to its
`runServer`, whose server then answers.
"""

from __future__ import annotations

import ipaddress
import json
import os
import runpy
import socket
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from ..server import binary

if TYPE_CHECKING:
    from .server import server

#: The program's own arguments, for whoever runs it again.
_ARGUMENTS = "OWT_TARP_ARGUMENTS"
#: Settings of `owt serve` by which it asks for a key.
_KEYS = ("OWT_TOKEN", "OWT_TOKEN_FILE", "OWT_AUTH", "OWT_AUTH_FILE")


class _Reached(BaseException):
    """Ends the program at its `runServer`; what catches errors does not catch it."""

    def __init__(self, cls: type[server]) -> None:
        super().__init__()
        self.cls = cls


# The thread that runs the program in a worker.
_runs = threading.local()


def run_server(
    cls: type[server], files: tuple[str, str] | None, port: int, address: str
) -> NoReturn:
    """Serve it: in a worker by giving it to whoever runs the program."""
    if getattr(_runs, "here", False):
        raise _Reached(cls)
    program = _program()
    owt = binary()
    flags = ["--port", str(port), *_door(address)]
    if files is not None:
        flags += ["--tls-cert", files[0], "--tls-key", files[1]]
    os.environ[_ARGUMENTS] = json.dumps(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Its standard streams and its process id are the program's: so signals reach it.
    argv = [owt, "serve", "--python", sys.executable, "--workers", "1", *flags]
    os.execv(owt, [*argv, "--tarp", program])


def _door(address: str) -> list[str]:
    """Give the flags that say where it listens and who may come in."""
    has_key = any(os.environ.get(name) for name in _KEYS)
    if not address and not has_key:
        sys.stderr.write(
            "Only this machine is served, since no key is asked for. For others too: set OWT_TOKEN,"
            " or pass bindTo='0.0.0.0', which lets whoever reaches it run any code.\n"
        )
        address = "127.0.0.1"
    flags = ["--address", address or "0.0.0.0"]
    if not address or not ipaddress.ip_address(address).is_loopback:
        for name in dict.fromkeys((socket.gethostname(), socket.getfqdn())):
            flags += ["--allow-host", name]
        if not has_key:
            flags.append("--insecure-no-auth")
    return flags


def _program() -> str:
    """Give what was started: a file, or a module by its name."""
    import __main__

    spec = getattr(__main__, "__spec__", None)
    if spec is not None:
        return str(spec.name)
    file = getattr(__main__, "__file__", None)
    if file is None or not Path(file).is_file():
        raise RuntimeError(
            "runServer serves a program that is in a file, for its worker runs it too: write it "
            "into one, and start that"
        )
    return str(Path(file).resolve())


def reached(program: str) -> type[server]:
    """Run the program as `__main__`, up to its `runServer`; gives the server that it serves.

    Raises `RuntimeError` where it does not come there.
    """
    import __main__

    before = __main__, sys.argv, sys.path[:]
    is_file = program.endswith(".py") or Path(program).is_file()
    arguments = json.loads(os.environ.get(_ARGUMENTS) or "[]")
    sys.argv = [program, *arguments]
    if is_file:
        sys.path.insert(0, str(Path(program).parent))
    try:
        return _run(program, is_file=is_file)
    except BaseException:
        sys.modules["__main__"], sys.argv, sys.path[:] = before
        raise


def _run(program: str, *, is_file: bool) -> type[server]:
    _runs.here = True
    try:
        if is_file:
            _as_main(program)
        else:
            runpy.run_module(program, run_name="__main__", alter_sys=True)
    except _Reached as end:
        return end.cls
    except SystemExit as end:
        raise RuntimeError(f"{program} ended by itself, with status {end.code}") from end
    finally:
        _runs.here = False
    raise RuntimeError(f"{program} ended without a call of runServer")


def _as_main(file: str) -> None:
    # Stays there, unlike what runpy does: pickles name what it defines as __main__'s.
    main: Any = ModuleType("__main__")
    main.__file__ = file
    main.__builtins__ = __builtins__
    sys.modules["__main__"] = main
    code = compile(Path(file).read_bytes(), file, "exec")
    exec(code, main.__dict__)
