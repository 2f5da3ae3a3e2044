"""Where a function takes a native lock, so that an exception from outside would leave it locked.

An exception that a thread was sent is raised where a call returns, where a loop jumps back and
where a function begins. So in `lock.acquire()` and a `try` behind it, it is raised when the lock is
taken and before anything gives it back. A `with` is safe before 3.14: nothing is raised between its
taking the lock and its beginning.
"""

from __future__ import annotations

import dis
import functools
import sys
from types import CodeType

#: Methods of native locks that take them.
_TAKERS = frozenset(("acquire", "acquire_lock", "__enter__"))
# Instructions that end an expression.
_ENDS = ("POP_TOP", "POP_JUMP", "STORE", "RETURN")
# Instructions that nothing follows.
_LEAVE = ("RETURN", "RAISE", "RERAISE", "JUMP")
# So many functions are remembered.
_FUNCTIONS = 64
_JUMPS = frozenset(dis.hasjrel + dis.hasjabs)


def places(code: CodeType) -> frozenset[int]:
    """Give the places (`f_lasti`) of a thread that has just taken a lock there, or is to."""
    if sys.version_info < (3, 14) and _TAKERS.isdisjoint((*code.co_names, *code.co_varnames)):
        return frozenset()
    return _places(code)


@functools.lru_cache(_FUNCTIONS)
def _places(code: CodeType) -> frozenset[int]:
    steps = list(dis.get_instructions(code))
    takings = _takings(steps)
    found = {steps[at].offset for at in takings}
    # From 3.13 on, a thread that lets others run at one of these places does not look for an
    # exception before the next one.
    if sys.version_info >= (3, 13):
        found.update(steps[at].offset for at in _before(steps, takings))
    return frozenset(found)


def _takings(steps: list[dis.Instruction]) -> list[int]:
    """Give the calls that take a lock, and all others of the same expression behind it."""
    found, takes = [], False
    for at, step in enumerate(steps):
        if step.opname.startswith("LOAD") and (
            step.argval in _TAKERS or step.argrepr == "__enter__"  # of `with`, from 3.14 on
        ):
            takes = True
        elif step.opname.startswith(_ENDS):
            takes = False
        elif takes and "CALL" in step.opname:
            found.append(at)
    return found


def _before(steps: list[dis.Instruction], takings: list[int]) -> set[int]:
    """Give the instructions that look for an exception and are the last to do so before these."""
    sources: dict[int, list[int]] = {}
    for at, step in enumerate(steps):
        if step.opcode in _JUMPS:
            sources.setdefault(step.argval, []).append(at)
    found: set[int] = set()
    seen: set[int] = set()
    ahead = list(takings)
    while ahead:
        at = ahead.pop()
        if at in seen:
            continue
        seen.add(at)
        before = list(sources.get(steps[at].offset, ()))
        if at and not steps[at - 1].opname.startswith(_LEAVE):
            before.append(at - 1)
        for other in before:
            (found.add if _looks(steps[other]) else ahead.append)(other)
    return found


def _looks(step: dis.Instruction) -> bool:
    return "CALL" in step.opname or step.opname in ("RESUME", "JUMP_BACKWARD")
