"""Functions of a normal score as tables on a uniform grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from muforge.representation import Polar, Quantile

END = 7.0
"""The grid goes from -END to END; no normal number of the engine is larger."""

CELLS = 32_768
"""Of the tables of physical coordinates. Between points of the grid they are straight lines: a smooth function of
curvature c is off by c (2 END / CELLS)^2 / 8 = 2e-8 c at most, and the edges of a target's blocks are 4e-4 of a
standard deviation wide."""

SHARE_CELLS = 8_192
"""Of the table of the normal distribution function, which is off by 9e-8 at most."""

LARGEST_LOGARITHM = 40.0
"""Beyond e^40 and e^-40 logarithmic coordinates stay where they are: e^40 is not a momentum that any muon has."""


def scores(cells: int) -> NDArray[np.float64]:
    """The points of the grid, shape (cells + 1,)."""
    return np.linspace(-END, END, cells + 1)


def shares() -> NDArray[np.float32]:
    """The normal distribution function, shape (SHARE_CELLS + 1,)."""
    return np.asarray(ndtr(scores(SHARE_CELLS)), np.float32)


def coordinates(polar: Polar, quantile: Quantile) -> NDArray[np.float32]:
    """Tables of the polar coordinates that are learnt, shape (d, CELLS + 1).

    Logarithmic coordinates are given as what they are the logarithm of: depth [cm], p [GeV], p tan(theta) [GeV],
    pointing fraction, and p tan(theta) 2 tan(|angle| / 2) [GeV].
    """
    names = polar.coordinates[:-1]
    points = np.repeat(scores(CELLS)[:, None], quantile.dimensions, axis=1)
    columns = quantile.inverse(points)[:, : len(names)].T
    limited = np.clip(columns, -LARGEST_LOGARITHM, LARGEST_LOGARITHM)
    logarithmic = [[name.startswith("log ")] for name in names]
    return np.where(logarithmic, np.exp(limited), columns).astype(np.float32)
