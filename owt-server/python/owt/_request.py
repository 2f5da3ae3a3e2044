"""The request of the running call, with the attributes of flask's."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

from ._context import running
from ._errors import Refused
from ._multipart import File, parts


class MultiDict(dict[str, Any]):
    """A dict that gives the first of several values; `getlist` gives all."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        """Take the pairs in their order."""
        self._all: dict[str, list[Any]] = {}
        for key, value in pairs:
            self._all.setdefault(key, []).append(value)
        super().__init__({key: values[0] for key, values in self._all.items()})

    def get(self, key: str, default: Any = None, type: Callable[[Any], Any] | None = None) -> Any:
        """Give the first value, made by `type`; the default when missing or when that fails."""
        if key not in self:
            return default
        if type is None:
            return self[key]
        try:
            return type(self[key])
        except (TypeError, ValueError):
            return default

    def getlist(self, key: str, type: Callable[[Any], Any] | None = None) -> list[Any]:
        """Give all values of a key, without those that `type` cannot make."""
        values = list(self._all.get(key, []))
        if type is None:
            return values
        made = []
        for value in values:
            try:
                made.append(type(value))
            except (TypeError, ValueError):
                continue
        return made

    def lists(self) -> Iterator[tuple[str, list[Any]]]:
        """Give each key with all its values."""
        return ((key, list(values)) for key, values in self._all.items())

    def to_dict(self, flat: bool = True) -> dict[str, Any]:
        """Give a plain dict of the first values, or of lists."""
        return dict(self) if flat else dict(self.lists())


class Headers(Mapping[str, str]):
    """The header fields: case does not matter, repeated fields are joined with commas."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        """Take the fields in their order, with their bytes as Latin-1 text."""
        self._all: dict[str, list[str]] = {}
        for name, value in pairs:
            self._all.setdefault(name.lower(), []).append(_utf8_or_latin(value))

    def __getitem__(self, name: str) -> str:
        """Give the field's value (RFC 9110, 5.3)."""
        values = self._all[name.lower()]
        return ("; " if name.lower() == "cookie" else ", ").join(values)

    def __contains__(self, name: object) -> bool:
        """Say whether the field was sent."""
        return isinstance(name, str) and name.lower() in self._all

    def __iter__(self) -> Iterator[str]:
        """Give the names, written as `Content-Type`."""
        return ("-".join(word.capitalize() for word in name.split("-")) for name in self._all)

    def __len__(self) -> int:
        """Count the names."""
        return len(self._all)

    def __repr__(self) -> str:
        """Show the fields, without secrets."""
        secret = ("authorization", "cookie", "proxy-authorization")
        shown = {k: "..." if k.lower() in secret else v for k, v in self.items()}
        return f"Headers({shown!r})"

    def getlist(self, name: str) -> list[str]:
        """Give each value of a repeated field."""
        return list(self._all.get(name.lower(), []))


class Request:
    """One HTTP request. Everything is worked out when first asked for."""

    def __init__(self, raw: Any) -> None:
        """Take the server's raw call."""
        self._raw = raw
        self.id: str = raw.id
        self.method: str = raw.method
        self.scheme: str = raw.scheme
        self.host: str = raw.host
        self.remote_addr: str = raw.remote
        #: Who sent it, by name, as the server knows it by their key; None if nobody was asked.
        self.user: str | None = raw.user

    def __repr__(self) -> str:
        """Show method and path."""
        return f"<Request {self.method} {self.path}>"

    @cached_property
    def path(self) -> str:
        """The path, decoded, as flask has it: `%2F` is a slash here, and no letter in `url`."""
        return "/" + unquote(self._raw.path).lstrip("/")

    @property
    def raw_path(self) -> str:
        """The path as it came, percent-encoded."""
        return str(self._raw.path)

    @cached_property
    def headers(self) -> Headers:
        """The header fields."""
        return Headers(self._raw.headers)

    @cached_property
    def args(self) -> MultiDict:
        """The fields of the query string, those of the call itself too."""
        return MultiDict(_urlencoded(self._raw.query))

    @property
    def query_string(self) -> bytes:
        """The query string as it came, without the question mark."""
        return str(self._raw.query).encode("utf-8", "surrogateescape")

    @property
    def data(self) -> bytes:
        """The body."""
        return bytes(self._raw.body)

    def get_data(self, as_text: bool = False) -> bytes | str:
        """Give the body as bytes, or as text from UTF-8."""
        return self.data.decode("utf-8", "replace") if as_text else self.data

    @property
    def stream(self) -> io.BytesIO:
        """The body as a file, from its beginning."""
        return io.BytesIO(self.data)

    @property
    def content_length(self) -> int:
        """The body's length in bytes."""
        return len(self._raw.body)

    @property
    def content_type(self) -> str | None:
        """The field Content-Type with its parameters."""
        return self.headers.get("content-type")

    @property
    def mimetype(self) -> str:
        """The media type in small letters without parameters; empty when not given."""
        return (self.content_type or "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether the body says that it is JSON."""
        return self.mimetype == "application/json" or (
            self.mimetype.startswith("application/") and self.mimetype.endswith("+json")
        )

    @cached_property
    def json(self) -> Any:
        """The parsed JSON body; None when there is no body. Raises Refused when it is no JSON."""
        data = self.data
        if not data:
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as why:
            raise Refused("malformed-call", "body", f"the body is no JSON: {why}") from why

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Give the parsed JSON body; None instead of Refused when silent.

        `force` and `cache` are flask's: the type of the body never matters here, and what was
        parsed is kept.
        """
        try:
            return self.json
        except Refused:
            if silent:
                return None
            raise

    @cached_property
    def _fields(self) -> tuple[MultiDict, MultiDict]:
        if self.mimetype == "application/x-www-form-urlencoded":
            return MultiDict(_urlencoded(self.data.decode("utf-8", "replace"))), MultiDict([])
        if self.mimetype == "multipart/form-data":
            form: list[tuple[str, Any]] = []
            files: list[tuple[str, Any]] = []
            for part in parts(self.data, self.content_type or ""):
                if part.filename is None:
                    form.append((part.name, part.read().decode("utf-8", "replace")))
                else:
                    files.append((part.name, part))
            return MultiDict(form), MultiDict(files)
        return MultiDict([]), MultiDict([])

    @property
    def form(self) -> MultiDict:
        """The text fields of a form body."""
        return self._fields[0]

    @property
    def files(self) -> MultiDict:
        """The files of a multipart form body."""
        return self._fields[1]

    @cached_property
    def values(self) -> MultiDict:
        """The fields of the query string, then those of the form."""
        return MultiDict(
            [
                (key, value)
                for fields in (self.args, self.form)
                for key, values in fields.lists()
                for value in values
            ]
        )

    @cached_property
    def cookies(self) -> MultiDict:
        """The cookies (RFC 6265, 5.4)."""
        pairs = []
        for item in self.headers.get("cookie", "").split(";"):
            name, equals, value = item.strip().partition("=")
            if equals:
                pairs.append((name.strip(), value.strip().strip('"')))
        return MultiDict(pairs)

    @property
    def host_url(self) -> str:
        """Scheme and host, with a slash at the end."""
        return f"{self.scheme}://{self.host}/"

    root_url = url_root = host_url

    @property
    def base_url(self) -> str:
        """The URL without its query."""
        return f"{self.scheme}://{self.host}{self._raw.path}"

    @property
    def url(self) -> str:
        """The URL with its query."""
        return f"{self.base_url}?{self._raw.query}" if self._raw.query else self.base_url

    @property
    def full_path(self) -> str:
        """The path, a question mark and the query."""
        return f"{self._raw.path}?{self._raw.query}"

    @property
    def is_secure(self) -> bool:
        """Whether it came over TLS."""
        return self.scheme == "https"


class Current:
    """Stands for the request of whichever call runs the code that asks."""

    def __getattr__(self, name: str) -> Any:
        """Give the running request's attribute."""
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # asked by inspect, copy and pickle, also outside a call
        return getattr(request_for(running()), name)

    def __repr__(self) -> str:
        """Show the running request, if there is one."""
        try:
            return repr(request_for(running()))
        except RuntimeError:
            return "<owt.request: no call is running>"


#: The request of the running call.
request = Current()


def request_for(raw: Any) -> Request:
    """Give the raw call's request: the same object each time."""
    made = raw.request
    if made is None:
        # not of the raw call itself, which keeps it: nobody could see that cycle end
        made = Request(raw.detached())
        raw.request = made
    return made  # type: ignore[no-any-return]


def _utf8_or_latin(value: str) -> str:
    """Read a header's bytes as UTF-8 where they are; else they stay the Latin-1 they came as."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _urlencoded(text: str) -> list[tuple[str, Any]]:
    return list(parse_qsl(text, keep_blank_values=True))


__all__ = ["Current", "File", "Headers", "MultiDict", "Request", "request", "request_for"]
