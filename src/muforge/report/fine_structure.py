"""Spectra behind absorber and shield, with and without the comb of the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from muforge.errors import ConfigError
from muforge.report.density import Density, ratio
from muforge.report.layout import LEGEND, head_legend, panel_grid
from muforge.report.panel import RATIO_ENDS, RATIO_TICKS, centres, ratio_panel
from muforge.report.style import FURTHER, GENERATED, NULL, REAL, REAL_FILL, house_style

TITLES: Mapping[str, str] = {
    "absorber": "behind the absorber",
    "shield": "behind the shield",
    "acceptance": "in the acceptance",
}
LABELS: Mapping[str, tuple[str, str]] = {"p": ("$p$", "GeV"), "pt": ("$p_T$", "GeV"), "r": ("$r$", "cm")}
"""Quantities that are drawn, each with its unit."""

_COLOURS = (NULL, *FURTHER, GENERATED)
_PANEL = (3.6, 3.2)
"""Width and height in inches."""

_PLACE = 0.3
"""Height in inches of the titles above the upper panels."""

_HEADROOM = 6.0
_BAND_ALPHA = 0.25
_POINT = 2.5


def fine_structure(details: Mapping[str, Any], *, title: str = "") -> Figure:
    """Momentum, transverse momentum and distance from the axis at each place, with the ratio of each arm to real muons.

    Densities have unit area; the rate of each arm over the real one is written in the first panel of a place. Errors
    are over events, the band is that of the real muons.

    Arguments:
        details: As `muforge.studies.behind.fine_structure` gives them.

    Raises:
        ConfigError: There are more arms than colours, or nothing to draw.
    """
    arms: Sequence[str] = details["arms"]
    if len(arms) > len(_COLOURS):
        raise ConfigError(f"{len(arms)} arms: at most {len(_COLOURS)} can be told apart")
    colours = dict(zip(arms, _COLOURS, strict=False))
    drawn = [
        (place, quantity)
        for place, found in details["places"].items()
        for quantity in LABELS
        if quantity in found["spectra"]
    ]
    if not drawn:
        raise ConfigError("fine structure: too few muons at every place to draw")
    with house_style():
        figure, places = panel_grid(len(drawn), _PANEL, title, head=LEGEND + _PLACE)
        for (place, quantity), where in zip(drawn, places, strict=True):
            found = details["places"][place]
            main, below = ratio_panel(figure, where)
            _draw(main, below, found["spectra"][quantity], colours)
            symbol, unit = LABELS[quantity]
            main.set_title(TITLES[place])
            main.set_ylabel(f"probability density [1/{unit}]")
            below.set_xlabel(f"{symbol} [{unit}]")
            below.set_ylabel("ratio", loc="center")
            if quantity == next(iter(LABELS)):
                _write_rates(main, found["arms"], colours)
        handles = [
            Patch(facecolor=REAL_FILL, edgecolor=REAL),
            *(Line2D([], [], color=c) for c in colours.values()),
        ]
        head_legend(figure, title, handles, ["real", *arms])
    return figure


def _draw(main: Axes, below: Axes, spectrum: Mapping[str, Any], colours: Mapping[str, str]) -> None:
    edges = np.asarray(spectrum["edges"], np.float64)
    densities = {
        name: Density(edges, np.asarray(each["value"]), np.asarray(each["error"]), 0.0)
        for name, each in spectrum["densities"].items()
    }
    real = densities["real"]
    main.stairs(real.values, edges, fill=True, facecolor=REAL_FILL, linewidth=0)
    main.stairs(_seen(real), edges, color=REAL, baseline=None)
    band = ratio(real, real).band
    below.stairs(1 + band, edges, baseline=1 - band, fill=True, color=REAL, alpha=_BAND_ALPHA, linewidth=0)
    below.axhline(1, color=REAL, linewidth=0.8)
    shown = [name for name in colours if name in densities]
    for number, name in enumerate(shown, start=1):
        main.stairs(_seen(densities[name]), edges, color=colours[name], baseline=None)
        quotient = ratio(densities[name], real)
        beside = (number / (len(shown) + 1) - 0.5) * np.diff(edges)
        below.errorbar(
            centres(edges) + beside,
            quotient.values,
            quotient.errors,
            fmt="o",
            markersize=_POINT,
            color=colours[name],
            elinewidth=0.8,
        )
    contents = np.concatenate([each.values for each in densities.values()])
    positive = contents[contents > 0]
    main.set_ylim(positive.min() / _HEADROOM, positive.max() * _HEADROOM)
    main.set_xlim(edges[0], edges[-1])
    below.set_ylim(*RATIO_ENDS)
    below.set_yticks(RATIO_TICKS)


def _seen(density: Density) -> NDArray[np.float64]:
    return np.where(density.values > 0, density.values, np.nan)


def _write_rates(axes: Axes, arms: Mapping[str, Mapping[str, Any]], colours: Mapping[str, str]) -> None:
    """The rate of each arm over the real one, in its colour."""
    lines = [
        (f"rate / real {row['ratio']:.3f} ± {row['ratio_error']:.3f}", colours[name])
        for name, row in arms.items()
        if row["ratio"] is not None and row["ratio_error"] is not None
    ]
    for number, (text, colour) in enumerate(lines):
        axes.text(
            0.96,
            0.95 - 0.08 * number,
            text,
            transform=axes.transAxes,
            ha="right",
            va="top",
            fontsize="x-small",
            color=colour,
        )
