"""Tries a library as its users would: five ways, against a real server of its own.

first     a new server's first call
warm      the same again, which gives the same
at once   eight calls beside one another
cut       a call that does it for ever is cut by its deadline; the next gives the same again
forms     the value as it is, for six different `Accept`s and for each of its forms
"""

from __future__ import annotations

import concurrent.futures
import csv
import http.client
import io
import json
import urllib.parse
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field

from table import Library

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
ACCEPTS = ["*/*", BROWSER, "application/json", "text/csv", "image/png", "text/plain"]
AT_ONCE = 8
# How long what never ends may run.
DEADLINE = 1.0
# No call of a library takes longer; a first one imports a gigabyte.
PATIENCE = 240.0
# Never the form of anything: the answer lists those that there are.
NOTHING = "application/x-owt-none"

FOREVER = """

import asyncio as _asyncio, inspect as _inspect

if _inspect.iscoroutinefunction(run):
    async def forever():
        while True:
            await run()
            await _asyncio.sleep(0)
else:
    def forever():
        while True:
            run()
"""

_BEGINNINGS = {
    "image/png": b"\x89PNG",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
    "image/tiff": (b"II*\0", b"MM\0*"),
    "application/pdf": b"%PDF",
    "application/x-npy": b"\x93NUMPY",
    "application/vnd.apache.parquet": b"PAR1",
    "application/vnd.apache.arrow.stream": b"\xff\xff\xff\xff",
    "audio/wav": b"RIFF",
    "audio/flac": b"fLaC",
    "application/x-netcdf": (b"CDF", b"\x89HDF"),
    "application/x-hdf5": b"\x89HDF",
}


class Failed(Exception):
    """Why a library does not pass."""


@dataclass(frozen=True)
class Answer:
    """A response that was read to its end."""

    status: int
    media: str
    body: bytes

    @property
    def problem(self) -> str:
        """What the server says of a call that went wrong."""
        try:
            told = json.loads(self.body)
            return f"{self.status} {told['type'].rpartition('/')[2]}: {told['detail']}"
        except (ValueError, KeyError, TypeError):
            return f"{self.status}: {self.body[:200]!r}"


@dataclass
class Outcome:
    """How it went: which forms there are, what failed, what is to be noted."""

    forms: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Caller:
    """Calls one library's adaptor at one server."""

    def __init__(self, url: str, library: Library) -> None:
        self.address = urllib.parse.urlsplit(url).netloc
        self.code = library.code + FOREVER

    def call(self, accept: str = "*/*", **fields: object) -> Answer:
        """Make the call on a connection of its own."""
        body = json.dumps({"code": self.code, **fields})
        headers = {"Content-Type": "application/json", "Accept": accept}
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers.get_content_type(), response.read())
        finally:
            connection.close()

    def worker(self) -> int:
        """The process id of the server's worker."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request("GET", "/_owt/adaptors", headers={"X-Owt": "1"})
            told = json.loads(connection.getresponse().read())
            return int(told["workers"][0]["pid"] or 0)
        finally:
            connection.close()


def tried(url: str, library: Library) -> Outcome:
    """Try the library at a server that has just started."""
    caller, outcome = Caller(url, library), Outcome()
    try:
        first = caller.call()
        _check(first, library)
    except (Failed, OSError, http.client.HTTPException) as error:
        outcome.failed.append(f"first: {_told(error)}")
        return outcome
    ways: dict[str, Callable[[], None]] = {
        "warm": lambda: _same(caller.call(), first, library),
        "at once": lambda: _at_once(caller, first, library),
        "cut": lambda: _cut(caller, first, library, outcome),
        "forms": lambda: _forms(caller, library, outcome),
    }
    for way, attempt in ways.items():
        try:
            attempt()
        except (Failed, OSError, http.client.HTTPException) as error:
            outcome.failed.append(f"{way}: {_told(error)}")
    return outcome


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"


def _check(answer: Answer, library: Library) -> None:
    """Whether this is the natural answer."""
    if answer.status != 200:
        raise Failed(answer.problem)
    if answer.media != library.media[0]:
        raise Failed(f"the natural form is {answer.media}")
    valid(answer)
    if library.holds.encode() not in answer.body:
        raise Failed(f"{answer.body[:120]!r} has no {library.holds!r}")


def _same(answer: Answer, first: Answer, library: Library) -> None:
    _check(answer, library)
    if answer.body != first.body and not library.varies:
        raise Failed(f"{answer.body[:120]!r} after {first.body[:120]!r}")


def _at_once(caller: Caller, first: Answer, library: Library) -> None:
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
        calls = [threads.submit(caller.call) for _ in range(AT_ONCE)]
        for call in calls:
            _same(call.result(), first, library)


def _cut(caller: Caller, first: Answer, library: Library, outcome: Outcome) -> None:
    before = caller.worker()
    answer = caller.call(fn_name="forever", timeout=DEADLINE)
    if answer.status != 504:
        raise Failed(f"not cut: {answer.problem}")
    _same(caller.call(), first, library)
    if caller.worker() != before:
        outcome.notes.append("a cut call costs the worker: it leaves its native code too late")


def _forms(caller: Caller, library: Library, outcome: Outcome) -> None:
    if library.fixed:
        for accept in ACCEPTS:
            _check(caller.call(accept), library)
        outcome.forms = [library.media[0]]
        return
    outcome.forms = _offered(caller.call(NOTHING))
    missing = [media for media in library.media if media not in outcome.forms]
    if missing:
        raise Failed(f"no form {', '.join(missing)}")
    for accept in [*ACCEPTS, *outcome.forms]:
        answer = caller.call(accept)
        asked = accept.split(",")[0]
        if asked == "*/*":
            _check(answer, library)
        elif (
            accept == asked in outcome.forms
            and answer.media != asked
            and not _declined(answer, accept)
        ):
            raise Failed(f"for {accept} {answer.media}: {answer.problem}")
        elif answer.status not in (200, 406):
            raise Failed(f"for {accept} {answer.problem}")
        if answer.status == 200:
            valid(answer)
            if accept == asked != "*/*" and answer.media != asked:
                raise Failed(f"for {accept} {answer.media}")


def _declined(answer: Answer, accept: str) -> bool:
    """Whether a form that only some values have, as pixels of numbers, was declined."""
    return answer.status == 406 and accept not in _offered(answer)


def _offered(answer: Answer) -> list[str]:
    if answer.status != 406:
        raise Failed(f"for a type that nothing has: {answer.problem}")
    listed = json.loads(answer.body)["detail"].rpartition("; it has ")[2]
    return [media for media in listed.split(", ") if media]


def valid(answer: Answer) -> None:
    """Raise `Failed` where a body is not what its type says."""
    begins = _BEGINNINGS.get(answer.media)
    try:
        if begins is not None and not answer.body.startswith(begins):
            raise Failed(f"no {answer.media}: {answer.body[:20]!r}")
        if answer.media in ("application/x-ndjson", "application/jsonl"):
            [json.loads(line) for line in answer.body.splitlines()]
        elif answer.media.endswith("json"):
            json.loads(answer.body)
        elif answer.media.endswith(("+xml", "/xml")) and not answer.body.lstrip().startswith(b"<"):
            raise Failed(f"no {answer.media}: {answer.body[:20]!r}")
        elif answer.media == "text/csv":
            list(csv.reader(io.StringIO(answer.body.decode())))
        elif "openxmlformats" in answer.media or answer.media == "application/x-npz":
            zipfile.ZipFile(io.BytesIO(answer.body)).testzip()
    except (ValueError, csv.Error, zipfile.BadZipFile) as error:
        raise Failed(f"no {answer.media}: {error}") from None
    if not answer.body:
        raise Failed(f"an empty {answer.media}")
