"""Responses of other libraries as the answer: status, headers, body, streams, their end."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sinks import PATIENCE, Sink, context_of, running_loop

from owt import _loop
from owt.responses import AITER, FILE, ITER, WHOLE, chunk, respond


@pytest.fixture
def server():
    """An HTTP server whose answer is compressed, as a client gets to hear of it."""
    import gzip

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = gzip.compress(b"content")
            self.send_response(418)
            for name, value in [
                ("Content-Type", "text/x-tea"),
                ("Content-Encoding", "gzip"),
                ("Content-Length", str(len(body))),
                ("Set-Cookie", "a=1"),
                ("Set-Cookie", "b=2"),
                ("Keep-Alive", "timeout=5"),
            ]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()
        thread.join()


def check(given, kind, body):
    found, status, headers, payload = given
    names = {name.lower() for name, _ in headers}
    assert (found, status) == (kind, 418)
    types = [value for name, value in headers if name.lower() == "content-type"]
    assert len(types) == 1 and types[0].startswith("text/x-tea") and "set-cookie" in names
    assert not names & {"content-length", "content-encoding", "keep-alive", "transfer-encoding"}
    if kind == ITER:
        payload, stream = b"".join(map(chunk, payload)), payload
        stream.close()
    assert payload == body


def test_requests(server):
    requests = pytest.importorskip("requests")
    check(respond(requests.get(server, timeout=9), ""), WHOLE, b"content")
    check(respond(requests.get(server, timeout=9, stream=True), ""), ITER, b"content")


def test_httpx(server):
    httpx = pytest.importorskip("httpx")
    given = respond(httpx.get(server), "")
    check(given, WHOLE, b"content")
    assert [value for name, value in given[2] if name.lower() == "set-cookie"] == ["a=1", "b=2"]
    with httpx.Client() as client:
        response = client.send(client.build_request("GET", server), stream=True)
        check(respond(response, ""), ITER, b"content")
        assert response.is_closed

    async def streamed():
        async with httpx.AsyncClient() as client:
            response = await client.send(client.build_request("GET", server), stream=True)
            kind, status, _, payload = respond(response, "")
            pieces = [piece async for piece in payload]
            return kind, status, b"".join(pieces), response.is_closed

    assert asyncio.run(streamed()) == (AITER, 418, b"content", True)


def test_aiohttp(server):
    aiohttp = pytest.importorskip("aiohttp")

    async def received(read):
        async with aiohttp.ClientSession() as session:
            response = await session.get(server)
            if read:
                await response.read()
            kind, status, _, payload = respond(response, "")
            return kind, status, b"".join([piece async for piece in payload])

    for read in (False, True):
        assert asyncio.run(received(read)) == (AITER, 418, b"content")
    from aiohttp import web

    made = web.Response(status=418, text="tea", content_type="text/x-tea")
    made.set_cookie("a", "1")
    check(respond(made, ""), WHOLE, b"tea")


def test_starlette(tmp_path):
    responses = pytest.importorskip("starlette.responses")
    made = responses.Response("tea", 418, media_type="text/x-tea")
    made.headers["content-type"] = "text/x-tea"
    made.set_cookie("a", "1")
    check(respond(made, ""), WHOLE, b"tea")
    assert respond(responses.JSONResponse({"a": 1}), "")[3] == b'{"a":1}'

    async def pieces():
        yield "a"
        yield b"b"

    kind, _, _, payload = respond(responses.StreamingResponse(pieces()), "")

    async def collected():
        return [piece async for piece in payload]

    assert kind == AITER and asyncio.run(collected()) == ["a", b"b"]
    path = tmp_path / "a.txt"
    path.write_text("a")
    assert respond(responses.FileResponse(path), "")[0::3] == (FILE, str(path))


def test_tasks_of_starlettes_run_when_the_answer_is_made():
    responses = pytest.importorskip("starlette.responses")
    from starlette.background import BackgroundTask

    done = queue.SimpleQueue()

    async def pieces():
        yield "a"
        done.put("streamed")

    async def follow():
        done.put("followed")

    with running_loop() as mailbox:
        task = BackgroundTask(done.put, "whole")
        assert respond(responses.JSONResponse(1, background=task), "")[3] == b"1"
        assert done.get(timeout=PATIENCE) == "whole"
        streamed = responses.StreamingResponse(pieces(), background=BackgroundTask(follow))
        kind, _, _, payload = respond(streamed, "")
        sink = Sink(mailbox)
        _loop.drive(payload, kind, sink, context_of("c"))
        assert sink.wait().chunks == [b"a"]
        assert [done.get(timeout=PATIENCE) for _ in "12"] == ["streamed", "followed"]


def test_django():
    django = pytest.importorskip("django")
    from django.conf import settings

    with contextlib.suppress(RuntimeError):
        settings.configure()
    http = django.http if hasattr(django, "http") else pytest.importorskip("django.http")
    made = http.HttpResponse("tea", status=418, content_type="text/x-tea")
    made.set_cookie("a", "1")
    check(respond(made, ""), WHOLE, b"tea")
    closed = []
    streamed = http.StreamingHttpResponse(iter(["a", "b"]))
    streamed.close = lambda: closed.append(1)
    kind, _, _, payload = respond(streamed, "")
    assert kind == ITER and list(payload) == [b"a", b"b"]
    payload.close()
    assert closed == [1]
