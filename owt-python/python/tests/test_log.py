"""Printed and logged lines: whole, bounded, and each with its call."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import io
import logging
import pathlib
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from owt import _log
from owt._context import current


@pytest.fixture
def lines():
    """The lines that reached the server's log."""
    return []


def logged(test):
    """Runs a test with stdout, stderr and logging going to its `lines`.

    A fixture cannot: pytest sets its own streams again before it runs the test.
    """

    @functools.wraps(test)
    def run(lines, **rest):
        root = logging.getLogger()
        before = sys.stdout, sys.stderr, root.level, root.handlers[:]
        _log.install(lambda *line: lines.append(line[:4]), 0)
        try:
            test(lines, **rest)
        finally:
            sys.stdout, sys.stderr = before[:2]
            root.setLevel(before[2])
            root.handlers[:] = before[3]

    return run


def call(name, function):
    """Runs a function as the server runs a call: in a context of its own."""
    context = contextvars.Context()
    context.run(current.set, SimpleNamespace(id=name))
    return context, context.run(function)


@logged
def test_each_line_is_one_entry_with_the_calls_id(lines):
    call("c1", lambda: print("a\nb"))
    call("c2", lambda: print("wrong", file=sys.stderr))
    print("outside")
    assert lines == [
        (20, "stdout", "c1", "a"),
        (20, "stdout", "c1", "b"),
        (30, "stderr", "c2", "wrong"),
        (20, "stdout", "", "outside"),
    ]


@logged
def test_lines_of_interleaved_calls_do_not_mix(lines):
    first, _ = call("c1", lambda: print("a", end=""))
    second, _ = call("c2", lambda: print("x", end=""))
    first.run(print, "b")
    second.run(print, "y")
    assert [line[2:] for line in lines] == [("c1", "ab"), ("c2", "xy")]


@logged
def test_lines_of_many_threads_are_whole(lines):
    ready = threading.Barrier(8)

    def work(number):
        ready.wait()
        for _ in range(200):
            call(str(number), lambda: (sys.stdout.write(f"{number}"), sys.stdout.write("x\n")))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(line[2:] for line in lines) == sorted(
        (str(number), f"{number}x") for number in range(8) for _ in range(200)
    )


@logged
def test_a_partial_line_comes_out_when_its_call_is_over(lines):
    context, _ = call("c1", lambda: print("begun", end=""))
    assert lines == []
    del context
    gc.collect()
    assert lines == [(20, "stdout", "c1", "begun")]


@logged
def test_a_partial_line_comes_out_on_flush_and_on_flush_call(lines):
    context, _ = call("c1", lambda: print("a", end="", flush=True))
    assert lines.pop() == (20, "stdout", "c1", "a")
    context.run(print, "b", end="")
    _log.flush_call("other")
    assert lines == []
    _log.flush_call("c1")
    assert lines == [(20, "stdout", "c1", "b")]


@logged
def test_a_very_long_line_is_handed_on_in_pieces(lines):
    print("x" * (3 * _log.PIECE + 5))
    assert [len(line[3]) for line in lines] == [_log.PIECE] * 3 + [5]
    lines.clear()
    for _ in range(20):
        print("y" * 1000, end="")
    assert len(lines) == 2 and {len(line[3]) for line in lines} == {_log.PIECE}
    print()
    assert sum(len(line[3]) for line in lines) == 20_000


@logged
def test_a_progress_bar_is_one_line(lines):
    for percent in range(0, 101, 10):
        sys.stderr.write(f"\r{percent}%")
        sys.stderr.flush()
    sys.stderr.write("\n")
    print("windows\r\n", end="")
    assert [line[3] for line in lines] == ["100%", "windows"]


@logged
def test_bytes_and_what_a_stream_must_have(lines):
    assert sys.stdout.buffer.write("ä\n".encode()) == 3
    sys.stdout.buffer.write(b"\xff\n")
    assert [line[3] for line in lines] == ["ä", "\\xff"]
    assert not sys.stdout.isatty()
    assert (sys.stdout.fileno(), sys.stderr.fileno()) == (1, 2)
    assert sys.stdout.encoding == "utf-8" and isinstance(sys.stdout, io.TextIOBase)
    with pytest.raises(TypeError):
        sys.stdout.write(b"bytes")


@logged
def test_close_is_harmless(lines):
    sys.stdout.close()
    with sys.stdout:
        pass
    print("still here")
    assert [line[3] for line in lines] == ["still here"] and not sys.stdout.closed


@logged
def test_lone_surrogates_are_escaped(lines):
    print("a\udcffb")
    assert lines[0][3] == "a\\udcffb"


@logged
def test_logging(lines):
    call("c1", lambda: logging.getLogger("mine").info("n %d\nmore", 1))
    logging.debug("unseen")
    assert lines == [(20, "mine", "c1", "n 1"), (20, "mine", "c1", "more")]
    lines.clear()
    try:
        raise ValueError("why")
    except ValueError:
        logging.exception("failed")
    assert lines[0] == (40, "root", "", "failed") and lines[-1][3] == "ValueError: why"


@logged
def test_lines_bear_the_trace_of_their_call(lines):
    _log.install(lambda *line: lines.append(line[3:]), 0)

    def run():
        print("printed")
        logging.info("logged")
        print("begun", end="")

    context = contextvars.Context()
    context.run(current.set, SimpleNamespace(id="c1", trace="t1"))
    context.run(run)
    call("c2", lambda: print("of no trace"))
    del context
    assert sorted(lines) == [
        ("begun", "t1"),
        ("logged", "t1"),
        ("of no trace", ""),
        ("printed", "t1"),
    ]


def test_warnings_go_to_stderr():
    """In a process of its own: pytest records warnings in the place of showing them."""
    script = (
        "import warnings; from owt import _log; lines = []; "
        "_log.install(lambda *line: lines.append(line[:4]), 0); warnings.warn('careful'); "
        "_log.leave_server(); print(lines)"
    )
    root = pathlib.Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    assert "(30, 'stderr', '', '<string>:1: UserWarning: careful')" in done.stdout, done.stderr


@pytest.mark.parametrize(("verbosity", "level"), [(1, "DEBUG"), (0, "INFO"), (-1, "WARNING")])
@logged
def test_verbosity(lines, verbosity, level):
    _log.install(lambda *_: None, verbosity)
    assert logging.getLevelName(logging.getLogger().level) == level
    handlers = logging.getLogger().handlers
    assert len([one for one in handlers if isinstance(one, _log.LogHandler)]) == 1


@logged
def test_tasks_and_threads_of_a_call_keep_its_id(lines):
    async def run():
        print("task")
        await asyncio.to_thread(print, "thread")

    call("c1", lambda: asyncio.run(run()))
    assert [line[2:] for line in lines] == [("c1", "task"), ("c1", "thread")]
