"""What the sandbox has refused: by which flag of `owt serve`, and what to do about it."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

_REFUSED = (errno.EACCES, errno.EPERM)
# Causes of an error, and theirs, that are looked at.
_DEPTH = 8


class _Walls:
    keeps_files = False
    keeps_network = False


def configure(*, keeps_files: bool, keeps_network: bool) -> None:
    """Say what keeps adaptors in: `--sandbox`, `--no-network`."""
    _Walls.keeps_files, _Walls.keeps_network = keeps_files, keeps_network


def hint(error: BaseException) -> str:
    """Give what to add to an error that the sandbox has caused. Empty for every other error."""
    if not (_Walls.keeps_files or _Walls.keeps_network):
        return ""
    for cause in causes(error):
        if isinstance(cause, socket.gaierror) and _Walls.keeps_network:
            return _NETWORK
        if isinstance(cause, OSError) and cause.errno in _REFUSED:
            return _of(cause)
    return ""


_NETWORK = "; `owt serve --no-network` opens no sockets to adaptors"
_FILES = (
    "; `owt serve --sandbox` lets adaptors write to their temporary files and cache only: "
    "`--writable FOLDER` opens one more folder to them"
)
_OTHERS = (
    "; `owt serve --sandbox` keeps adaptors from other processes and from much that they share, "
    "`--no-network` from sockets: /_owt/docs/sandbox says what breaks, and the mend"
)


def _of(error: OSError) -> str:
    path = error.filename
    if not isinstance(path, (str, bytes)):
        return _OTHERS if _Walls.keeps_files else _NETWORK
    if not _Walls.keeps_files or not _is_ours(path):
        return ""
    return _FILES


def _is_ours(path: str | bytes) -> bool:
    """Whether the path's owner and mode let this user write there, which landlock does not ask."""
    try:
        there = path if os.path.lexists(path) else os.path.dirname(os.path.abspath(path))
        return os.access(there, os.W_OK)
    except (OSError, ValueError):
        return False


def causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error, its cause, the cause of that and so on."""
    seen: BaseException | None = error
    for _ in range(_DEPTH):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__
