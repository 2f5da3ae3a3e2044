"""Parsing in several threads at once."""

from __future__ import annotations

import ast
import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from owt._parse import parse

SOURCE = "[" + "(1 + f(2, [3, {4: 5}])), " * 30 + "]\n"


@pytest.fixture
def switches():
    """Have threads take turns while they build trees: where objects are collected, Python runs."""
    kept = sys.getswitchinterval(), gc.get_threshold()

    def collected(phase, info):
        del phase, info
        threading.get_ident()

    sys.setswitchinterval(1e-6)
    gc.set_threshold(5)
    gc.callbacks.append(collected)
    yield
    gc.callbacks.remove(collected)
    sys.setswitchinterval(kept[0])
    gc.set_threshold(*kept[1])


def _beside_each_other(work):
    with ThreadPoolExecutor(4) as threads:
        return [future.exception() for future in [threads.submit(work, SOURCE) for _ in range(200)]]


@pytest.mark.usefixtures("switches")
def test_threads_do_not_disturb_each_other():
    assert _beside_each_other(parse) == [None] * 200


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="collects elsewhere")
@pytest.mark.usefixtures("switches")
def test_python_itself_needs_it():
    assert any(isinstance(error, SystemError) for error in _beside_each_other(ast.parse))


def test_what_is_no_python_is_told():
    with pytest.raises(SyntaxError):
        parse("def")
    assert isinstance(parse("1", mode="eval"), ast.Expression)
