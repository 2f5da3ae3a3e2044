"""What can go wrong with a call: a class for each kind of failure, all of them `OwtError`."""

from __future__ import annotations

import email.utils
import http
import http.client
import json
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

PROBLEM: Final = "application/problem+json"

_KINDS = "/_owt/problems/"
#: Of owt's own problems, those that say that nothing has run and that may be over soon.
_PASSING = ("busy", "draining", "quota-exceeded")
#: An answer's headers, by their names in any case.
Headers = http.client.HTTPMessage
_NONE: Final = Headers()

# Of what is no problem document, as much as a message shows.
_SHOWN = 500


class OwtError(Exception):
    """A call failed; the class says how.

    Errors of one kind have the same attributes whether the server answered or not: without an
    answer `status` is None and the rest is empty. They can be pickled and copied.
    """

    #: The answer's HTTP status.
    status: int | None = None
    #: The RFC 9457 document, with all its members; empty when the answer was none.
    problem: Mapping[str, Any] = {}
    #: The answer's body, when it was no problem document.
    text: str = ""
    #: The answer's headers, by their names in any case.
    headers: Headers = _NONE
    #: Whether it is certain that nothing of the call has run.
    nothing_ran: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Say how to make it again, without what `__init__` wants."""
        return _remade, (type(self), self.args), self._state()

    def _state(self) -> dict[str, Any]:
        return dict(self.__dict__)

    @property
    def request_id(self) -> str | None:
        """The request's id in the server's log."""
        return self.problem.get("request_id") or self.headers.get("X-Request-Id")

    @property
    def retry_after(self) -> float | None:
        """In how many seconds to try again, where the server says so."""
        said = self.problem.get("retry_after", self.headers.get("Retry-After"))
        return _seconds(said)

    @property
    def exception(self) -> Mapping[str, Any]:
        """The adaptor's exception: its `type`, `message` and `traceback`; empty without one."""
        found = self.problem.get("exception")
        return found if isinstance(found, dict) else {}

    @property
    def traceback(self) -> str | None:
        """The adaptor's traceback, if it raised."""
        return str(self.exception.get("traceback") or "") or None


class StatusError(OwtError):
    """The server answered with an error: it refused the call, or the adaptor raised or said so."""

    status: int

    def __init__(
        self,
        status: int,
        problem: Mapping[str, Any],
        text: str = "",
        headers: Headers | None = None,
    ) -> None:
        """Take the status, the problem document, and the body if it was none."""
        self.status = status
        self.problem = dict(problem)
        self.text = text
        self.headers = _NONE if headers is None else headers
        title = _text(self.problem.get("title")) or _phrase(status)
        detail = _text(self.problem.get("detail")) or text.strip()[:_SHOWN]
        super().__init__(f"{status} {title}: {detail}" if detail else f"{status} {title}")
        if self.traceback and hasattr(self, "add_note"):  # from Python 3.11 on
            self.add_note("On the server:\n" + self.traceback.rstrip())

    @property
    def kind(self) -> str:
        """Which of owt's own problems it is, `busy` for one; empty for anybody else's."""
        _, _, found = str(self.problem.get("type", "")).partition(_KINDS)
        return found

    @property
    def nothing_ran(self) -> bool:  # type: ignore[override]
        """Whether the server said that nothing of the call has run, and to come again."""
        return self.kind in _PASSING


class BadCall(StatusError):
    """400: a field of the call, or an argument, is missing or wrong."""


class Unauthorized(StatusError):
    """401: no key, or a wrong one."""


class Forbidden(StatusError):
    """403: the key is not for this, or the server does not want to be called so."""


class NotFound(StatusError):
    """404."""


class TooLarge(StatusError):
    """413: the body is larger than the server takes."""


class NotRunnable(StatusError):
    """422: the code is no Python, or does not define what was asked for."""


class Fault(NamedTuple):
    """What is wrong with an argument of a call by name."""

    #: `query` or `body`.
    where: str
    #: The parameter.
    name: str
    #: The way to the part at fault: the parameter, then names and indices.
    place: tuple[str | int, ...]
    message: str


class WrongArguments(StatusError, TypeError):
    """422 of a call by name: the function does not take these arguments. Nothing has run."""

    @property
    def faults(self) -> list[Fault]:
        """All that is wrong, as far as the server tells it."""
        told = self.problem.get("errors")
        return [
            Fault(
                _text(one.get("in")),
                _text(one.get("name")),
                tuple(one.get("place") or ()),
                _text(one.get("message")),
            )
            for one in (told if isinstance(told, list) else [])
            if isinstance(one, dict)
        ]


class TooMany(StatusError):
    """429: too many calls, or too many wrong keys."""


class ServerError(StatusError):
    """Any status from 500 on."""


class AdaptorRaised(ServerError):
    """The adaptor raised: see `exception` and `traceback`."""


class WorkerDied(ServerError):
    """502: the process that ran the call died, or a proxy got no answer."""


class Busy(ServerError):
    """503: the server is full, or ends."""


class DeadlinePassed(ServerError):
    """504: the call did not end within its `timeout`."""


class Redirected(OwtError):
    """The answer sends the call elsewhere, where nobody sends code without being told to."""

    def __init__(self, status: int, called: str, location: str, headers: Headers) -> None:
        """Take the status, both addresses and the answer's headers."""
        self.status = status
        self.headers = headers
        #: Where the answer points to.
        self.location = location
        super().__init__(
            f"{called} answered {status} {_phrase(status)} and points to {location}; code is sent "
            "to no other address by itself: call that one, if it is meant"
        )


class Unreachable(OwtError, ConnectionError):
    """No connection came about. Nothing was sent, so nothing has run."""

    nothing_ran = True

    def __init__(self, message: str, cause: OSError | None = None) -> None:
        """Take the message, and the system's error if there is one."""
        super().__init__(message)
        self.errno = getattr(cause, "errno", None)

    def _state(self) -> dict[str, Any]:
        return {**self.__dict__, "errno": self.errno}


class Disconnected(OwtError, ConnectionError):
    """The connection ended before the answer came: whether the call has run is unknown."""


class TimedOut(OwtError, TimeoutError):
    """The server was silent for too long, or the answer was not whole in time."""


class ConnectTimedOut(Unreachable, TimedOut):
    """No connection came about in time. Nothing was sent, so nothing has run."""


class Cut(OwtError, http.client.IncompleteRead):
    """The answer ended in the middle: the call failed while it was sent."""

    def __init__(self, message: str) -> None:
        """Take the message."""
        Exception.__init__(self, message)
        self.partial, self.expected = b"", None

    __str__ = Exception.__str__
    __repr__ = Exception.__repr__


class Closed(Cut):
    """The answer was closed, here, while it was read."""


class BadAnswer(OwtError, ValueError):
    """The answer is not what it should be: no HTTP, no JSON, not the type that was asked for."""


_CLASSES: Mapping[int, type[StatusError]] = {
    400: BadCall,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    413: TooLarge,
    422: NotRunnable,
    429: TooMany,
    502: WorkerDied,
    503: Busy,
    504: DeadlinePassed,
}


def status_error(
    status: int,
    problem: Mapping[str, Any],
    text: str = "",
    headers: Headers | None = None,
) -> StatusError:
    """The error of an answer with that status, of the class that goes with it."""
    kind = _CLASSES.get(status, ServerError if status >= 500 else StatusError)
    if "exception" in problem and status == 500:
        kind = AdaptorRaised
    elif problem.get("type") == f"{_KINDS}wrong-arguments":
        kind = WrongArguments
    return kind(status, problem, text, headers)


def of_body(status: int, media: str, text: str, headers: Headers) -> StatusError:
    """The error of an answer with that body."""
    if media == PROBLEM:
        try:
            problem = json.loads(text)
        except (ValueError, RecursionError):
            problem = None
        if isinstance(problem, dict):
            return status_error(status, problem, headers=headers)
    return status_error(status, {}, text, headers)


def _remade(kind: type[OwtError], args: tuple[Any, ...]) -> OwtError:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "error"


def _text(member: object) -> str:
    return member if isinstance(member, str) else ""


def _seconds(said: object) -> float | None:
    """Seconds, from a number or from what a `Retry-After` says (RFC 9110, 10.2.3)."""
    if isinstance(said, (int, float)) and not isinstance(said, bool):
        return float(said)
    if not isinstance(said, str):
        return None
    if said.strip().isdigit():
        return float(said)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
