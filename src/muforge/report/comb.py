"""How deep the slits of the target are in start z."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from muforge.report.layout import panel_grid
from muforge.report.outline import COLOURS, NAMES
from muforge.report.style import REAL, house_style

_PANEL = (8.0, 3.6)
"""Width and height in inches."""

_SHIFT = 0.15
_LOWEST = -0.6


def comb(slits: Sequence[Mapping[str, float]], *, title: str = "") -> Figure:
    """Contrast of each slit: 1 where no muon starts in it, 0 where it cannot be seen.

    Arguments:
        slits: `front`, `back` in cm and each side's contrast with its error, as `Comb` gives them.
    """
    with house_style():
        figure, places = panel_grid(1, _PANEL, title, head=0)
        axes = figure.add_subplot(places[0])
        number = np.arange(1, len(slits) + 1)
        for shift, side in zip((-_SHIFT, _SHIFT, 0.0), COLOURS, strict=True):
            values, errors = ([slit[key] for slit in slits] for key in (side, f"{side}_error"))
            axes.errorbar(
                number + shift,
                values,
                errors,
                fmt="o",
                markersize=4,
                color=COLOURS[side],
                label=NAMES[side],
                elinewidth=1,
            )
        axes.axhline(0, color=REAL, linewidth=0.8)
        axes.set_xticks(number, [f"{(slit['front'] + slit['back']) / 2:.4g}" for slit in slits], rotation=45)
        axes.minorticks_off()
        axes.set_ylim(min(_LOWEST, *(slit["generated"] - 0.3 for slit in slits)), 1.6)
        axes.set_xlabel("middle of the slit, start $z$ [cm]")
        axes.set_ylabel("contrast")
        axes.legend(loc="upper right", ncols=3)
    return figure
