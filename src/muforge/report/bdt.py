"""The output of the boosted trees that try to tell generated muons from real ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from muforge.judge import BDTResult, Comparison
from muforge.judge.table import measured
from muforge.report.density import Density
from muforge.report.labels import symbol
from muforge.report.layout import head_line, panel_grid
from muforge.report.panel import draw_densities, draw_ratio, ratio_panel
from muforge.report.style import GENERATED, NULL, house_style

_PANEL = (5.4, 4.4)
"""Width and height in inches."""

_LEGEND_SHARE = 0.3
"""Share of the ordinate kept free for the legend."""


def bdt_output(comparison: Comparison, *, title: str = "") -> Figure:
    """Distribution of the classifier's output for real and generated muons and, in a second panel, for the null.

    The figures of merit and the effective sample sizes are in the legends.
    """
    tests = [(comparison.generated, "generated", GENERATED)]
    if comparison.null is not None:
        tests.append((comparison.null, "null: real, other events", NULL))
    with house_style():
        figure, places = panel_grid(len(tests), _PANEL, title)
        for (result, name, colour), place in zip(tests, places, strict=True):
            _draw(figure, place, result, name, colour)
        _share_ordinate(figure.axes[::2])
        _write_settings(figure, comparison, title)
    return figure


def _draw(figure: Figure, place: SubplotSpec, result: BDTResult, name: str, colour: str) -> None:
    real = Density(result.edges, result.density_real, result.density_real_error, 0.0)
    other = Density(result.edges, result.density_other, result.density_other_error, 0.0)
    main, below = ratio_panel(figure, place)
    handles = draw_densities(main, real, other, colour)
    draw_ratio(below, real, other, colour)
    main.set_xlim(result.edges[0], result.edges[-1])
    main.set_ylabel("probability density")
    below.set_ylabel("ratio to real", loc="center")
    below.set_xlabel("output of the boosted trees (1 = real)")
    labels = [
        f"real, $N_{{\\mathrm{{eff}}}}$ = {result.n_eff_real:,.0f}",
        f"{name}, $N_{{\\mathrm{{eff}}}}$ = {result.n_eff_other:,.0f}",
    ]
    main.legend(handles, labels, loc="upper left")
    main.text(
        0.97,
        0.96,
        _figures(result),
        transform=main.transAxes,
        ha="right",
        va="top",
        fontsize="small",
        linespacing=1.5,
    )


def _figures(result: BDTResult) -> str:
    chi2 = measured(result.reduced_chi2, result.reduced_chi2_error, decimals=2)
    lines = [
        f"AUC {measured(result.auc, result.auc_error, decimals=4)}",
        f"overlap {measured(result.overlap, result.overlap_error, decimals=4)}",
        rf"$\chi^2$ / d.o.f. {chi2} ({result.degrees_of_freedom:.0f} d.o.f.)",
    ]
    return "\n".join(lines)


def _share_ordinate(mains: Sequence[Axes]) -> None:
    """One ordinate for all panels, with space for the legends."""
    limits = np.array([axes.get_ylim() for axes in mains])
    low, high = float(limits.min()), float(limits.max())
    top = low * (high / low) ** (1 / (1 - _LEGEND_SHARE))
    for axes in mains:
        axes.set_ylim(low, top)


def _write_settings(figure: Figure, comparison: Comparison, title: str) -> None:
    columns = ", ".join(map(symbol, comparison.columns))
    text = f"{comparison.classifier} trees on {columns}"
    if comparison.repeats > 1:
        text += f"; figures: mean ± s.d. of {comparison.repeats} repeats, curves: the first"
    head_line(figure, title, text)
