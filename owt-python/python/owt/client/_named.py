"""Functions that a server publishes, as a client knows them: their names, and calls as requests."""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from ._caller import JSON, seconds, with_accept
from ._multipart import of_data
from ._named_arguments import body_of
from ._names import Description

if TYPE_CHECKING:
    from ._caller import Caller, Request
    from ._errors import StatusError

FUNCTIONS: Final = "/_owt/functions"
CODE: Final = "/_owt/code"


class Options(NamedTuple):
    """How a function is called, beside its arguments."""

    timeout: float | None = None
    headers: Mapping[str, str] | None = None
    use_cache: bool | None = None
    cache_shared: bool | None = None
    cache_key_override: str | None = None
    format: str | None = None

    @classmethod
    def of(cls, caller: Caller, given: Mapping[str, Any]) -> Options:
        """These, or what the client says. Raises `TypeError` for what is none."""
        if unknown := sorted(set(given) - set(cls._fields)):
            raise TypeError(f"function takes {', '.join(cls._fields)}, not {', '.join(unknown)}")
        made = cls(**{"timeout": caller._timeout, **given})
        seconds("timeout", made.timeout)
        return made

    def query(self, told: Description | None) -> str:
        """What of it stands in the query. Raises `ValueError` for what the function has itself."""
        own = {one.get("name") for one in (told or {}).get("parameters", [])}
        fields: dict[str, str] = {}
        for name, value in self._asdict().items():
            if value is None or name == "headers":
                continue
            if name not in own:
                fields[name] = str(value).lower() if isinstance(value, bool) else str(value)
            elif name != "timeout":  # by which the client waits in any case
                raise ValueError(f"the function has a parameter {name!r}, which takes its place")
        return urlencode(fields)


class Source(NamedTuple):
    """Code that is called by its hash, and how it is sent."""

    code: str
    code_name: str | None = None
    name: str | None = None
    keep: bool = False

    @classmethod
    def of(cls, code: str | os.PathLike[str], name: str | None, keep: bool) -> Source:
        """The source, or that of a file. Raises `OSError` and `UnicodeDecodeError` of that."""
        if isinstance(code, os.PathLike):
            path = Path(code)
            return cls(path.read_text(encoding="utf-8"), path.name, name, keep)
        if not isinstance(code, str):
            raise TypeError(f"code is text or the path of a file, not {type(code).__name__}")
        return cls(code, None, name, keep)

    @property
    def hash(self) -> str:
        """What it is called by: SHA-256 of its UTF-8, in hex."""
        return hashlib.sha256(self.code.encode()).hexdigest()

    def request(self, caller: Caller) -> Request:
        """The request that sends it."""
        fields = {"code_name": self.code_name, "name": self.name, "keep": self.keep or None}
        query = urlencode({k: str(v).lower() if v is True else v for k, v in fields.items() if v})
        head = with_accept(JSON, {"Content-Type": "text/x-python; charset=utf-8"})
        target = f"{CODE}?{query}" if query else CODE
        return caller.request_to("PUT", target, of_data(self.code.encode()), head)


class NamedFunction:
    """A function by its name or by its code's hash: what either client's has in common."""

    def __init__(
        self,
        name: str,
        path: str,
        told: Description | None,
        options: Options,
        source: Source | None = None,
    ) -> None:
        """Take its name and its path, what is known of it, and its code where that was sent."""
        self.__name__ = name.rpartition(".")[2]
        self.__qualname__ = name
        self._path = path
        self._told = told
        self._options = options
        self._source = source
        self.__doc__ = str(told.get("doc") or "") or None if told else None
        if told is not None:
            self.__signature__ = signature(told)

    def __repr__(self) -> str:
        """Show the name, and the signature where it is known."""
        return f"{self.__qualname__}{getattr(self, '__signature__', '(...)')}"

    @property
    def _streams(self) -> bool:
        return bool(self._told and self._told.get("streams"))

    def _request(
        self, caller: Caller, args: Sequence[object], named: Mapping[str, object], accept: str
    ) -> Request:
        body = body_of(args, named, _placed(self._told))
        query = self._options.query(self._told)
        target = f"{self._path}?{query}" if query else self._path
        return caller.request_to("POST", target, body, with_accept(accept, self._options.headers))

    def _is_nobody(self, caller: Caller, error: StatusError) -> bool:
        """Whether the server took the path for an adaptor's: it publishes no such module."""
        if self._source is not None or error.problem.get("field") != "code":
            return False
        return not caller._names.below(self.__qualname__.rpartition(".")[0])

    def _is_gone(self, error: StatusError) -> bool:
        """Whether the server says that it has not the code: nothing has run."""
        return self._source is not None and error.kind == "unknown-code"


def path_of(name: str) -> str:
    """The path of a function by its name. Raises `ValueError`."""
    parts = name.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise ValueError(f"{name!r} is no function's name: a module's and its own, as in tools.add")
    return "/" + quote("/".join(parts))


def in_source(source: Source, told: Iterable[Description]) -> dict[str, tuple[str, Description]]:
    """The paths of what a source publishes, and what is told of each, by their names in it."""
    return {
        str(one["function"]): (f"{CODE}/{source.hash}/{quote(str(one['function']))}", one)
        for one in told
    }


class _Written(str):
    """A hint or a default as the source has it."""

    def __repr__(self) -> str:
        return str(self)


def signature(told: Description) -> inspect.Signature:
    """The signature that is told of a function; one of anything where it cannot be one."""
    try:
        made = [_parameter(one) for one in told.get("parameters", [])]
        hint = (told.get("returns") or {}).get("hint")
        returns = _Written(hint) if hint else inspect.Signature.empty
        return inspect.Signature(made, return_annotation=returns)
    except (ValueError, KeyError, TypeError):
        kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        names = ("args", "kwargs")
        return inspect.Signature([inspect.Parameter(n, k) for n, k in zip(names, kinds)])


def _parameter(one: Mapping[str, Any]) -> inspect.Parameter:
    kind = getattr(inspect.Parameter, one["kind"].upper())
    default: Any = inspect.Parameter.empty
    if "default" in one:
        default = one["default"]
    elif not one["required"] and not one["kind"].startswith("var_"):
        default = _Written("...")
    hint = _Written(one["hint"]) if one.get("hint") else inspect.Parameter.empty
    return inspect.Parameter(one["name"], kind, default=default, annotation=hint)


def _placed(told: Description | None) -> list[str] | None:
    """The names of the parameters that positions give; None where they are not known."""
    if told is None:
        return None
    by_position = ("positional_only", "positional_or_keyword")
    return [one["name"] for one in told.get("parameters", []) if one["kind"] in by_position]
