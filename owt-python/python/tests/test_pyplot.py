"""pyplot for many calls at once: each has its figures, its current figure, its settings."""

from __future__ import annotations

import contextvars
import io
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from owt import _pyplot, _state
from owt._context import current

matplotlib = pytest.importorskip("matplotlib")
_pyplot.install()
plt = pytest.importorskip("matplotlib.pyplot")


class Call:
    """A call as the server runs it; `loading` is the run of a module body."""

    def __init__(self, loading=False):
        self.raw = SimpleNamespace(id="c", state=None, loading=loading)
        self.context = contextvars.Context()
        self.context.run(current.set, self.raw)

    def run(self, function, *args):
        return self.context.run(function, *args)

    def leave(self):
        if self.raw.state is not None:
            _state.leave(self.raw.state, True)


def at_once(number, function):
    """Runs the function so many times at once, each as a call on a thread of its own."""
    given = [None] * number
    barrier = threading.Barrier(number)

    def work(n):
        given[n] = Call().run(function, n, barrier.wait)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


def drawn(figure):
    return [float(line.get_ydata()[0]) for axes in figure.axes for line in axes.lines]


def test_each_call_draws_on_its_own_current_figure():
    def run(n, meet):
        plt.figure()
        meet()
        plt.plot([n, n])
        meet()
        plt.title(f"title {n}")
        meet()
        first = plt.gcf()
        plt.subplots()
        meet()
        numbers, _ = plt.get_fignums(), plt.figure(1)
        plt.plot([n + 0.5, n])
        meet()
        if n % 2:
            plt.close("all")
        meet()
        return drawn(first), first.axes[0].get_title(), numbers, plt.get_fignums()

    plt.close("all")  # what other tests have drawn
    assert at_once(8, run) == [
        ([n, n + 0.5], f"title {n}", [1, 2], [] if n % 2 else [1, 2]) for n in range(8)
    ]
    assert plt.get_fignums() == []


def test_figures_left_open_are_closed_with_their_call():
    call = Call()
    figure = call.run(plt.figure)
    destroyed = []
    figure.canvas.manager.destroy = lambda: destroyed.append(1)
    assert call.run(plt.get_fignums) == [1]
    call.leave()
    assert (call.run(plt.get_fignums), destroyed) == ([], [1])
    figure.savefig(io.BytesIO())  # whoever kept it can go on drawing


def test_what_a_module_body_makes_is_no_calls_current_figure():
    body = Call(loading=True)
    figure, axes = body.run(plt.subplots)
    body.leave()

    def run():
        axes.plot([7, 7])
        return plt.get_fignums(), plt.gcf() is figure

    assert Call().run(run) == ([], False) and drawn(figure) == [7]


def test_outside_calls_pyplot_is_as_ever():
    plt.figure("mine")
    try:
        assert plt.fignum_exists("mine") and not Call().run(plt.fignum_exists, "mine")
    finally:
        plt.close("all")
    assert plt.get_fignums() == []


def test_settings_of_a_call_are_its_own():
    before = dict(matplotlib.rcParams)

    def run(n, meet):
        with plt.rc_context({"lines.linewidth": n}):
            plt.style.use("dark_background")
            plt.rcParams["font.size"] = n + 5
            meet()
            seen = plt.rcParams["lines.linewidth"], plt.rcParams["axes.facecolor"]
            meet()
        after = plt.rcParams["lines.linewidth"], plt.rcParams["axes.facecolor"]
        copied = plt.rcParams.copy()
        copied["font.size"] = 99
        return seen, after, plt.rcParams["font.size"]

    plain = before["lines.linewidth"], before["axes.facecolor"]
    given = at_once(4, run)
    assert given == [((n, "black"), plain, before["font.size"]) for n in range(4)]
    assert dict(matplotlib.rcParams) == before


def test_settings_of_a_module_body_are_for_all():
    before = matplotlib.rcParams["font.size"]
    Call(loading=True).run(matplotlib.rcParams.__setitem__, "font.size", 33)
    try:
        assert Call().run(matplotlib.rcParams.__getitem__, "font.size") == 33
    finally:
        matplotlib.rcParams["font.size"] = before


def test_formulas_parsed_at_once_are_right():
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser

    parser = MathTextParser("path")

    def parse(n):
        text = rf"$\frac{{{n}}}{{\sqrt{{x_{{{n}}}}}}} \alpha^{{{n}}}$"
        return parser.parse(text, 72, FontProperties(size=6 + n))[:3]

    wanted = [parse(n) for n in range(12)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        given = at_once(4, lambda n, _: [parse((n + m) % 12) for m in range(12)])
    finally:
        sys.setswitchinterval(interval)
    assert given == [wanted[n:] + wanted[:n] for n in range(4)]


@pytest.mark.parametrize("display", ["", ":99"])
def test_the_backend_is_agg_unless_somebody_chose_one(display):
    """In a process of its own, into which matplotlib comes after the server."""
    script = (
        "from owt import _pyplot; _pyplot.install(); import matplotlib.pyplot as plt; "
        "plt.figure(); plt.show(); print(plt.get_backend(), type(plt.rcParams).__name__)"
    )
    environment = {"DISPLAY": display} if display else {}

    def backend(**more):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script],
            env={**environment, **more},
            cwd=__file__.rsplit("/", 2)[0],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    assert backend() == ["agg", "Params"]
    assert backend(MPLBACKEND="svg") == ["svg", "Params"]
