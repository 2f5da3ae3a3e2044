"""matplotlib, whose pyplot has one current figure in a whole process: here each call has its own.

- The figures of pyplot, and which is current, are the call's. Those that it left open are closed
  when it is over.
- What a call sets in `rcParams` (styles, `plt.rc`) is for it alone; what a module body sets is for
  all. From matplotlib 3.9 on.
- The parser of formulas, which is not made for threads and used even for the numbers of a
  logarithmic axis, is one for each thread.
- Without a backend chosen by anybody it is Agg, also where there is a display.
"""

from __future__ import annotations

import functools
import threading
from _thread import get_ident
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from typing import Any

from . import _state
from ._after_import import after_import
from ._context import current

#: Parsed formulas that are kept, for all threads together; matplotlib's own bound is 50.
_FORMULAS = 256


def install() -> None:
    """Be ready for matplotlib to be imported."""
    after_import("matplotlib", _prepare_params)
    after_import("matplotlib._pylab_helpers", _prepare_figures)
    after_import("matplotlib.mathtext", _prepare_mathtext)


# Figures


def _prepare_figures(helpers: Any) -> None:
    if not isinstance(helpers.Gcf.figs, _Figures):
        helpers.Gcf.figs = _Figures(helpers.Gcf.figs)


class _Figures(MutableMapping[Any, Any]):
    """In the place of pyplot's dictionary of figure managers: the running call's own."""

    def __init__(self, outside: OrderedDict[Any, Any]) -> None:
        self._outside = outside

    def _own(self) -> OrderedDict[Any, Any]:
        state = _state.own()
        if state is None:
            return self._outside
        if "figures" not in state.undoing:
            state.undoing["figures"] = functools.partial(_close, state.figures)
        return state.figures

    def __getitem__(self, number: Any) -> Any:
        return self._own()[number]

    def __setitem__(self, number: Any, manager: Any) -> None:
        self._own()[number] = manager

    def __delitem__(self, number: Any) -> None:
        del self._own()[number]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._own())

    def __len__(self) -> int:
        return len(self._own())

    # What an ordered dictionary can do beyond a mapping: its order, and views that can be reversed.
    def move_to_end(self, number: Any) -> None:
        self._own().move_to_end(number)

    def keys(self) -> Any:
        return self._own().keys()

    def values(self) -> Any:
        return self._own().values()

    def items(self) -> Any:
        return self._own().items()


def _close(figures: OrderedDict[Any, Any], over: bool) -> None:
    """What `plt.close("all")` does, for a call that is over."""
    while over and figures:
        _, manager = figures.popitem()
        if hasattr(manager, "_cidgcf"):
            manager.canvas.mpl_disconnect(manager._cidgcf)
        manager.destroy()


# Settings


def _prepare_params(matplotlib: Any) -> None:
    params = matplotlib.rcParams
    if dict.__getitem__(params, "backend") is matplotlib.rcsetup._auto_backend_sentinel:
        dict.__setitem__(params, "backend", "agg")
    plain = type(params)
    ways = ("_get", "_set", "_update_raw")
    if not all(hasattr(plain, way) for way in ways) or hasattr(plain, "_owt"):
        return

    class Params(plain):  # type: ignore[misc, valid-type]
        """The class of `matplotlib.rcParams`, and of nothing else."""

        _owt = True

        def _get(self, key: str) -> Any:
            state = _state.existing()
            if state is not None and key in state.params and self is params:
                return state.params[key]
            return plain._get(self, key)

        def _set(self, key: str, value: Any) -> None:
            own = _settings() if self is params and key != "backend" else None
            if own is None:
                plain._set(self, key, value)
            else:
                own[key] = value

        def _update_raw(self, other: Any) -> None:
            own = _settings() if self is params else None
            if own is None:
                plain._update_raw(self, other)
            else:
                raw = dict.items(other) if isinstance(other, plain) else dict(other).items()
                own.update((key, value) for key, value in raw if key != "backend")

    params.__class__ = Params


def _settings() -> dict[str, Any] | None:
    """Where the running call keeps what it sets. None outside calls and in a module body."""
    if getattr(current.get(None), "loading", False):
        return None
    state = _state.own()
    return None if state is None else state.params


# Formulas


def _prepare_mathtext(mathtext: Any) -> None:
    kind = mathtext.MathTextParser
    parse = getattr(kind._parse_cached, "__wrapped__", None)
    if parse is None:
        return
    threads = threading.local()

    def parser(_: Any) -> Any:
        if not hasattr(threads, "parser"):
            threads.parser = mathtext._mathtext.Parser()
        return threads.parser

    # What is parsed holds fonts, and a font is for the thread that opened it.
    @functools.lru_cache(_FORMULAS)
    def cached(self: Any, _thread: int, *given: Any) -> Any:
        return parse(self, *given)

    kind._parser = property(parser)
    kind._parse_cached = lambda self, *given: cached(self, get_ident(), *given)
