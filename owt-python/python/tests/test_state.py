"""State of the process that a call has to itself: streams, the working directory, the umask."""

from __future__ import annotations

import contextlib
import contextvars
import io
import logging
import os
import pathlib
import pickle
import subprocess
import sys
import threading
import types
from types import SimpleNamespace

import pytest
from test_log import lines, logged

from owt import _cwd, _state, _stdio
from owt._context import current

__all__ = ["lines"]


class Call:
    """A call as the server runs it: a context of its own, left at the end."""

    def __init__(self, name="c"):
        self.raw = SimpleNamespace(id=name, state=None)
        self.context = contextvars.Context()
        self.context.run(current.set, self.raw)

    def run(self, function, *args):
        return self.context.run(function, *args)

    def leave(self, over=True):
        if self.raw.state is not None:
            _state.leave(self.raw.state, over)


def side_by_side(*functions):
    """Runs each as a call on a thread of its own, all at once, and gives what they gave."""
    given = [None] * len(functions)

    def work(number, function):
        given[number] = Call(str(number)).run(function)

    threads = [threading.Thread(target=work, args=job) for job in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


def says(number, barrier, redirect):
    def run():
        kept = io.StringIO()
        with redirect(kept):
            print("begin", number)
            barrier.wait()
            print("end", number)
            barrier.wait()
        print("after", number)
        return kept.getvalue()

    return run


@contextlib.contextmanager
def assigned(stream):
    before, sys.stdout = sys.stdout, stream
    try:
        yield
    finally:
        sys.stdout = before


@pytest.mark.parametrize("redirect", [contextlib.redirect_stdout, assigned])
@logged
def test_calls_at_once_each_capture_what_they_print(lines, redirect):
    barrier = threading.Barrier(8)
    given = side_by_side(*[says(number, barrier, redirect) for number in range(8)])
    assert given == [f"begin {number}\nend {number}\n" for number in range(8)]
    assert sorted(line[1:] for line in lines) == [
        ("stdout", str(number), f"after {number}") for number in range(8)
    ]


@logged
def test_a_stream_that_is_left_behind_goes_with_its_call(lines):
    def leaves():
        sys.stdout = sys.stderr = io.StringIO()
        print("lost")

    call = Call()
    call.run(leaves)
    assert call.run(lambda: type(sys.stdout)) is io.StringIO
    call.leave()
    call.run(print, "late")
    Call("next").run(print, "heard")
    print("outside")
    assert [line[2:] for line in lines] == [("c", "late"), ("next", "heard"), ("", "outside")]


@logged
def test_redirections_nest_and_may_end_in_another_order(lines):
    def run():
        outer, inner = io.StringIO(), io.StringIO()
        first, second = contextlib.redirect_stdout(outer), contextlib.redirect_stdout(inner)
        with contextlib.redirect_stderr(outer):
            first.__enter__()
            second.__enter__()
            print("inner")
            print("wrong", file=sys.stderr)
            first.__exit__(None, None, None)
            print("to the log")
            second.__exit__(None, None, None)
            print("outer")
        return outer.getvalue(), inner.getvalue()

    assert Call("c").run(run) == ("wrong\nouter\n", "inner\n")
    assert [line[2:] for line in lines] == [("c", "to the log")]


@logged
def test_a_generator_that_redirects_across_its_yields_holds_nobody(lines):
    def stream():
        with contextlib.redirect_stdout(io.StringIO()) as kept:
            print("mine")
            yield
            print("mine too")
            yield kept.getvalue()

    first, second = Call("1"), Call("2")
    one, two = stream(), stream()
    first.run(next, one)
    second.run(next, two)
    Call("3").run(print, "heard")
    assert [first.run(next, one), second.run(next, two)] == ["mine\nmine too\n"] * 2
    assert [line[2:] for line in lines] == [("3", "heard")]


@logged
def test_what_wraps_the_stream_it_found_reaches_the_log(lines):
    class Tee:
        def __init__(self, stream):
            self.stream, self.kept = stream, []

        def write(self, text):
            self.kept.append(text)
            return self.stream.write(text)

        def flush(self):
            self.stream.flush()

    def run():
        sys.stdout = tee = Tee(sys.stdout)
        print("both", flush=True)
        return "".join(tee.kept)

    assert Call("c").run(run) == "both\n"
    assert lines == [(20, "stdout", "c", "both")]


@logged
def test_a_handler_made_once_writes_to_the_log_with_each_calls_id(lines):
    handler = Call("body").run(logging.StreamHandler, sys.stdout)
    logger = logging.Logger("mine")
    logger.addHandler(handler)
    for name in "ab":
        Call(name).run(logger.warning, "said")
    assert [line[1:] for line in lines] == [("stdout", "a", "said"), ("stdout", "b", "said")]


@logged
def test_none_silences_and_del_gives_the_servers_back(lines):
    def run():
        sys.stdout = None
        print("unheard", flush=True)
        del sys.stdout
        print("heard")

    Call("c").run(run)
    assert [line[3] for line in lines] == ["heard"]


@logged
def test_what_is_read_is_the_calls_own(lines):
    def asks(number):
        def run():
            sys.stdin = io.StringIO(f"{number}\nmore")
            return input(), sys.stdin.read()

        return run

    assert side_by_side(*map(asks, range(4))) == [(str(number), "more") for number in range(4)]


@logged
def test_code_outside_calls_keeps_its_own(lines):
    kept = io.StringIO()
    with contextlib.redirect_stdout(kept):
        print("outside")
        Call("c").run(print, "inside")
    assert kept.getvalue() == "outside\n"
    assert [line[2:] for line in lines] == [("c", "inside")]


@logged
def test_sys_is_a_module_like_others(lines):
    assert pickle.loads(pickle.dumps(sys)) is sys
    assert isinstance(os, type(sys)) and isinstance(sys, types.ModuleType)
    made = type(sys)("made")
    assert type(made) is types.ModuleType and not hasattr(made, "stdout")
    assert repr(sys) == "<module 'sys' (built-in)>"
    _stdio.leave(stdout=io.StringIO())
    assert type(sys) is types.ModuleType


def test_a_script_prints_its_traceback_and_ends_well():
    """C code at the end of a process finds its streams."""
    script = (
        "from owt import _log; _log.install(lambda *line: __import__('os').write(2, "
        "(line[3] + '\\n').encode()), 0); print('said'); input.__name__; 1/0"
    )
    root = pathlib.Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    assert done.stderr.startswith("said\nTraceback") and "ZeroDivisionError" in done.stderr


@pytest.fixture
def directory(tmp_path):
    """The working directory that calls begin with; the tests' threads count as calls' own."""
    kept = os.getcwd(), os.chdir, os.fchdir, os.umask
    os.chdir(tmp_path)
    _cwd.install(lambda: True)
    try:
        yield tmp_path
    finally:
        before, os.chdir, os.fchdir, os.umask = kept
        os.chdir(before)


def test_a_call_leaves_the_directory_and_the_umask_as_they_were(directory):
    (directory / "sub").mkdir()
    mask = os.umask(0o022)
    os.umask(mask)

    def run():
        os.umask(0o077)
        with contextlib.chdir("sub"):
            os.chdir("..")
            os.chdir("sub")
        os.chdir("sub")

    call = Call()
    call.run(run)
    assert os.getcwd().endswith("sub")
    call.leave(over=False)
    assert os.getcwd() == str(directory) and os.umask(mask) == mask
    assert os.chdir in os.supports_fd


def test_beside_a_calls_own_thread_the_directory_is_as_before_when_the_call_is_over(directory):
    _cwd.install(lambda: False)
    (directory / "sub").mkdir()
    call = Call()
    call.run(os.chdir, "sub")
    call.leave(over=False)
    assert os.getcwd().endswith("sub")
    call.leave()
    assert os.getcwd() == str(directory)


def test_all_is_undone_also_when_one_of_it_fails():
    done = []

    def fails(over):
        raise ValueError("why")

    state = _state.State()
    state.undoing = {"a": done.append, "b": fails, "c": done.append}
    with pytest.raises(ValueError, match="why"):
        _state.leave(state, True)
    assert done == [True, True]
