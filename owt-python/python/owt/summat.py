"""Pipelines: small steps put together to one callable.

    pipe().kwarg("path").open(root_dir=".").bytes().f(len)

A pipeline carries a last value and named values, and each step gives a new pipeline. Steps that
give a value keep only that; `exec`, `tap`, `identity`, `kwargs`, `importing` and `installing`
carry everything on. Call it as `p(value)`, `p(**named)` or `p()`. Where a step's function is
async, the call gives a coroutine that awaits it and does the rest.

Each step is also a function of this module: `kwarg("path")` is `pipe().kwarg("path")`.
"""

from __future__ import annotations

import asyncio
import builtins
import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from . import _steps
from ._flow import NOTHING, Flow, State, apply, awaits, branch, then
from .responses import as_json


class _Step(NamedTuple):
    name: str
    shown: str
    run: Callable[[State], Any]
    line: int


class Pipeline(Flow):
    """Steps, one after another. Immutable: each step gives a new pipeline."""

    __slots__ = ("_steps",)

    def __init__(self, steps: tuple[_Step, ...] = ()) -> None:
        """Take the steps."""
        self._steps = steps

    def __repr__(self) -> str:
        """Show it as it is written."""
        return "".join(["pipe()", *(f".{step.name}({step.shown})" for step in self._steps)])

    def __call__(self, /, *args: Any, **named: Any) -> Any:
        """Run the steps on one unnamed value, on named values, or on nothing.

        Gives the last value; where there is none, the named ones as a dict. Where a step has to
        be awaited, gives a coroutine of it.
        """
        if len(args) > 1:
            raise TypeError(f"a pipeline takes one unnamed value, not {len(args)}")
        last = args[0] if args else named.pop("__last__", NOTHING)
        out = self.flow(State(last, named, (last, named)))
        return then(out, lambda end: end.value) if awaits(out) else out.value

    def flow(self, state: State, begin: int = 0) -> Any:
        """Take a state through the steps; give the state at the end, or an awaitable of it."""
        for number in range(begin, len(self._steps)):
            try:
                out = self._steps[number].run(state)
            except Exception as exc:
                self._note(exc, number)
                raise
            if awaits(out):
                return self._rest(out, number)
            state = out
        return state

    async def _rest(self, waiting: Any, number: int) -> Any:
        try:
            state = await waiting
        except Exception as exc:
            self._note(exc, number)
            raise
        out = self.flow(state, number + 1)
        return await out if awaits(out) else out

    def _note(self, exc: Exception, number: int) -> None:
        step = self._steps[number]
        note = f"in the pipeline's step {number + 1}, {step.name}({step.shown}), line {step.line}"
        if note not in getattr(exc, "__notes__", ()):
            exc.add_note(note)

    def _then(self, name: str, run: Callable[[State], Any], *args: Any, **named: Any) -> Pipeline:
        shown = [_shown(arg) for arg in args]
        shown += [f"{key}={_shown(arg)}" for key, arg in named.items() if arg is not NOTHING]
        return Pipeline((*self._steps, _Step(name, ", ".join(shown), run, _writer().f_lineno)))

    def _value(self, name: str, give: Callable[[Any], Any], *args: Any, **named: Any) -> Pipeline:
        """Add a step that makes the next value of the one there is."""

        def run(state: State) -> Any:
            return then(give(state.need(name)), state.only)

        return self._then(name, run, *args, **named)

    # what a pipeline begins with

    def input(self) -> Pipeline:
        """Start again from the call's arguments."""
        return self._then("input", _steps.restart)

    def const(self, value: Any) -> Pipeline:
        """Go on with this value."""
        return self._then("const", lambda state: state.only(value), value)

    def clear(self) -> Pipeline:
        """Drop everything."""
        return self._then("clear", lambda state: state.only(NOTHING))

    def kwarg(self, name: str, default: Any = NOTHING) -> Pipeline:
        """Go on with the named value; Refused when the call does not give it."""
        return self._then(
            "kwarg",
            lambda state: state.only(_steps.named_value(state, name, default)),
            name,
            default=default,
        )

    def kwargs(self, /, **defaults: Any) -> Pipeline:
        """Give named values where the call gives none."""
        return self._then(
            "kwargs",
            lambda state: State(state.last, {**defaults, **state.named}, state.call),
            **defaults,
        )

    def path(self) -> Pipeline:
        """Go on with the parts of the request's path, as a list."""
        return self._then("path", lambda state: state.only(_steps.path_parts()))

    def query(self) -> Pipeline:
        """Go on with the query string as a dict."""
        return self._then("query", lambda state: state.only(_steps.the_request().args.to_dict()))

    def json(self) -> Pipeline:
        """Go on with the request's body, parsed as JSON."""
        return self._then("json", lambda state: state.only(_steps.the_request().json))

    # functions

    def f(self, g: Callable[..., Any]) -> Pipeline:
        """Go on with what `g` gives: `g(last)`, or `g(**named)` where there are named values."""
        return self._then("f", lambda state: then(apply(g, state), state.only), g)

    def exec(self, g: Callable[..., Any]) -> Pipeline:
        """Call `g` as f() does for its effect, and carry everything on."""
        return self._then("exec", lambda state: then(apply(g, state), lambda _: state), g)

    def tap(self, g: Callable[[Any], Any]) -> Pipeline:
        """Show `g` the value that is there, and carry everything on."""
        return self._then("tap", lambda state: then(g(state.value), lambda _: state), g)

    def identity(self) -> Pipeline:
        """Change nothing."""
        return self._then("identity", lambda state: state)

    def cast(self, to: Callable[[Any], Any]) -> Pipeline:
        """Go on with the value made to this type."""
        return self._value("cast", to, to)

    def cond(self, then_: Callable[..., Any], else_: Callable[..., Any]) -> Pipeline:
        """Go on through the first pipeline when the value is true, else through the second."""

        def run(state: State) -> Any:
            return branch(then_ if state.need("cond") else else_, state)

        return self._then("cond", run, then_, else_)

    def fork(self, left: Callable[..., Any], right: Callable[..., Any]) -> Pipeline:
        """Go on with the pair of what both pipelines give."""

        def run(state: State) -> Any:
            first = apply(left, state)
            try:
                second = apply(right, state)
            except BaseException:
                if asyncio.iscoroutine(first):
                    first.close()  # nobody will await it
                raise
            if awaits(first) or awaits(second):
                return then(_together([first, second]), lambda both: state.only(tuple(both)))
            return state.only((first, second))

        return self._then("fork", run, left, right)

    # lists

    def get(self, key: Any, default: Any = NOTHING) -> Pipeline:
        """Go on with the value's item of this key, or its attribute of this name."""
        return self._value(
            "get", lambda value: _steps.item(value, key, default), key, default=default
        )

    def ix(self, i: int) -> Pipeline:
        """Go on with the value at this index."""
        return self._value("ix", lambda value: _steps.at(value, i), i)

    def last(self) -> Pipeline:
        """Go on with the last of the values."""
        return self._value("last", lambda value: _steps.at(value, -1))

    def map(self, g: Callable[[Any], Any]) -> Pipeline:
        """Go on with the list of what `g` gives for each value; async ones run together."""

        def run(state: State) -> Any:
            made = [apply(g, state.only(value)) for value in state.need("map")]
            if any(awaits(value) for value in made):
                return then(_together(made), state.only)
            return state.only(made)

        return self._then("map", run, g)

    def filter(self, g: Callable[[Any], Any] | None = None) -> Pipeline:
        """Go on with the list of the values for which `g` is true."""
        return self._value("filter", lambda values: [*builtins.filter(g, values)], g)

    def foldl(self, g: Callable[[Any, Any], Any], acc: Any) -> Pipeline:
        """Go on with all values put together from the left, beginning with `acc`."""
        return self._value("foldl", lambda values: functools.reduce(g, values, acc), g, acc)

    def foldl1(self, g: Callable[[Any, Any], Any]) -> Pipeline:
        """Go on with all values put together from the left. ValueError when there are none."""

        def run(values: Any) -> Any:
            rest = iter(values)
            for first in rest:
                return functools.reduce(g, rest, first)
            raise ValueError("foldl1() needs at least one value")

        return self._value("foldl1", run, g)

    # files, processes, packages

    def open(self, root_dir: str | None = None) -> Pipeline:
        """Go on with the file that the value names, open to read its bytes.

        With `root_dir`, names are relative to it and nothing outside can be reached.
        """
        shown = {} if root_dir is None else {"root_dir": root_dir}
        return self._value("open", lambda name: _steps.open_file(name, root_dir), **shown)

    def bytes(self) -> Pipeline:
        """Go on with the bytes of the file (which is closed) or of the text."""
        return self._value("bytes", _steps.all_bytes)

    def text(self, encoding: str = "utf-8") -> Pipeline:
        """Go on with the text of the bytes or of the file."""
        return self._value("text", lambda value: _steps.all_bytes(value).decode(encoding))

    def stream(self) -> Pipeline:
        """Go on with an iterator: of a file's chunks, or of the value's items."""
        return self._value("stream", _steps.chunks)

    def json_out(self) -> Pipeline:
        """Go on with a response of the value as JSON, also where that is a text or a number."""
        return self._value("json_out", as_json)

    def shell(self, command: str | None = None) -> Pipeline:
        """Go on with what bash prints for the command, by default the value that is there."""
        if command is not None:
            return self._then("shell", lambda state: state.only(_steps.bash(command)), command)
        return self._value("shell", _steps.bash)

    def importing(self, *modules: str) -> Pipeline:
        """Import modules when this runs, bound where the pipeline is written."""
        namespace = _writer().f_globals

        def run(state: State) -> State:
            _steps.import_into(namespace, modules)
            return state

        return self._then("importing", run, *modules)

    def installing(self, *packages: str) -> Pipeline:
        """Install by pip, once, the packages that are not installed."""

        def run(state: State) -> State:
            _steps.install(packages)
            return state

        return self._then("installing", run, *packages)

    def done(self) -> Callable[..., Any]:
        """Give a plain function that runs the pipeline."""

        def run(*args: Any, **named: Any) -> Any:
            return self(*args, **named)

        return run


#: The names of the steps.
STEPS = frozenset(name for name in vars(Pipeline) if not name.startswith("_") and name != "flow")


def pipe() -> Pipeline:
    """Begin a pipeline.

    pipe().path().map(str.upper)  # curl /a/b → ["A","B"]
    """
    return Pipeline()


def shell(command: str | None = None) -> Any:
    """Run a command with bash and give what it prints; without a command, begin a pipeline.

    Raises RuntimeError with what it wrote to standard error when its exit status is not zero.

    lambda: shell("echo $((6 * 7))").strip()  # → 42
    """
    return pipe().shell() if command is None else _steps.bash(command)


def __getattr__(name: str) -> Callable[..., Pipeline]:
    """Give a step as a function that begins a pipeline with it."""
    if name not in STEPS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    method = getattr(Pipeline, name)

    @functools.wraps(method)
    def begin(*args: Any, **named: Any) -> Pipeline:
        made: Pipeline = method(pipe(), *args, **named)
        return made

    return begin


def __dir__() -> list[str]:
    return sorted({*globals(), *STEPS})


async def _together(values: list[Any]) -> list[Any]:
    async def one(value: Any) -> Any:
        return await value if awaits(value) else value

    return [*await asyncio.gather(*builtins.map(one, values))]


def _writer() -> FrameType:
    """Give the frame of the code that writes the pipeline: the first outside this module."""
    frame = sys._getframe(1)
    while frame.f_globals is globals() and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _shown(value: Any) -> str:
    if isinstance(value, Pipeline):
        return repr(value)
    if callable(value):
        return getattr(value, "__qualname__", type(value).__name__)
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
