"""Where and how muons start, by the process that makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from muforge.errors import ConfigError, SampleError
from muforge.judge.binning import weighted_quantile
from muforge.report.layout import head_legend, panel_grid
from muforge.report.style import FURTHER, GENERATED, NULL, REAL_FILL, house_style
from muforge.sample import Sample

_COLOURS = (NULL, GENERATED, *FURTHER)
_PANEL = (5.2, 3.6)
"""Width and height in inches."""

_BINS = 60
_Z_BIN = 0.25
"""cm, half a slit of the 2018 target."""

_TAIL = 0.0005
_DECADES = 6
_DECADES_OF_Z = 3
_LINEAR = 0
_FIRST_VERTICES = 0.95
_LAST_ON_AXIS = 2


def by_origin(
    sample: Sample,
    groups: Mapping[str, Sequence[int]],
    *,
    z_end: float,
    slits: Sequence[tuple[float, float]] = (),
    title: str = "",
) -> Figure:
    """Start z (on the axis, and off it), start x, momentum and transverse momentum, a line for each group of origins.

    Muons per proton on target and per unit of the axis; sums of weights where the protons are unknown. The first panel
    is linear, and shows the 95% of vertices on the axis that lie first.

    Arguments:
        sample: With the column `origin`.
        groups: Name to the numbers of the origins that it stands for, at most six.
        z_end: End of the z axis, cm.
        slits: Fronts and backs of slits to shade along z, cm.
        title: Above all panels.

    Raises:
        SampleError: The sample has no weight, or no origins.
        ConfigError: There are more groups than colours.
    """
    sample.require_muons("sample")
    if "origin" not in sample:
        raise SampleError("column 'origin': missing")
    if len(groups) > len(_COLOURS):
        raise ConfigError(f"{len(groups)} groups of origins: at most {len(_COLOURS)} can be told apart")
    momentum = np.linalg.norm(sample.matrix(("px", "py", "pz")), axis=1)
    transverse = np.hypot(sample["px"], sample["py"])
    reach = weighted_quantile(np.abs(sample["start_x"]), sample.weight, (1 - _TAIL,))[0]
    on_axis = sample.category <= _LAST_ON_AXIS
    start_z = np.where(on_axis, sample["start_z"], np.nan)
    beside = np.where(on_axis, np.nan, sample["start_z"])
    first = weighted_quantile(sample["start_z"], sample.weight * on_axis, (_FIRST_VERTICES,))[0]
    panels: list[tuple[str, str, NDArray[np.floating], NDArray[np.float64], int]] = [
        ("start $z$ of vertices on the axis [cm]", "cm", start_z, _z_edges(first), _LINEAR),
        ("start $z$ of vertices off the axis [cm]", "cm", beside, _z_edges(z_end), _DECADES_OF_Z),
        ("start $x$ [cm]", "cm", sample["start_x"], np.linspace(-reach, reach, 2 * _BINS + 2), _DECADES),
        ("$p$ [GeV]", "GeV", momentum, np.linspace(0.0, _largest(momentum), _BINS + 1), _DECADES),
        ("$p_T$ [GeV]", "GeV", transverse, np.linspace(0.0, _largest(transverse), _BINS + 1), _DECADES),
    ]
    with house_style():
        figure, places = panel_grid(len(panels), _PANEL, title)
        for (label, unit, values, edges, decades), place in zip(panels, places, strict=True):
            axes = figure.add_subplot(place)
            _draw(axes, sample, groups, values, edges, decades)
            axes.set_xlabel(label)
            axes.set_ylabel(f"muons per proton and {unit}")
        for front, back in slits:
            for axes in figure.axes[:2]:
                axes.axvspan(front, back, color=REAL_FILL, zorder=0, linewidth=0)
        lines = [Line2D([], [], color=colour) for colour, _ in zip(_COLOURS, groups, strict=False)]
        head_legend(figure, title, lines, list(groups))
    return figure


def _z_edges(end: float) -> NDArray[np.float64]:
    return np.arange(0.0, end + _Z_BIN, _Z_BIN)


def _largest(values: NDArray[np.floating]) -> float:
    return float(values.max()) * 1.02


def _draw(
    axes: Axes,
    sample: Sample,
    groups: Mapping[str, Sequence[int]],
    values: NDArray[np.floating],
    edges: NDArray[np.float64],
    decades: int,
) -> None:
    scale = 1 / ((sample.protons_on_target or 1.0) * np.diff(edges))
    highest = 0.0
    for colour, origins in zip(_COLOURS, groups.values(), strict=False):
        own = np.isin(sample["origin"], list(origins))
        counts = np.histogram(values[own], edges, weights=sample.weight[own])[0] * scale
        axes.stairs(np.where(counts > 0, counts, np.nan), edges, color=colour, baseline=None, linewidth=1)
        highest = max(highest, float(counts.max()))
    if decades != _LINEAR:
        axes.set_yscale("log")
        axes.set_ylim(highest / 10**decades, 3 * highest)
    axes.set_xlim(edges[0], edges[-1])
