"""How the figures of merit and the losses went during training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogFormatter, MaxNLocator
from numpy.typing import NDArray

from muforge.errors import TrainingError
from muforge.report.layout import head_legend, panel_grid
from muforge.report.style import FURTHER, GENERATED, NULL, house_style

FIGURES_OF_MERIT: Mapping[str, str] = {
    "auc": "ROC AUC of the boosted trees",
    "overlap": "overlap of their outputs",
    "reduced_chi2": r"$\chi^2$ / d.o.f. of their outputs",
    "largest_ks": "largest KS distance of a column",
    "coverage": "share of muons in cells not lost",
}
LOGARITHMIC = frozenset({"reduced_chi2"})
LOSS_NAMES: Mapping[str, str] = {"d_loss": "discriminator", "g_loss": "generator"}

_LOSS = "_loss"
_MARGIN_X, _MARGIN_Y = 0.02, 0.1
_STEP_TICKS = 7
_TICK_STEPS = (1, 2, 2.5, 5, 10)
_PANEL = (4.8, 3.0)
"""Width and height in inches."""

History = Sequence[Mapping[str, float | None]]


def progress(history: History, *, title: str = "") -> Figure:
    """Curves against the training step: the figures of merit, each with its null, and the losses.

    Arguments:
        history: A row per evaluation with `step` and any of `FIGURES_OF_MERIT`; the nulls as `null_auc`
            and so on; any losses under names that end in `_loss`. A value that is None or missing is a gap.

    Raises:
        TrainingError: The history has no rows.
    """
    if not history:
        raise TrainingError("the training history has no rows to draw")
    losses = list(dict.fromkeys(name for row in history for name in row if name.endswith(_LOSS)))
    with house_style():
        names = [name for name in FIGURES_OF_MERIT if any(name in row for row in history)]
        figure, places = panel_grid(len(names) + bool(losses), _PANEL, title)
        for name, place in zip(names, places, strict=False):
            _draw_figure_of_merit(figure.add_subplot(place), history, name)
        head_legend(figure, title, *figure.axes[0].get_legend_handles_labels())
        if losses:
            _draw_losses(figure.add_subplot(places[-1]), history, losses)
    return figure


def _draw_figure_of_merit(axes: Axes, history: History, name: str) -> None:
    _draw(axes, history, name, GENERATED, "generated")
    if any(f"null_{name}" in row for row in history):
        _draw(axes, history, f"null_{name}", NULL, "null: real, other events", style="--")
    axes.set_ylabel(FIGURES_OF_MERIT[name])
    if name in LOGARITHMIC:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(LogFormatter())
        axes.yaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False))
    _finish(axes, history)


def _draw_losses(axes: Axes, history: History, losses: Sequence[str]) -> None:
    for number, name in enumerate(losses):
        label = LOSS_NAMES.get(name, name.removesuffix(_LOSS).replace("_", " "))
        _draw(axes, history, name, FURTHER[number % len(FURTHER)], label)
    axes.set_ylabel("loss")
    _finish(axes, history)
    axes.legend(loc="best")


def _draw(axes: Axes, history: History, name: str, colour: str, label: str, style: str = "-") -> None:
    axes.plot(
        _values(history, "step"),
        _values(history, name),
        style,
        marker=".",
        markersize=4,
        color=colour,
        label=label,
    )


def _values(history: History, name: str) -> NDArray[np.float64]:
    return np.array([np.nan if (value := row.get(name)) is None else value for row in history], np.float64)


def _finish(axes: Axes, history: History) -> None:
    axes.set_xlabel("training step")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_major_locator(MaxNLocator(_STEP_TICKS, steps=_TICK_STEPS, integer=True))
    last = max(1.0, float(np.nanmax(_values(history, "step"))))
    axes.set_xlim(-_MARGIN_X * last, (1 + _MARGIN_X) * last)
    axes.margins(y=_MARGIN_Y)
