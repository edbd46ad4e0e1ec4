"""Figures of a scan: parallel coordinates, values by trial, importances, and the map of a grid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator, StrMethodFormatter

from muforge.report.studies.drawing import HEAT, empty, heat_map, rows_height
from muforge.report.style import GENERATED, NULL, REAL, house_style
from muforge.scanning.parameter import Label, Parameter, Range
from muforge.scanning.result import ScanResult, Trial
from muforge.scanning.table import label_text, short_names

VALUES: Mapping[str, str] = {
    "auc": "|AUC – 1/2| of the boosted trees",
    "overlap": "1 – overlap of the boosted trees' outputs",
    "reduced_chi2": "χ² / d.o.f. of the boosted trees' outputs",
    "nll": "minus the mean log density",
}
"""What a trial's value is, by the figure of merit; all on validation events."""

_GREY = "#9c9ca1"
_WIDTH, _HEIGHT = 7.5, 4.2
_PER_AXIS = 1.9
"""Inches."""

_LOG_RATIO = 20.0
"""Largest over smallest value from which values are drawn on a logarithmic scale."""

_TICKS = 4
_APART = 0.08
_ROOM = 0.06
_ASIDE = 0.05
"""In parts of an axis of parallel coordinates: least distance of ticks, room above, and how far lines through the
same value are spread."""

_PLANE = 2


def parallel(found: ScanResult, parameters: Mapping[str, Parameter]) -> Figure:
    """Parallel coordinates: an axis for each parameter and one for the value, a line for each trial."""
    shown = [each for each in found.trials if each.value is not None]
    worst_first = sorted(shown, key=lambda each: (each.state == "complete", -_value(each)))
    values = [_value(each) for each in shown]
    scale = _normalised(values)
    heights = {name: _Heights.of(each) for name, each in parameters.items()}
    with house_style():
        figure = empty(max(_WIDTH, _PER_AXIS * (len(parameters) + 1)), _HEIGHT)
        axes = figure.subplots()
        axes.set_axis_off()
        for place, (name, each) in enumerate(zip(short_names(list(heights)), heights.values(), strict=True)):
            _draw_axis(axes, place, name, each.ticks)
        _draw_axis(axes, len(heights), "value", _ticks_of_values(values, scale), right=True)
        best = found.best
        for rank, trial in enumerate(worst_first):
            aside = _ASIDE * (rank / max(1, len(worst_first) - 1) - 0.5)
            line = [each.at(trial.parameters[name], aside) for name, each in heights.items()]
            line.append(float(scale(_value(trial))))
            style = _style(trial, best, colormaps[HEAT](line[-1]))
            axes.plot(range(len(line)), line, clip_on=False, **style)
        axes.set_xlim(-0.35, len(heights) + 0.35)
        axes.set_ylim(-_ROOM, 1 + 2 * _ROOM)
    return figure


def history(found: ScanResult) -> Figure:
    """Value against the number of the trial, with the best so far."""
    with house_style():
        figure = empty(_WIDTH, _HEIGHT)
        axes = figure.subplots()
        for state, marker, colour, label in (
            ("complete", "o", REAL, "complete"),
            ("pruned", "x", _GREY, "stopped early"),
        ):
            of_state = [each for each in found.trials if each.state == state]
            if of_state:
                numbers, values = [each.number for each in of_state], [_value(each) for each in of_state]
                axes.plot(numbers, values, marker, color=colour, markersize=4.5, label=label)
        complete = [each for each in found.trials if each.state == "complete"]
        numbers = [each.number for each in complete]
        bests = list(accumulate((_value(each) for each in complete), min))
        numbers.append(found.trials[-1].number + 1)
        axes.step(numbers, [*bests, bests[-1]], where="post", color=GENERATED, label="best so far")
        best = found.best
        if best is not None and best.end.null:
            axes.axhline(best.end.null, color=NULL, linestyle="--", label="real muons")
        if _spans_decades([_value(each) for each in found.trials if each.value is not None]):
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("trial")
        axes.set_ylabel(VALUES[found.figure_of_merit])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(-0.5, found.trials[-1].number + 1)
        axes.legend(loc="best")
    return figure


def importances(found: ScanResult) -> Figure:
    """A bar for each parameter."""
    with house_style():
        figure = empty(_WIDTH, rows_height(len(found.importances)))
        axes = figure.subplots()
        names, shares = short_names(list(found.importances)), list(found.importances.values())
        bars = axes.barh(range(len(names)), shares, height=0.6, color=NULL)
        axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=4)
        axes.set_yticks(range(len(names)), names)
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(0, 1.1 * max(shares))
        axes.set_xlabel("share of the variance of the value")
    return figure


def grid_map(found: ScanResult, parameters: Mapping[str, Parameter]) -> Figure | None:
    """The value of every complete trial in the plane of two parameters, if the space is such a grid."""
    points = {name: each.grid_points() for name, each in parameters.items()}
    if len(points) != _PLANE or any(each is None for each in points.values()):
        return None
    (x, of_x), (y, of_y) = ((name, list(each or ())) for name, each in points.items())
    value = {tuple(each.parameters.values()): each.value for each in found.ranked[::-1]}
    matrix = [[value.get((a, b)) for b in of_y] for a in of_x]
    with house_style():
        figure = empty(2.2 + 0.95 * len(of_x), 1.4 + 0.6 * len(of_y))
        axes = figure.subplots()
        text = [["" if each is None else f"{each:.3g}" for each in column] for column in matrix]
        heat_map(figure, axes, matrix, label=VALUES[found.figure_of_merit], text=text)
        axes.set_xticks(np.arange(len(of_x)) + 0.5, [label_text(each) for each in of_x])
        axes.set_yticks(np.arange(len(of_y)) + 0.5, [label_text(each) for each in of_y])
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_locator(NullLocator())
        axes.tick_params(length=0)
        x_name, y_name = short_names((x, y))
        axes.set_xlabel(x_name)
        axes.set_ylabel(y_name)
    return figure


@dataclass(frozen=True)
class _Heights:
    """Where values of a parameter lie on its axis, from 0 to 1.

    Arguments:
        places: Of the values of a list; none of a range.
        low, high: Ends of a range.
        log: Whether it is logarithmic.
        spread: Whether lines are drawn side by side, as many go through the same value.
    """

    places: Mapping[Label, float]
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    spread: bool = True

    @classmethod
    def of(cls, parameter: Parameter) -> Self:
        if isinstance(parameter, Range):
            return cls({}, parameter.low, parameter.high, parameter.log, parameter.whole)
        labels = list(parameter.labels)
        if all(isinstance(label, int | float) for label in labels):
            labels.sort(key=lambda label: float(label or 0))
        last = len(labels) - 1
        return cls({label: number / last if last else 0.5 for number, label in enumerate(labels)})

    def at(self, label: Label, aside: float = 0.0) -> float:
        """Height of a value, so far beside it where lines are spread."""
        return self._place(label) + (aside if self.spread else 0.0)

    def _place(self, label: Label) -> float:
        if self.places:
            return self.places[label]
        assert isinstance(label, int | float)
        if self.log:
            return math.log(label / self.low) / math.log(self.high / self.low)
        return (label - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Heights and what stands there."""
        if self.places:
            return [(height, label_text(label)) for label, height in self.places.items()]
        inner = _ticks(self.low, self.high, log=self.log, whole=self.spread)
        ends = [(self._place(each), f"{each:.4g}") for each in (self.low, self.high)]
        between = [(self._place(each), f"{each:.4g}") for each in inner]
        clear = [each for each in between if _APART < each[0] < 1 - _APART]
        return [*ends, *clear]


def _ticks(low: float, high: float, *, log: bool, whole: bool = False) -> list[float]:
    if log:
        exponents = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        return [10.0**exponent for exponent in exponents]
    return [
        float(each)
        for each in MaxNLocator(_TICKS, integer=whole).tick_values(low, high)
        if low <= each <= high
    ]


def _ticks_of_values(values: Sequence[float], scale: Normalize) -> list[tuple[float, str]]:
    low, high = min(values), max(values)
    log = isinstance(scale, LogNorm)
    inner = [(float(scale(each)), f"{each:.3g}") for each in _ticks(low, high, log=log)]
    clear = [each for each in inner if _APART < each[0] < 1 - _APART]
    ends = [low] if low == high else [low, high]
    return [*((float(scale(each)), f"{each:.3g}") for each in ends), *clear]


def _normalised(values: Sequence[float]) -> Normalize:
    low, high = min(values), max(values)
    return LogNorm(low, high) if _spans_decades(values) else Normalize(low, high)


def _spans_decades(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) > _LOG_RATIO * min(values)


def _draw_axis(
    axes: Axes, place: int, name: str, ticks: Sequence[tuple[float, str]], *, right: bool = False
) -> None:
    axes.plot([place, place], [0, 1], color=REAL, linewidth=0.9, zorder=1)
    side = 1 if right else -1
    for height, text in ticks:
        axes.plot([place, place + 0.02 * side], [height, height], color=REAL, linewidth=0.9)
        axes.text(
            place + 0.035 * side,
            height,
            text,
            ha="left" if right else "right",
            va="center",
            fontsize="small",
            zorder=5,
            bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.5},
        )
    axes.text(place, 1 + _ROOM, name, ha="center", va="bottom")


def _style(trial: Trial, best: Trial | None, colour: Any) -> dict[str, Any]:
    if trial is best:
        return {"color": GENERATED, "linewidth": 2.4, "zorder": 4}
    if trial.state == "pruned":
        return {"color": _GREY, "linewidth": 0.8, "linestyle": "--", "zorder": 2}
    return {"color": colour, "linewidth": 1.1, "alpha": 0.8, "zorder": 3}


def _value(trial: Trial) -> float:
    assert trial.value is not None
    return trial.value
