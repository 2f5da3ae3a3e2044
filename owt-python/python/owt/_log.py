"""What adaptors print and log, as lines of the server's log, each marked with its call."""

from __future__ import annotations

import io
import logging
import os
import sys
import weakref

# By these names an adaptor cannot put others in their place, as gevent does.
from _thread import RLock, allocate_lock
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, BinaryIO

from . import _stdio
from ._context import current
from ._errors import UNNAMED, shown

Log = Callable[[int, str, str, str, str], None]

# A longer line is handed on in pieces of this many characters.
PIECE = 8 << 10


class _Target:
    """Where lines go; a forked child exchanges it."""

    def __init__(self) -> None:
        self.log: Log = _to_stderr


def _to_stderr(level: int, logger: str, call: str, line: str, trace: str) -> None:
    del level, logger, call, trace
    _write_all(2, line + "\n")


def _write_all(fd: int, text: str) -> None:
    data = text.encode("utf-8", "backslashreplace")
    while data:
        data = data[os.write(fd, data) :]


_target = _Target()


def call_id() -> str:
    """The id of the call whose code is running, empty outside calls."""
    return str(getattr(current.get(None), "id", ""))


def trace_id() -> str:
    """The id of the trace that the call whose code is running is part of, or empty."""
    return str(getattr(current.get(None), "trace", ""))


def emit(level: int, logger: str, call: str, text: str, trace: str) -> None:
    """Hands on one line, which is bounded here and is UTF-8 afterwards.

    Code goes by the name that its sender gave it.
    """
    text = shown(text, getattr(current.get(None), "code_name", None) or UNNAMED)
    if not text.isascii():
        # A lone surrogate (a file name that is no UTF-8) has no form in the server's log.
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    for start in range(0, len(text) or 1, PIECE):
        _target.log(level, logger, call, text[start : start + PIECE], trace)


class _Partial:
    """The line that one call has begun on one stream.

    It lives in the context of the call (or of the thread outside calls), and so goes away with
    it; what is left of a line is then handed on.
    """

    def __init__(self, level: int, logger: str, call: str, trace: str) -> None:
        self.call = call
        self._trace = trace
        self._level = level
        self._logger = logger
        self._text = ""
        self._lock = allocate_lock()

    def write(self, text: str) -> None:
        with self._lock:
            start = 0
            while (end := text.find("\n", start)) >= 0:
                self._add(text, start, end)
                self._emit()
                start = end + 1
            self._add(text, start, len(text))

    def flush(self) -> None:
        with self._lock:
            # A progress bar redraws its line and flushes each time: only its last state counts.
            if self._text and not self._text.startswith("\r"):
                self._emit()

    def finish(self) -> None:
        with self._lock:
            if self._text.strip("\r"):
                self._emit()

    def _add(self, text: str, start: int, end: int) -> None:
        """Takes a part of a line, in pieces: it may be very long."""
        while start < end:
            stop = min(end, start + PIECE - len(self._text))
            joined = self._text + text[start:stop]
            redrawn = joined.rstrip("\r").rfind("\r")
            # As on a terminal, what a carriage return goes back over is written over.
            self._text = joined[redrawn:] if redrawn > 0 else joined
            start = stop
            if len(self._text) >= PIECE:
                self._emit()

    def _emit(self) -> None:
        text, self._text = self._text, ""
        emit(self._level, self._logger, self.call, text.strip("\r"), self._trace)

    def __del__(self) -> None:
        if self._text.strip("\r"):
            self._emit()


class LineStream(io.TextIOBase):
    """In the place of `sys.stdout` or `sys.stderr`: whole lines become log lines.

    `fileno` is the real descriptor, so that child processes can inherit it; `close` does nothing,
    since the stream belongs to every call.
    """

    encoding = "utf-8"
    errors = "backslashreplace"
    newlines = None
    line_buffering = True

    def __init__(self, fd: int, level: int, name: str) -> None:
        self.mode = "w"
        self.name = f"<{name}>"
        self._fd = fd
        self._level = level
        self._logger = name
        self._partial: ContextVar[_Partial | None] = ContextVar(f"owt-{name}", default=None)
        self._open: weakref.WeakSet[_Partial] = weakref.WeakSet()
        self._lock = RLock()
        self.buffer: BinaryIO = _Bytes(self)  # type: ignore[assignment]

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._mine().write(text)
        return len(text)

    def flush(self) -> None:
        partial = self._partial.get()
        if partial is not None:
            partial.flush()

    def flush_call(self, call: str) -> None:
        """Hands on the line that this call has begun, if any."""
        for partial in self._partials():
            if partial.call == call:
                partial.finish()

    def _mine(self) -> _Partial:
        partial, call = self._partial.get(), call_id()
        if partial is None or partial.call != call:
            partial = _Partial(self._level, self._logger, call, trace_id())
            self._partial.set(partial)
            with self._lock:
                self._open.add(partial)
        return partial

    def _partials(self) -> Iterator[_Partial]:
        with self._lock:
            return iter(list(self._open))

    def fileno(self) -> int:
        return self._fd

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def reconfigure(self, **_: Any) -> None:
        """Accepted and without effect: the log is UTF-8 and by lines."""

    def close(self) -> None:
        self.flush()


class _Bytes(io.BufferedIOBase):
    """`sys.stdout.buffer`: what is written is text in UTF-8, as far as it is any."""

    def __init__(self, stream: LineStream) -> None:
        self._stream = stream

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._stream.write(str(view, "utf-8", "backslashreplace"))
        return len(view)

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self.flush()


class LogHandler(logging.Handler):
    """On the root logger: records become log lines at their own level."""

    def createLock(self) -> None:
        """Whoever exchanges the locks of all handlers, as gevent does, gets the same kind."""
        self.lock = RLock()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            call, trace = call_id(), trace_id()
            for line in self.format(record).splitlines() or [""]:
                emit(record.levelno, record.name, call, line, trace)
        except Exception:
            self.handleError(record)


_installed: list[LineStream] = []


def install(log: Log, verbosity: int) -> None:
    """Sends stdout, stderr and the root logger of this interpreter to `log`.

    `log` takes Python's numeric level, a logger's name, the call's id or "", a line, and the id of
    the call's trace or "". The root logger's level is INFO, DEBUG with a positive `verbosity`,
    WARNING with a negative one.
    """
    _target.log = log
    out = LineStream(1, logging.INFO, "stdout")
    err = LineStream(2, logging.WARNING, "stderr")
    _installed[:] = [out, err]
    _stdio.install(stdin=sys.stdin, stdout=out, stderr=err)
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, LogHandler)]:
        root.removeHandler(old)
    root.addHandler(LogHandler())
    level = logging.DEBUG if verbosity > 0 else logging.WARNING if verbosity < 0 else logging.INFO
    root.setLevel(level)


def flush_call(call: str) -> None:
    """Hands on the lines that the call with this id has begun and not ended."""
    for stream in _installed:
        stream.flush_call(call)


def leave_server() -> None:
    """In a forked child: the server's log is no longer there, the real stdio is."""
    _target.log = _to_stderr
    sys.__stdout__, sys.__stderr__ = _real(1), _real(2)  # type: ignore[misc]
    _stdio.leave(stdout=sys.__stdout__, stderr=sys.__stderr__)
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, LogHandler):
            root.removeHandler(handler)
            plain = logging.StreamHandler(sys.stderr)
            plain.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
            root.addHandler(plain)


def _real(fd: int) -> io.TextIOWrapper:
    return open(fd, "w", buffering=1, closefd=False, encoding="utf-8", errors="backslashreplace")
