"""Draw results.json as PNG and SVG. Run by the scratch environment, which has matplotlib.

python plot.py RESULTS.json
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

OWT, LIMIT, PEER, INK = "#c2410c", "#9ca3af", "#64748b", "#1f2937"


def main(source: Path) -> None:
    data = json.loads(source.read_text())
    cases: dict[str, list[dict[str, Any]]] = {}
    for result in data["results"]:
        if "median" in result:
            cases.setdefault(result["case"], []).append(result)
    if not cases:
        return
    mpl.rcParams |= {"font.size": 9, "text.color": INK, "svg.fonttype": "none"}
    heights = [len(results) + 1.0 for results in cases.values()]
    figure, axes = plt.subplots(
        len(cases),
        figsize=(8, 0.32 * sum(heights) + 0.8),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for plot, results in zip(axes.flat, cases.values(), strict=True):
        _bars(plot, results)
    plan, machine = data["plan"], data["machine"]
    figure.suptitle("owt beside its limit and its peers", fontsize=12, fontweight="bold")
    figure.supxlabel(
        f"median of {plan['rounds']} rounds of {plan['seconds']} s, lines from min to max · "
        f"{machine['cores']} cores, {machine['cpu']} · {machine['when'][:10]}",
        fontsize=7.5,
        color=PEER,
    )
    for suffix in (".png", ".svg"):
        figure.savefig(source.with_suffix(suffix), dpi=160)


def _bars(plot: Axes, results: list[dict[str, Any]]) -> None:
    names = [result["server"] for result in results]
    rates = [result["median"] for result in results]
    colours = [LIMIT if n == "limit" else OWT if n.startswith("owt") else PEER for n in names]
    below = [result["median"] - result["min"] for result in results]
    above = [result["max"] - result["median"] for result in results]
    plot.barh(names, rates, color=colours, height=0.68)
    plot.errorbar(rates, names, xerr=[below, above], fmt="none", ecolor=INK, elinewidth=0.9)
    widest = max(result["max"] for result in results)
    for name, result in zip(names, results, strict=True):
        share = result["times"].get("limit")
        text = f"{result['median']:,.0f}" + (f"  ({share:.2f} of the limit)" if share else "")
        plot.text(result["max"] + widest * 0.012, name, text, va="center", fontsize=8)
    plot.set_title(f"{results[0]['title']}, {results[0]['unit']}", loc="left", fontsize=9)
    plot.set_xlim(0, widest * 1.42)
    plot.set_ylim(len(names) - 0.4, -0.6)
    plot.set_xticks([])
    plot.tick_params(left=False)
    plot.spines[["top", "right", "bottom"]].set_visible(False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
