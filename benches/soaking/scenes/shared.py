"""What calls of one process share and must not mix: figures, redirected output, one thread."""

from ..stage import Scene, Stage, together

FIGURE = """
import time
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt

def run(n):
    plt.figure()
    plt.plot([n, n + 1])
    time.sleep(0.02)
    plt.title(f"of {n}")
    time.sleep(0.02)
    axes = plt.gcf().axes
    lines = [[int(y) for y in line.get_ydata()] for each in axes for line in each.lines]
    # Whether it is closed is its caller's affair, and may be forgotten.
    if n % 2: plt.close()
    return f"{lines} {[each.get_title() for each in axes]}"
"""
OUTPUT = """
import contextlib, io, sys, time

def run(n):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        print("begin", n)
        print("first", n, file=sys.stderr)
        time.sleep(0.02)
        print("end", n)
        print("last", n, file=sys.stderr)
    print("not redirected", n)
    return f"{out.getvalue().split()} {err.getvalue().split()}"
"""
ONE_THREAD = """
__owt__ = {"threads": 1}
import sqlite3, threading, time
owner = threading.get_ident()
table = sqlite3.connect(":memory:")
table.execute("create table calls (n)")
running = 0

def run(n):
    global running
    running += 1
    together, is_owner = running, threading.get_ident() == owner
    table.execute("insert into calls values (?)", [n])
    time.sleep(0.005)
    [[mine]] = table.execute("select n from calls where n = ?", [n])
    table.execute("delete from calls where n = ?", [n])
    running -= 1
    return f"{mine} {together} {is_owner}"
"""


async def _figure(stage: Stage) -> None:
    if not await stage.has("matplotlib"):
        return

    async def one(n: int) -> None:
        await stage.right(FIGURE, f"{[[n, n + 1]]} {[f'of {n}']}", n)

    await together(*(one(next(stage.numbers)) for _ in range(6)))


async def _output(stage: Stage) -> None:
    async def one(n: int) -> None:
        text = f"{['begin', str(n), 'end', str(n)]} {['first', str(n), 'last', str(n)]}"
        await stage.right(OUTPUT, text, n)

    await together(*(one(next(stage.numbers)) for _ in range(6)))


async def _one_thread(stage: Stage) -> None:
    numbers = [next(stage.numbers) for _ in range(6)]
    await together(*(stage.right(ONE_THREAD, f"{n} 1 True", n) for n in numbers))


SHARED = (
    Scene("figure", _figure),
    Scene("redirect", _output),
    Scene("one-thread", _one_thread),
)
