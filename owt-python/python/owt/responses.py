"""From what an adaptor gives to an HTTP response (section 5 of docs/wire.md).

An adaptor need not import this: it returns plain values. The functions here are for those who
want to say more: `Response`, `as_json`, `redirect`, `stream`, `sse`.
"""

from __future__ import annotations

import collections
import enum
import functools
import http
import inspect
from collections.abc import (
    AsyncIterable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from typing import Any, Final

from . import _files, _json, _werkzeug, forms
from ._errors import Unrenderable
from ._events import event_stream, utf8
from ._headers import Headers, are_headers, has, pairs
from ._unknown import is_response, named, response_advice
from .forms.wishes import ACCEPT, SAID, Wish, wished

__all__ = ["Response", "as_json", "redirect", "sse", "stream"]

HTML: Final = "text/html; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"

# The kinds of the normal form: what Rust does with the payload.
WHOLE: Final = 0  # bytes
FILE: Final = 1  # an absolute path
ITER: Final = 2  # an iterator
AITER: Final = 3  # an async iterator
AWAIT: Final = 4  # an awaitable; what it gives goes through `respond` again

Normal = tuple[int, int, list[tuple[str, str]], object]

_REGISTERED = frozenset(map(int, http.HTTPStatus))
_DEEPEST = 16


class Response:
    """A body of any kind that an adaptor may give, with a status and headers of its own.

    `headers` is a mapping (a list as a value gives the header several times) or pairs. A
    `Content-Type` among them wins over `content_type`, and both over what the body implies.
    `mimetype` is a type to which `charset=utf-8` is added where it is text, as flask has it.

    def run():
        return Response("no tea", 418, {"X-Pot": "1"}, content_type="text/plain")
    # → 418 · X-Pot: 1 · Content-Type: text/plain · no tea

    lambda: Response("a,b", mimetype="text/csv")  # → Content-Type: text/csv; charset=utf-8 · a,b
    """

    def __init__(
        self,
        body: object = None,
        status: int | None = 200,
        headers: Headers | None = None,
        content_type: str | None = None,
        mimetype: str | None = None,
    ) -> None:
        """Take the body, the status (None: what the body says), the headers and the type."""
        self.body = body
        self.status = status
        self.headers = pairs(headers)
        if content_type is None and mimetype is not None:
            charset = "; charset=utf-8" if mimetype.startswith("text/") else ""
            content_type = mimetype + charset
        if content_type is not None and not has(self.headers, "content-type"):
            self.headers.append(("Content-Type", content_type))

    def __repr__(self) -> str:
        """Show all its parts."""
        return f"Response({self.body!r}, status={self.status}, headers={self.headers!r})"


# Not `json`: adaptors get these names, and theirs is the standard library's module.
def as_json(value: object, status: int = 200) -> Response:
    """The value as JSON, also where its type would give something else.

    lambda: as_json("text", 201)  # → 201 · Content-Type: application/json · "text"
    """
    return Response(_json.encoded(value), status, content_type=JSON)


def redirect(url: str, status: int = 302) -> Response:
    """Sends the client on to another URL.

    lambda: redirect("/elsewhere")  # → 302 · Location: /elsewhere
    """
    return Response(None, status, {"Location": url})


def stream(chunks: Iterable[object] | AsyncIterable[object], content_type: str = TEXT) -> Response:
    r"""A stream of the given type, of which each chunk is sent as soon as it is there.

    A generator streams by itself, as `text/plain`; this is for other types.

    def run(n):
        return stream((f"{i},{i * i}\n" for i in range(n)), "text/csv")
    # {"n": 3} → Content-Type: text/csv · 0,0\n1,1\n2,4\n
    """
    body = aiter(chunks) if isinstance(chunks, AsyncIterable) else iter(chunks)
    return Response(body, content_type=content_type)


def sse(events: Iterable[object] | AsyncIterable[object]) -> Response:
    r"""Server-sent events: each value is one event's data, text as it is, others as JSON.

    Only line ends change in a text: CR LF and CR arrive as LF. Bytes are text in UTF-8; what is no
    UTF-8 arrives as U+FFFD.

    def run(n):
        return sse({"step": i} for i in range(n))
    # {"n": 2} → Content-Type: text/event-stream · data: {"step":0}\n\ndata: {"step":1}\n\n
    """
    return Response(event_stream(events), content_type=EVENTS)


def respond(value: object, accept: str) -> Normal:
    """The normal form of a result: (kind, status, headers, payload).

    `accept` is the request's `Accept` header, empty when there is none. Raises `Unrenderable`
    for what is no result, and what reading a file raises.
    """
    status: int | None = None
    headers: list[tuple[str, str]] = []
    for _ in range(_DEEPEST):
        wrapped = _unwrap(value)
        if wrapped is None:
            break
        # The outermost word wins: (response, 201) is that response as a 201.
        value, status = wrapped.body, wrapped.status if status is None else status
        headers += [pair for pair in wrapped.headers if not has(headers, pair[0])]
    alone = status is None and not headers
    said = next((text for name, text in headers if name.lower() == "content-type"), None)
    wish = wished(accept) if said is None else Wish(said, SAID)
    kind, content_type, payload = _body(value, wish, alone, headers)
    if kind == AWAIT and (status is not None or headers):
        payload = _awaited(payload, status, headers)
        return AWAIT, 200, [], payload
    if content_type is not None and not has(headers, "content-type"):
        headers.append(("Content-Type", content_type))
    return kind, 200 if status is None else status, headers, payload


def chunk(value: object) -> bytes:
    """One chunk of a stream: text and bytes as they are, other values as a line of JSON."""
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return _json.encoded(value) + b"\n"


def opening(value: object, media: str, accept: str) -> tuple[str, Callable[[object], bytes]]:
    """What the first value of a stream that is neither text nor bytes makes of it.

    Gives the stream's type, and what encodes such values; `media` is what its head says so far.
    """
    from .forms import streams

    return streams.opening(value, media, accept, chunk)


def _body(
    value: object, wish: Wish, alone: bool, headers: list[tuple[str, str]]
) -> tuple[int, str | None, object]:
    """Kind, type (None: to be sniffed) and payload of a body without status or headers.

    `alone` is whether the adaptor gave nothing but this; `headers` take what is to be said of it.
    """
    simple = _simple(value, wish, alone)
    if simple is not None:
        return simple
    if type(value) in _GATHERED:
        return _gathered(value, wish, headers)
    offers = forms.of(value)
    if isinstance(offers, forms.Instead):  # a number or date of numpy's, in Python's clothes
        return _body(offers.value, wish, alone, headers)
    if _json.is_json(value):
        there = {one.media for one in offers}
        offers += [one for one in _JSON_FORMS if one.media not in there]
    if offers:
        return _formed(value, offers, wish, headers)
    if is_response(value):
        raise Unrenderable(f"the adaptor gave a {named(value)}; {response_advice(value)}")
    opened = _files.opened(value)
    if opened is not None:
        content_type, payload = opened
        return WHOLE if isinstance(payload, bytes) else ITER, content_type, payload
    flows = hasattr(type(value), "__next__") or isinstance(value, AsyncIterable)
    if flows and wish.names(EVENTS):
        return _flowing(event_stream(value), EVENTS)  # type: ignore[arg-type]
    return _flowing(value)


def _formed(
    value: object,
    offers: Sequence[forms.Form],
    wish: Wish,
    headers: list[tuple[str, str]] | None = None,
) -> tuple[int, str | None, object]:
    """The form of the value that is wished for; those that there are go to the headers."""
    media, content = forms.made(value, offers, wish)
    if headers is not None and len(offers) > len(_JSON_FORMS) and wish.by != SAID:
        headers.append((_FORMS, ", ".join(one.media for one in offers)))
    content_type = f"{media}; charset=utf-8" if media.startswith("text/") else media
    if isinstance(content, Iterator):
        return ITER, content_type, content
    if not isinstance(content, (str, bytes, bytearray, memoryview)):
        content = _json.encoded(content)
    return WHOLE, content_type, chunk(content)


def _gathered(
    value: object, wish: Wish, headers: list[tuple[str, str]]
) -> tuple[int, str | None, object]:
    """A dict, list or tuple: JSON, unless what is in it has forms together, such as a figure."""
    try:
        if wish.text in _ANY and not _may_be_encoded(value):
            return WHOLE, JSON, _json.encoded(value)
        together = forms.together(value)
        offers = [*together, *_JSON_FORMS] if _may_be_encoded(value) else [*_JSON_FORMS, *together]
        # A browser takes data as JSON, unless its user says so.
        if wish.by == ACCEPT and wish.wanted((JSON,)):
            offers = [one for one in offers if one.media != "text/html"]
        return _formed(value, offers, wish, headers)
    except Unrenderable:
        offers = forms.together(value)
        if not offers:
            raise
        return _formed(value, offers, wish, headers)


def _may_be_encoded(value: object) -> bool:
    """Whether this may be what OpenCV gives for an image's file, which is no data."""
    return type(value) is tuple and len(value) == 2 and value[0] is True


def _simple(value: object, wish: Wish, alone: bool) -> tuple[int, str | None, object] | None:
    if value is None:
        # Where more was given than the value, such as a status, nothing is no `null`.
        if (
            alone
            and wish.text not in ("", "*/*")
            and list(wish.wanted((_TEXT, JSON)))[:1] == [JSON]
        ):
            return WHOLE, JSON, b"null"
        return WHOLE, None, b""
    if isinstance(value, _files.PATHS):
        content_type, path = _files.named(value)
        return FILE, content_type, path
    if isinstance(value, enum.Enum):
        return _formed(value, _JSON_FORMS, wish)
    if isinstance(value, str):
        return WHOLE, HTML, utf8(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return WHOLE, None, bytes(value)
    if isinstance(value, (int, float)):
        return _formed(value, _NUMBER_FORMS, wish)
    return None


# How the classes of other libraries' responses are called.
_RESPONSES = ("Response", "ClientResponse", "HttpResponse", "HTTPResponse")
_GATHERED = frozenset((dict, list, tuple, collections.OrderedDict, collections.defaultdict))
# What lets everything through: the natural form, at once.
_ANY = ("", "*/*", JSON)
_TEXT = "text/plain"
# What says which forms a result has, for who would rather have another one.
_FORMS = "X-Owt-Forms"
_JSON_FORMS = (forms.Form(JSON, _json.encoded), forms.Form(_TEXT, _json.encoded))
_NUMBER_FORMS = (
    forms.Form(_TEXT, _json.digits),
    forms.Form(JSON, _json.encoded),
    forms.Form("text/html", _json.digits),
)


def _flowing(value: object, media: str = TEXT) -> tuple[int, str | None, object]:
    """What gives its content bit by bit, or later."""
    # On the class: some objects have every attribute one asks for.
    if hasattr(type(value), "__anext__"):
        return AITER, media, value
    if isinstance(value, AsyncIterable):
        return AITER, media, aiter(value)
    if inspect.isawaitable(value):
        return AWAIT, None, value
    if hasattr(type(value), "__next__"):
        return ITER, media, value
    raise Unrenderable(_advice(value))


def _advice(value: object) -> str:
    kind = named(value)
    if isinstance(value, type):
        return f"the adaptor gave the class {value.__qualname__} itself; give an instance"
    if inspect.isroutine(value) or isinstance(value, functools.partial):
        return f"the adaptor gave a {kind}, which was not called; call it and give what it gives"
    return (
        f"the adaptor gave a {kind}, which has no HTTP form; give None, str, bytes, a number, a "
        "dict, list, dataclass or pydantic model, a generator, a pathlib.Path, an open file, "
        "(body, status, headers), a Flask Response, an image, figure, array or frame, or an "
        "object with _repr_html_ or _repr_mimebundle_"
    )


async def _awaited(body: Any, status: int | None, headers: list[tuple[str, str]]) -> Response:
    return Response(await body, status, headers)


def _unwrap(value: object) -> Response | None:
    """One layer of status and headers, if the value has one."""
    if isinstance(value, Response):
        return value
    if type(value) is dict or type(value) is list:
        return None
    if type(value) is tuple:
        return _unwrap_tuple(value)
    taken = _werkzeug.take(value) or _taken_from_others(value)
    if taken is not None:
        status, headers, body = taken
        return Response(body, status, headers)
    return None


def _taken_from_others(value: object) -> _werkzeug.Taken | None:
    """Status, headers and body of another library's response: its class is called so."""
    if not any(base.__name__.startswith(_RESPONSES) for base in type(value).__mro__):
        return None
    from .forms import web

    return web.take(value)


def _unwrap_tuple(value: tuple[object, ...]) -> Response | None:
    match value:
        case (body, status) if _is_status(status) and not _is_pair_of_numbers(body, status):
            return Response(body, status)  # type: ignore[arg-type]
        case (body, headers) if are_headers(headers):
            return Response(body, None, headers)  # type: ignore[arg-type]
        case (body, status, headers) if _is_status(status) and (
            headers is None or are_headers(headers) or (type(headers) is list and not headers)
        ):
            return Response(body, status, headers)  # type: ignore[arg-type]
    return None


def _is_status(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 599


def _is_pair_of_numbers(body: object, status: object) -> bool:
    """(640, 480) is a size; 480 is no status that anybody registered."""
    return isinstance(body, (int, float)) and status not in _REGISTERED
