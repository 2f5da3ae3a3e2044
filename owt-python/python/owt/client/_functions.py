"""Calls functions that a server publishes, as if they were this program's own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ._answer import Answer, Result
from ._errors import BadCall, NotFound, OwtError
from ._named import FUNCTIONS, NamedFunction, Options, Source, in_source, path_of
from ._named_results import LINES, STREAM, accept, decoder, value
from ._names import Description

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._client import Client
    from ._connection import Limits


class Function(NamedFunction):
    """A function that the server publishes: called as it is, it gives what it gives there.

    Arguments go by position and by name: plain data, numpy's arrays, frames, images, bytes, open
    files, and lists of those. A generator gives an iterator, whose `close()` ends it on the server.
    Raises `WrongArguments` with all that is wrong with the arguments, and any other `OwtError`.
    """

    def __init__(self, client: Client, *named: Any) -> None:
        """Take the client, and what `NamedFunction` takes."""
        super().__init__(*named)
        self._client = client

    def __call__(self, *args: object, **named: object) -> Any:
        """What the function gives."""
        if self._streams:
            return Stream(self._sent(args, named, STREAM))
        with self._sent(args, named, accept()) as answer:
            return value(answer.read(), answer.content_type, answer.media, self._told)

    def with_response(self, *args: object, **named: object) -> Result:
        """What the function gives, with status, headers, the request's id and the timings."""
        with self._sent(args, named, accept()) as answer:
            given = value(answer.read(), answer.content_type, answer.media, self._told)
            return Result(given, answer.status, answer.headers, answer.request_id, answer.timings)

    def stream(self, *args: object, **named: object) -> Answer:
        """The answer as it comes, as `Client.stream` gives it."""
        return self._sent(args, named, "*/*")

    def _sent(self, args: tuple[object, ...], named: Mapping[str, object], asked: str) -> Answer:
        client = self._client
        request = self._request(client, args, named, asked)
        limits = client.limits_of(self._options.timeout)
        try:
            return client.deliver(request, limits)
        except BadCall as error:
            if self._is_nobody(client, error):
                raise client._names.missing(client._address.shown, self.__qualname__) from error
            raise
        except NotFound as error:
            if self._source is None or not self._is_gone(error):
                raise
            put(client, self._source, limits)
            if request.body is not None and not request.body.is_lasting:
                raise
        return client.deliver(request, limits)


class Stream(Iterator[Any]):
    """The values of a generator, as they come. To close it ends the generator on the server."""

    def __init__(self, answer: Answer) -> None:
        """Take the answer that they come in."""
        self._answer = answer
        self._items = _items(answer)

    def __next__(self) -> Any:
        """Wait for the next value."""
        return next(self._items)

    def close(self) -> None:
        """Ends the generator on the server. From any thread."""
        self._answer.close()

    def __enter__(self) -> Self:
        """Give itself; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def _items(answer: Answer) -> Iterator[Any]:
    """The values of JSON lines, events, pieces of text, or pieces of bytes."""
    if answer.media in LINES:
        yield from answer.lines()
    elif answer.media == "text/event-stream":
        yield from answer.events()
    elif answer.media.startswith("text/"):
        text = decoder(answer.content_type)
        for piece in answer:
            if decoded := text.decode(piece):
                yield decoded
    else:
        yield from answer


class Module:
    """A module that the server publishes: its functions and modules are attributes of it."""

    def __init__(self, client: Client, name: str) -> None:
        """Take the client and the module's name."""
        self._client = client
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        """The function or the module of that name. Raises `AttributeError` with names near it."""
        if name.startswith("_"):
            raise AttributeError(name)
        return attribute(self._client, f"{self.__name__}.{name}")

    def __dir__(self) -> list[str]:
        """What is in it."""
        return names(self._client, self.__name__)

    def __repr__(self) -> str:
        """Show its name and whose it is."""
        return f"<the functions {self.__name__} of {self._client!r}>"


class Published:
    """Code that was sent: its functions are attributes, and are called by the code's hash.

    A server that has dropped the code, or was started anew, is sent it again by the call that finds
    out.
    """

    def __init__(self, client: Client, source: Source, told: list[Description]) -> None:
        """Take the client, the code, and what the server tells of it."""
        #: What the server calls it by: SHA-256 in hex.
        self.hash = source.hash
        self._functions = {
            name: Function(client, name, path, one, Options.of(client, {}), source)
            for name, (path, one) in in_source(source, told).items()
        }

    def __getitem__(self, name: str) -> Function:
        """The function of that name. Raises `KeyError`."""
        return self._functions[name]

    def __getattr__(self, name: str) -> Function:
        """The function of that name; one that is called `hash` is `published["hash"]`."""
        if name.startswith("_") or name not in self._functions:
            has = ", ".join(self.__dict__.get("_functions", ())) or "none"
            raise AttributeError(f"the code publishes no {name}; its functions are: {has}")
        return self._functions[name]

    def __dir__(self) -> list[str]:
        """What is in it."""
        return sorted({"hash", *self._functions})

    def __repr__(self) -> str:
        """Show its functions."""
        return f"<published {self.hash[:12]}: {', '.join(map(repr, self._functions.values()))}>"


def catalogue(client: Client) -> Any:
    """What the server publishes, read anew."""
    request = client.request_to("GET", FUNCTIONS, None, {"Accept": "application/json"})
    with client.deliver(request, client.limits_of(client._timeout)) as answer:
        told = answer.json()
    client._names.keep(told)
    return told


def known(client: Client, name: str) -> Description | None:
    """What is told of a function; the catalogue is read when it is wanted."""
    for pause in client._names.readings(name):
        time.sleep(pause)
        catalogue(client)
    return client._names.get(name)


def function(client: Client, name: str, options: Mapping[str, Any]) -> Function:
    """A function by its name. Raises `ValueError` for what is no name."""
    path = path_of(name)
    return Function(client, name, path, known(client, name), Options.of(client, options))


def attribute(client: Client, name: str) -> Function | Module:
    """The function or the module of that name. Raises `AttributeError`."""
    if (told := known(client, name)) is not None:
        return Function(client, name, path_of(name), told, Options.of(client, {}))
    if client._names.below(name):
        return Module(client, name)
    raise client._names.missing(client._address.shown, name)


def names(client: Client, prefix: str) -> list[str]:
    """What a module has, or what there is at all; nothing while the server cannot be asked."""
    try:
        known(client, prefix)
    except OwtError:
        return []
    return client._names.below(prefix)


def put(client: Client, source: Source, limits: Limits) -> list[Description]:
    """Sends code; gives what is told of its functions."""
    with client.deliver(source.request(client), limits) as answer:
        told: list[Description] = answer.json()["functions"]
        return told


def publish(
    client: Client, code: str | os.PathLike[str], name: str | None, keep: bool
) -> Published:
    """Sends code to be called by its hash."""
    source = Source.of(code, name, keep)
    return Published(client, source, put(client, source, client.limits_of(client._timeout)))
