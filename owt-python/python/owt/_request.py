"""The request of the running call, with the attributes of flask's."""

from __future__ import annotations

import io
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

from ._arguments import read_json
from ._context import running
from ._errors import Refused
from ._fields import Headers, MultiDict
from ._multipart import parts


class Request:
    """One HTTP request. Everything is worked out when first asked for."""

    def __init__(self, raw: Any) -> None:
        """Take the server's raw call."""
        self._raw = raw

    def __repr__(self) -> str:
        """Show method and path."""
        return f"<Request {self.method} {self.path}>"

    @property
    def method(self) -> str:
        """`GET` or `POST`.

        lambda: request.method  # curl -d '' → POST
        """
        return str(self._raw.method)

    @property
    def user(self) -> str | None:
        """Who sent it, by name, as the server knows them by their key; None where it asks for none.

        lambda: f"Hello, {request.user}!"  # curl -u ada:lovelace → Hello, ada!
        """
        return self._raw.user  # type: ignore[no-any-return]

    @property
    def id(self) -> str:
        """The request's name in the log and in the answer's `X-Request-Id`.

        lambda: request.id  # curl -H 'X-Request-Id: order-7' → order-7
        """
        return str(self._raw.id)

    @property
    def remote_addr(self) -> str:
        """The address it came from.

        lambda: request.remote_addr  # → 127.0.0.1
        """
        return str(self._raw.remote)

    @property
    def scheme(self) -> str:
        """`http` or `https`.

        lambda: request.scheme  # → http
        """
        return str(self._raw.scheme)

    @property
    def host(self) -> str:
        """The host that was asked, with its port where one was named.

        lambda: request.host  # curl -H 'Host: owt.localhost' → owt.localhost
        """
        return str(self._raw.host)

    @cached_property
    def path(self) -> str:
        """The path, decoded, as flask has it: `%2F` is a slash here.

        lambda: request.path  # curl /a%20b%2Fc → /a b/c
        """
        return "/" + unquote(self._raw.path).lstrip("/")

    @property
    def raw_path(self) -> str:
        """The path as it came, percent-encoded.

        lambda: request.raw_path  # curl /a%20b%2Fc → /a%20b%2Fc
        """
        return str(self._raw.path)

    @cached_property
    def headers(self) -> Headers:
        """The header fields; case does not matter, and `getlist` gives repeated ones.

        lambda: request.headers["x-colour"]  # curl -H 'X-Colour: red' → red
        """
        return Headers(self._raw.headers)

    @cached_property
    def args(self) -> MultiDict:
        """The fields of the query string, those of the call too; `getlist` gives repeated ones.

        lambda: request.args.get("n", 1, type=int) + 1  # curl /?n=41 → 42
        lambda: request.args.getlist("n")  # curl '/?n=1&n=2' → ["1","2"]
        """
        return MultiDict(_urlencoded(self._raw.query))

    @property
    def query_string(self) -> bytes:
        """The query string as it came, without the question mark.

        lambda: request.query_string.partition(b"&")[0]  # curl /?a=%20b → a=%20b
        """
        return str(self._raw.query).encode("utf-8", "surrogateescape")

    @property
    def data(self) -> bytes:
        """The body, as bytes.

        lambda: len(request.data)  # curl -H 'Content-Type: image/png' --data-binary 12345 → 5
        """
        return bytes(self._raw.body)

    def get_data(self, as_text: bool = False) -> bytes | str:
        """The body as bytes, or as text from UTF-8.

        lambda: request.get_data(as_text=True)
        # curl -H 'Content-Type: text/plain' -d hello → hello
        """
        return self.data.decode("utf-8", "replace") if as_text else self.data

    @property
    def stream(self) -> io.BytesIO:
        r"""The body as a file, from its beginning.

        lambda: request.stream.readline()
        # curl -H 'Content-Type: text/csv' --data-binary $'a,b\n1,2' → a,b\n
        """
        return io.BytesIO(self.data)

    @property
    def content_length(self) -> int:
        """The body's length in bytes.

        lambda: request.content_length  # curl -H 'Content-Type: text/plain' -d hello → 5
        """
        return len(self._raw.body)

    @property
    def content_type(self) -> str | None:
        """The header `Content-Type` with its parameters; None where there is none.

        lambda: request.content_type
        # curl -H 'Content-Type: text/csv; header=present' -d a → text/csv; header=present
        """
        return self.headers.get("content-type")

    @property
    def mimetype(self) -> str:
        """The media type in small letters without parameters; empty where there is none.

        lambda: request.mimetype  # curl -H 'Content-Type: Text/CSV; header=present' -d a → text/csv
        """
        return (self.content_type or "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether `Content-Type` says that the body is JSON.

        lambda: request.is_json  # curl --json '{}' → true
        """
        return self.mimetype == "application/json" or (
            self.mimetype.startswith("application/") and self.mimetype.endswith("+json")
        )

    @cached_property
    def json(self) -> Any:
        """The parsed JSON body; None without a body. A body that is no JSON is a 400.

        lambda: request.json["n"] + 1  # curl --json '{"n": 41}' → 42
        lambda: request.json  # curl --json '{' → 400
        """
        data = self.data
        if not data:
            return None
        try:
            return read_json(data)
        except (ValueError, RecursionError) as why:
            raise Refused("malformed-call", "body", f"the body is no JSON: {why}") from why

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The parsed JSON body; None for one that is no JSON when `silent`.

        `force` and `cache` are flask's: the type of the body never matters here, and what was
        parsed is kept.

        lambda: request.get_json(silent=True) or "none"  # curl --json '{' → none
        """
        try:
            return self.json
        except Refused:
            if silent:
                return None
            raise

    @cached_property
    def _fields(self) -> tuple[MultiDict, MultiDict, frozenset[str]]:
        """The text fields, the files, and the names of those fields that say that they are JSON."""
        form: list[tuple[str, Any]] = []
        files: list[tuple[str, Any]] = []
        said: set[str] = set()
        if self.mimetype == "application/x-www-form-urlencoded":
            form = _urlencoded(self.data.decode("utf-8", "replace"))
        elif self.mimetype == "multipart/form-data":
            for part in parts(self.data, self.content_type or ""):
                if part.filename is not None:
                    files.append((part.name, part))
                    continue
                form.append((part.name, part.read().decode("utf-8", "replace")))
                if part.mimetype == "application/json":
                    said.add(part.name)
        return MultiDict(form), MultiDict(files), frozenset(said)

    @property
    def form(self) -> MultiDict:
        """The text fields of a form body.

        lambda: request.form["colour"]  # curl -F colour=red → red
        """
        return self._fields[0]

    @property
    def files(self) -> MultiDict:
        """The files of a form body, by field.

        Each has `filename`, `mimetype`, `read()`, `seek()`, `stream` and `save(path)`.

        def run():
            file = request.files["photo"]
            return f"{file.filename}: {len(file.read())} bytes of {file.mimetype}"
        # curl -F 'photo=12345;filename=cat.png;type=image/png' → cat.png: 5 bytes of image/png
        """
        return self._fields[1]

    @cached_property
    def values(self) -> MultiDict:
        """The fields of the query string, then those of the form.

        lambda: [request.values["a"], request.values["b"]]  # curl /?a=1 -F b=2 → ["1","2"]
        """
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
        """The cookies, by name (RFC 6265, 5.4).

        lambda: request.cookies["seen"]  # curl -b seen=yes -H 'X-Owt: 1' → yes
        """
        pairs = []
        for item in self.headers.get("cookie", "").split(";"):
            name, equals, value = item.strip().partition("=")
            if equals:
                pairs.append((name.strip(), value.strip().strip('"')))
        return MultiDict(pairs)

    @property
    def host_url(self) -> str:
        """Scheme and host, with a slash at the end; `root_url` and `url_root` are the same.

        lambda: request.host_url  # curl -H 'Host: owt.localhost' → http://owt.localhost/
        """
        return f"{self.scheme}://{self.host}/"

    root_url = url_root = host_url

    @property
    def base_url(self) -> str:
        """The URL without its query.

        lambda: request.base_url  # curl /a%20b -H 'Host: owt.localhost' → http://owt.localhost/a%20b
        """
        return f"{self.scheme}://{self.host}{self._raw.path}"

    @property
    def url(self) -> str:
        """The URL with its query.

        lambda: request.url  # curl /a?b=1 -H 'Host: owt.localhost' → http://owt.localhost/a?b=1…
        """
        return f"{self.base_url}?{self._raw.query}" if self._raw.query else self.base_url

    @property
    def full_path(self) -> str:
        """The path, a question mark and the query.

        lambda: request.full_path  # curl /a?b=1 → /a?b=1…
        """
        return f"{self._raw.path}?{self._raw.query}"

    @property
    def is_secure(self) -> bool:
        """Whether it came over TLS.

        lambda: request.is_secure  # → False
        """
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


def _urlencoded(text: str) -> list[tuple[str, Any]]:
    return list(parse_qsl(text, keep_blank_values=True))
