"""`sys.stdin`, `sys.stdout` and `sys.stderr`: a call that replaces one does so for itself alone.

There are two ways to them. Python code says `sys.stdout`: `sys` gets a class whose properties give
and set the running call's stream, so that `redirect_stdout` and plain assignments stay within
their call. C code, `print` among it, looks into `sys.__dict__`: what is there sends everything on
to the running call's stream. They are two because code that wraps what it found
(`sys.stdout = Tee(sys.stdout)`) must find the stream itself: what sends on would send it back.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from . import _state
from ._context import current

_server: dict[str, Any] = {}
_outside: dict[str, Any] = {}


def install(**streams: Any) -> None:
    """Have every call begin with these streams, and code outside calls too."""
    _server.update(streams)
    _outside.update(streams)
    for name in streams:
        sys.__dict__[name] = _Switch(name)
    module: Any = sys
    module.__class__ = _Sys


def leave(**streams: Any) -> None:
    """Make `sys` a module as any other, with these streams."""
    module: Any = sys
    module.__class__ = ModuleType
    sys.__dict__.update(_outside)
    sys.__dict__.update(streams)


def _find(name: str) -> Any:
    """The stream of the code that asks."""
    raw = current.get(None)
    if raw is None:
        return _outside[name]
    state = getattr(raw, "state", None)
    return _server[name] if state is None else state.streams.get(name, _server[name])


def _put(name: str, stream: Any) -> None:
    state = _state.own()
    if state is None:
        _outside[name] = stream
    else:
        state.streams[name] = stream


class _Silence:
    """Where `print` writes when `sys.stdout` is None."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


_silence = _Silence()


class _Switch:
    """In `sys.__dict__`: sends everything on to the stream of the code that asks."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _stream(self) -> Any:
        stream = _find(self._name)
        return _silence if stream is None else stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream(), name)

    # What `print` asks for, without a miss each time.
    @property
    def write(self) -> Any:
        return self._stream().write

    @property
    def flush(self) -> Any:
        return self._stream().flush


class _Any(type):
    """`isinstance(module, type(sys))` holds for every module."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, ModuleType)


def _stream(name: str) -> property:
    return property(
        lambda _: _find(name),
        lambda _, stream: _put(name, stream),
        lambda _: _put(name, _server[name]),
    )


class _Sys(ModuleType, metaclass=_Any):
    """The class of `sys`."""

    # `type(sys)(name)` is how importlib makes each module: they shall be plain ones.
    def __new__(cls, *args: Any, **named: Any) -> Any:
        return ModuleType(*args, **named)

    # For picklers that know modules by their exact type.
    def __reduce__(self) -> tuple[Any, ...]:
        return __import__, ("sys",)

    stdin = _stream("stdin")
    stdout = _stream("stdout")
    stderr = _stream("stderr")
