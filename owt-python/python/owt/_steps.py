"""What the steps do that reach outside: the request, files, the shell, packages."""

from __future__ import annotations

import importlib
import io
import os
import re
import shlex
import subprocess
import sys
from _thread import allocate_lock
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO
from urllib.parse import unquote

from ._context import current, running
from ._errors import Refused
from ._flow import NOTHING, State
from ._request import Request, request_for

_CHUNK = 64 * 1024
_STDERR = 4096
_installed: set[str] = set()
_installing = allocate_lock()


def the_request() -> Request:
    """Give the request of the running call. Raises RuntimeError outside one."""
    return request_for(running())


def path_parts() -> list[str]:
    """Give the parts of the request's path, decoded, without empty ones.

    A slash that came as `%2F` is a part's own.
    """
    return [unquote(part) for part in the_request().raw_path.split("/") if part]


def restart(state: State) -> State:
    """Go back to what the pipeline was called with; without that, to the call's arguments."""
    last, named = state.call
    if last is NOTHING and not named:
        given = getattr(current.get(None), "args", None)
        if isinstance(given, dict):
            named = given
        elif given is not None:
            last = given
    return State(last, named, state.call)


def named_value(state: State, name: str, default: Any) -> Any:
    """Give a named value; Refused when the caller left it out, LookupError when a step did."""
    if name in state.named:
        return state.named[name]
    if default is not NOTHING:
        return default
    if name in state.call[1]:
        raise LookupError(
            f"the argument `{name}` is no longer there: a step before kept only its result. "
            f"input().kwarg({name!r}) starts again from the call's arguments"
        )
    raise Refused("malformed-call", "kwargs_b64", f"the pipeline needs an argument `{name}`")


def item(value: Any, key: Any, default: Any) -> Any:
    """Give `value[key]`, or the attribute of that name where a value has no keys."""
    try:
        if hasattr(type(value), "__getitem__"):
            return value[key]
        return getattr(value, key)
    except (LookupError, AttributeError):
        if default is NOTHING:
            raise
        return default


def at(values: Any, index: int) -> Any:
    """Give the value at an index, counted from the end when negative; iterators are used up."""
    if hasattr(type(values), "__getitem__") and not isinstance(values, dict):
        return values[index]
    if index >= 0:
        found: Any = list(islice(values, index, index + 1))
    else:
        tail = deque(values, maxlen=-index)
        found = [tail[0]] if len(tail) == -index else []
    if not found:
        raise IndexError(f"there is no value at {index}")
    return found[0]


def open_file(name: Any, root_dir: str | os.PathLike[str] | None) -> BinaryIO:
    """Open a file to read its bytes; with `root_dir`, nothing outside that folder.

    Names are relative to the folder. Parts of a path, as path() gives them, are joined.
    Raises PermissionError for what is outside: by `..`, as an absolute path or through a link.
    """
    if isinstance(name, list | tuple):
        name = "/".join(map(str, name))
    if not isinstance(name, str | os.PathLike):
        raise TypeError(f"open() needs the name of a file, not {type(name).__name__}")
    if root_dir is None:
        return open(name, "rb")
    root = os.path.realpath(root_dir)
    real = os.path.realpath(os.path.join(root, name))
    _inside(real, root, name)
    file = open(real, "rb")  # noqa: SIM115
    try:
        # a link put in place after the check is seen in what was really opened
        opened = f"/proc/self/fd/{file.fileno()}"
        if os.path.islink(opened):
            _inside(os.path.realpath(opened), root, name)
    except BaseException:
        file.close()
        raise
    return file


def _inside(real: str, root: str, name: Any) -> None:
    if os.path.commonpath([real, root]) != root:
        raise PermissionError(f"{os.fspath(name)!r} is outside the folder {root!r}")


def all_bytes(value: Any) -> bytes:
    """Give the bytes of a file (which is then closed), a text (as UTF-8) or what holds bytes."""
    if isinstance(value, io.BytesIO):
        return value.getvalue()  # also what was just written to it
    if hasattr(value, "read"):
        file = value
        try:
            value = file.read()
        finally:
            if hasattr(file, "close"):
                file.close()
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise TypeError(f"bytes() needs a file, a text or bytes, not {type(value).__name__}")


def chunks(value: Any) -> Iterator[Any]:
    """Give a file in chunks of 64 KiB, and of anything else each item."""
    if isinstance(value, str | bytes | bytearray | memoryview):
        yield value
    elif hasattr(value, "read"):
        with value:
            while piece := value.read(_CHUNK):
                yield piece
    else:
        yield from value


def bash(command: Any) -> str:
    """Run a command with bash and give its standard output; a list is quoted as one command.

    Raises RuntimeError with what it wrote to standard error when its exit status is not zero.
    """
    if isinstance(command, list | tuple):
        command = shlex.join(map(str, command))
    if not isinstance(command, str):
        raise TypeError(f"shell() needs a command as text, not {type(command).__name__}")
    done = subprocess.run(
        ["bash", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()[-_STDERR:]
        how = f"status {done.returncode}" if done.returncode > 0 else f"signal {-done.returncode}"
        raise RuntimeError(f"the command ended with {how}" + (f": {said}" if said else ""))
    return done.stdout.decode("utf-8", "replace")


def import_into(namespace: dict[str, Any], modules: tuple[str, ...]) -> None:
    """Import modules, and bind them where the pipeline was written, as `import x` there would."""
    for name in modules:
        importlib.import_module(name)
        top = name.partition(".")[0]
        namespace.setdefault(top, sys.modules[top])


def install(packages: tuple[str, ...]) -> None:
    """Install packages by pip for this interpreter, those that are not there, once.

    Raises RuntimeError with what pip said.
    """
    with _installing:
        missing = [package for package in packages if not _has(package)]
        if not missing:
            return
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "--",
            *missing,
        ]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip()[-_STDERR:]
            raise RuntimeError(f"pip could not install {', '.join(missing)}: {said}")
        _installed.update(missing)
        importlib.invalidate_caches()


def _has(package: str) -> bool:
    if package in _installed:
        return True
    if not re.fullmatch(r"[A-Za-z0-9._-]+", package):
        return False  # has a version or an extra: pip knows whether that is met
    # Not with the others: it is an eighth of what a worker does before its first call.
    import importlib.metadata

    try:
        importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
