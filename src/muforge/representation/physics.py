"""The representation in which muons are learnt: polar coordinates and their normal scores, within physical bounds."""

from __future__ import annotations

from math import inf, log
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from muforge.errors import RepresentationError
from muforge.kinematics import BEAM_MOMENTUM, transverse_limit
from muforge.representation.chain import Chain
from muforge.representation.polar import Polar
from muforge.representation.protocol import Vector, fit_data
from muforge.representation.quantile import KNOTS, Quantile
from muforge.sample import OFF_AXIS_FEATURES, ON_AXIS_FEATURES

SYMMETRIC = 1
"""Columns of network space that are independent of the others by symmetry, and need no learning: the last one."""

EDGE_ROWS = 100
"""Muons nearest to an edge, such as the front of the target, that tell where it is."""

BEYOND = 2.0
"""Times the distance of the farthest training muon from the beam axis that generated ones may start at."""


class PhysicsRepresentationConfig(BaseModel):
    """Bounds of the physical representation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["physics"] = "physics"
    beam_momentum: float = Field(
        default=BEAM_MOMENTUM, gt=0, description="of the protons [GeV]; no muon has more"
    )
    radius: float | None = Field(
        default=None,
        gt=0,
        description="no muon starts farther from the beam axis [cm]; by default twice the distance of the farthest",
    )
    front: float | None = Field(
        default=None,
        description="start_z of the target's front [cm]; by default from the muons nearest to it",
    )
    end: float | None = Field(
        default=None,
        description="start_z that no muon starts behind [cm]; by default the plane behind the absorber, where known",
    )


def fit_physics_chain(
    x: NDArray[np.floating[Any]],
    weight: ArrayLike,
    config: PhysicsRepresentationConfig,
    *,
    end: float = inf,
    knots: int = KNOTS,
) -> Chain:
    """Polar coordinates, then normal scores of all but the symmetric one.

    Arguments:
        x: Physical columns (start_x, start_y,) start_z, px, py, pz, shape (n, 4) or (n, 6).
        weight: Shape (n,).
        config: Bounds.
        end: Where muons start no more, cm, unless the configuration says so.
        knots: As `Quantile.fit`.

    Raises:
        RepresentationError: As `Quantile.fit`; a vertex of 6 columns lies on the beam axis.
    """
    matrix, w = fit_data(x, weight)
    _refuse_on_axis(matrix)
    front = lower_edge(matrix[:, -4]) if config.front is None else config.front
    last = end if config.end is None else config.end
    polar = _polar(matrix, front, config.radius)
    coordinates = polar.forward(matrix)
    limits = {
        "depth": (0.0, last - front),
        "p": (0.0, config.beam_momentum),
        "log p tan(theta)": (-inf, _largest_log_q(coordinates[:, 2], config.beam_momentum)),
    }
    bounds = {name: limits.get(name, (-inf, inf)) for name in polar.coordinates[:-SYMMETRIC]}
    scores = Quantile.fit(coordinates, w, bounds=bounds, unchanged=SYMMETRIC, knots=knots)
    return Chain([polar, scores])


def _largest_log_q(log_q: Vector, beam_momentum: float) -> float:
    """Half of sqrt(s), or twice the largest q where a muon at a large angle, whose pT is less, has more."""
    limit, largest = log(transverse_limit(beam_momentum)), float(log_q.max())
    return limit if largest < limit else largest + log(BEYOND)


def _polar(x: NDArray[np.float64], front: float, radius: float | None) -> Polar:
    if x.shape[1] == len(ON_AXIS_FEATURES):
        return Polar(x.shape[1], front)
    farthest = float(np.hypot(x[:, 0], x[:, 1]).max())
    if radius is not None and farthest >= radius:
        raise RepresentationError(
            f"a muon starts {farthest:.9g} cm from the beam axis; must be below radius {radius:.9g}"
        )
    return Polar(x.shape[1], front, BEYOND * farthest if radius is None else radius)


def lower_edge(values: Vector) -> float:
    """Where values begin: below the lowest by the mean distance between the first ones."""
    first = np.partition(values, min(EDGE_ROWS, len(values) - 1))[: EDGE_ROWS + 1]
    return float(first.min() - (first.max() - first.min()) / (len(first) - 1))


def _refuse_on_axis(matrix: NDArray[np.float64]) -> None:
    if matrix.shape[1] == len(OFF_AXIS_FEATURES):
        on_axis = (matrix[:, :2] == 0).all(axis=1)
        if on_axis.any():
            raise RepresentationError(
                f"row {int(np.argmax(on_axis))}: start_x = start_y = 0 among vertices off the beam axis"
            )
