"""The bar chart of a benchmark."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from muforge.bench.run import Benchmark, groups
from muforge.report.style import FURTHER, GENERATED, NULL, REAL, house_style

_COLOURS = (REAL, FURTHER[1], FURTHER[0], NULL, GENERATED, FURTHER[2])


def bar_chart(benchmark: Benchmark) -> Figure:
    """Muons per second of every contestant, on a logarithmic scale."""
    with house_style():
        muons = groups([each for each in benchmark.results if each.unit == "muons"])
        rows = [(group, each) for group, several in muons.items() for each in several]
        colour = dict(zip(muons, _COLOURS, strict=False))
        figure = Figure(figsize=(9, 0.33 * len(rows) + 2.4), layout="constrained")
        axes = figure.add_subplot()
        for place, (group, each) in enumerate(rows):
            axes.barh(-place, each.rate, color=colour[group], height=0.72)
            axes.text(each.rate * 1.15, -place, _rate(each.rate), va="center", fontsize=9)
        axes.set_xscale("log")
        axes.set_xlim(min(each.rate for _, each in rows) / 3, max(each.rate for _, each in rows) * 6)
        axes.set_yticks([-place for place in range(len(rows))], [each.name for _, each in rows])
        axes.minorticks_off()
        axes.set_xlabel("muons per second")
        axes.set_ylim(-len(rows) + 0.4, 0.6)
        machine = benchmark.machine
        figure.legend(
            handles=[Patch(color=colour[group], label=group) for group in muons],
            loc="outside upper center",
            ncols=3,
            frameon=False,
        )
        axes.set_title(
            f"{machine['processor']}, {machine['cores']} cores, {benchmark.date}, bundle {benchmark.bundle['name']}",
            loc="left",
            fontsize=9,
        )
        return figure


def _rate(rate: float) -> str:
    if rate >= 1e6:
        return f"{rate / 1e6:.3g} M/s"
    return f"{rate / 1e3:.3g} k/s" if rate >= 1e3 else f"{rate:.3g}/s"
