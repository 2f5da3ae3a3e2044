"""Responses of other libraries, received by a client or made by a framework, as the answer."""

from __future__ import annotations

import pathlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from .. import _loop
from .._werkzeug import ClosingIterator, Taken

# What belongs to the connection (RFC 9110, section 7.6.1) and to the coding of the content: a
# client has decoded it, and the server says the length itself.
_LEFT_OUT = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"),
        *("upgrade", "proxy-authenticate", "proxy-authorization", "content-length"),
    )
)


def take(value: Any) -> Taken | None:
    """Status, headers and body of a response of a library that is known, else None."""
    for base in type(value).__mro__:
        library = base.__module__.partition(".")[0]
        taker = _TAKERS.get(f"{library}.{base.__name__}")
        if taker is not None:
            return taker(value)
    return None


def _headers(pairs: Iterable[tuple[Any, Any]], decoded: bool = False) -> list[tuple[str, str]]:
    texts = [(_text(name), _text(value)) for name, value in pairs]
    out = _LEFT_OUT | {"content-encoding"} if decoded else _LEFT_OUT
    return [(name, value) for name, value in texts if name.lower() not in out]


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _requests(response: Any) -> Taken | None:
    if response.status_code is None:
        return None  # nobody received it
    headers = _headers(response.headers.items(), decoded=True)
    if response._content_consumed:
        return response.status_code, headers, response.content
    pieces = response.iter_content(64 << 10)
    return response.status_code, headers, ClosingIterator(pieces, response)


def _httpx(response: Any) -> Taken:
    headers = _headers(response.headers.multi_items(), decoded=True)
    if hasattr(response, "_content"):
        return response.status_code, headers, response.content
    if hasattr(response.stream, "__aiter__"):
        return response.status_code, headers, _closed_after(response.aiter_bytes(), response.aclose)
    return response.status_code, headers, ClosingIterator(response.iter_bytes(), response)


def _aiohttp_client(response: Any) -> Taken:
    async def pieces() -> AsyncIterator[bytes]:
        try:
            if response._body is not None:
                yield response._body
            else:
                async for piece in response.content.iter_any():
                    yield piece
        finally:
            response.release()

    return response.status, _headers(response.headers.items(), decoded=True), pieces()


def _aiohttp(response: Any) -> Taken:
    body = response.body
    cookies = [("Set-Cookie", morsel.OutputString()) for morsel in response.cookies.values()]
    content = body if body is None or isinstance(body, bytes) else bytes(body)
    return response.status, _headers(response.headers.items()) + cookies, content or b""


def _starlette(response: Any) -> Taken:
    headers = _headers(response.raw_headers)
    background = response.background
    if hasattr(response, "body_iterator"):
        pieces = aiter(response.body_iterator)
        if background is not None:
            pieces = _followed_by(pieces, background)
        return response.status_code, headers, pieces
    if background is not None:
        _loop.leave_behind(background)
    if hasattr(response, "path") and hasattr(response, "stat_result"):  # a FileResponse
        return response.status_code, headers, pathlib.Path(response.path)
    return response.status_code, headers, bytes(response.body)


async def _followed_by(pieces: Any, background: Any) -> AsyncIterator[Any]:
    """The pieces, and when all are sent, the tasks that the response has for afterwards."""
    try:
        async for piece in pieces:
            yield piece
    finally:
        if hasattr(pieces, "aclose"):
            await pieces.aclose()
    _loop.leave_behind(background)


def _quart(response: Any) -> Taken:
    body = response.response
    data = getattr(body, "data", None)
    content = data if isinstance(data, bytes) else _within(body)
    return response.status_code, _headers(response.headers.items()), content


def _bottle(response: Any) -> Taken:
    return response.status_code, _headers(response.headerlist), response.body


def _webob(response: Any) -> Taken:
    return response.status_int, _headers(response.headerlist), response.body


async def _within(body: Any) -> AsyncIterator[Any]:
    async with body as pieces:
        async for piece in pieces:
            yield piece


def _django(response: Any) -> Taken:
    headers = _headers(response.items())
    headers += [("Set-Cookie", morsel.OutputString()) for morsel in response.cookies.values()]
    if not response.streaming:
        return response.status_code, headers, response.content
    if response.is_async:
        return response.status_code, headers, aiter(response)
    return response.status_code, headers, ClosingIterator(iter(response), response)


async def _closed_after(pieces: Any, close: Callable[[], Any]) -> AsyncIterator[bytes]:
    try:
        async for piece in pieces:
            yield piece
    finally:
        await close()


_TAKERS: dict[str, Callable[[Any], Taken | None]] = {
    "requests.Response": _requests,
    "httpx.Response": _httpx,
    "aiohttp.ClientResponse": _aiohttp_client,
    "aiohttp.Response": _aiohttp,
    "starlette.Response": _starlette,
    "quart.Response": _quart,
    "bottle.BaseResponse": _bottle,
    "webob.Response": _webob,
    "django.HttpResponseBase": _django,
}
