"""Load on a server, and checks of its answers: wrk for requests, a raw socket for the stream."""

import http.client
import json
import re
import socket
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .cases import Case

WRK_SCRIPT = Path(__file__).with_name("post.lua")
TIMEOUT_S = 30
CACHE_HIT = re.compile(r";\s*hit\b")  # RFC 9211
# A call without code needs a sign that somebody meant it (docs/functions.md).
MEANT = {"X-Owt": "1"}
STREAM_END = b"\r\n0\r\n\r\n"  # RFC 9112, 7.1; no chunk of ours contains it


class MeasureError(Exception):
    """A server answered wrongly or not at all, or the load had errors."""


@dataclass(frozen=True)
class Target:
    """One server as one case sees it."""

    port: int
    path: str
    body: Path
    case: Case
    answer: bytes
    must_hit_cache: bool
    # It ends an answer by ending the connection, which wrk counts as an error of reading.
    closes: bool = False


@dataclass(frozen=True)
class Sample:
    """What one round gave: answers per second, and latencies (wrk's, or of whole streams)."""

    answers_per_s: float
    p50_ms: float
    p99_ms: float | None


def check(target: Target) -> int | None:
    """Ask once (twice where the cache must hit); the chunks on the wire when it is a stream."""
    if target.case.streamed:
        _, raw = _read_raw(target)
        return _check_stream(raw, target.case)
    _ask(target)
    if target.must_hit_cache:
        cache_status = _ask(target).get("cache-status", "")
        if not CACHE_HIT.search(cache_status):
            raise MeasureError(f"no cache hit: Cache-Status is {cache_status!r}")
    return None


def measure(target: Target, seconds: int) -> Sample:
    return _stream(target, seconds) if target.case.streamed else _wrk(target, seconds)


def send_code(target: Target) -> None:
    """Put the case's code where its hash calls it (docs/functions.md)."""
    _exchange(target, "PUT", "/_owt/code", target.case.code.encode(), "text/x-python")


def _ask(target: Target) -> http.client.HTTPMessage:
    body = target.body.read_bytes()
    answer, headers = _exchange(target, "POST", target.path, body, "application/json")
    if answer != target.answer:
        raise MeasureError(f"wrong answer of {len(answer)} bytes: {answer[:80]!r}")
    return headers


def _exchange(
    target: Target, method: str, path: str, body: bytes, media_type: str
) -> tuple[bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=TIMEOUT_S)
    try:
        connection.request(method, path, body, MEANT | {"Content-Type": media_type})
        response = connection.getresponse()
        answer = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise MeasureError(f"no answer: {error!r}") from error
    finally:
        connection.close()
    if not response.status // 100 == http.HTTPStatus.OK // 100:
        raise MeasureError(f"status {response.status}: {answer[:300]!r}")
    return answer, response.headers


def _wrk(target: Target, seconds: int) -> Sample:
    connections = target.case.connections
    command = ["wrk", f"-c{connections}", f"-t{min(2, connections)}", f"-d{seconds}s"]
    command += [f"--timeout={TIMEOUT_S}s", f"--script={WRK_SCRIPT}"]
    if target.case.by != "code":
        command += [f"--header={name}: {value}" for name, value in MEANT.items()]
    command += [f"http://127.0.0.1:{target.port}{target.path}", "--", str(target.body)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"^result (.*)$", done.stdout, re.MULTILINE)
    if done.returncode or not found:
        raise MeasureError(f"wrk failed ({done.returncode}): {(done.stderr or done.stdout)[-300:]}")
    result = json.loads(found[1])
    errors = {kind: count for kind, count in result["errors"].items() if count}
    if target.closes and errors.get("read", 0) <= result["requests"]:
        errors.pop("read", None)
    if errors:
        raise MeasureError(f"wrk saw errors: {errors}")
    if not result["requests"]:
        raise MeasureError(f"no answer complete within {seconds} s")
    return Sample(
        answers_per_s=result["requests"] * 1e6 / result["duration_us"],
        p50_ms=result["p50_us"] / 1000,
        p99_ms=result["p99_us"] / 1000,
    )


def _stream(target: Target, seconds: int) -> Sample:
    """Read whole streams, one after the other, until the time is up; each is checked, untimed."""
    times: list[float] = []
    while sum(times) < seconds:
        taken, raw = _read_raw(target)
        _check_stream(raw, target.case)
        times.append(taken)
    median = statistics.median(times)
    return Sample(answers_per_s=1 / median, p50_ms=median * 1000, p99_ms=None)


def _read_raw(target: Target) -> tuple[float, memoryview]:
    """One answer's bytes as they came, and the seconds from connecting to its end.

    Nothing is parsed while the clock runs, so that the client costs next to nothing.
    """
    body = target.body.read_bytes()
    head = (
        f"POST {target.path} HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    buffer = bytearray(4 * len(target.answer))
    room = memoryview(buffer)
    filled = 0
    try:
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", target.port), TIMEOUT_S) as connection:
            connection.sendall(head.encode() + body)
            while count := connection.recv_into(room[filled:]):
                filled += count
                if buffer.endswith(STREAM_END, 0, filled):
                    break
            taken = time.perf_counter() - start
    except OSError as error:
        raise MeasureError(f"the stream broke after {filled} bytes: {error!r}") from error
    return taken, room[:filled]


def _check_stream(raw: memoryview, case: Case) -> int:
    """The number of HTTP chunks; an error unless the answer is whole and right."""
    head, _, framed = bytes(raw).partition(b"\r\n\r\n")
    if not re.match(rb"HTTP/1\.1 200 ", head):
        raise MeasureError(f"the stream's head is {head[:200]!r}, then {framed[:300]!r}")
    if not re.search(rb"^transfer-encoding: *chunked\r?$", head, re.IGNORECASE | re.MULTILINE):
        raise MeasureError(f"the stream is not chunked: {head[:300]!r}")
    chunks: list[bytes] = []
    at = 0
    while True:
        line_end = framed.find(b"\r\n", at)
        if line_end < 0:
            raise MeasureError(f"the stream ended early, after {len(chunks)} chunks")
        size = int(framed[at:line_end], 16)
        if size == 0:
            break
        chunks.append(framed[line_end + 2 : line_end + 2 + size])
        at = line_end + 2 + size + 2
    if b"".join(chunks) != case.answer:
        raise MeasureError(f"the stream's {len(chunks)} chunks are not the right text")
    return len(chunks)
