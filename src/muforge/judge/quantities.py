"""The columns of a sample and what is derived from them, under one set of names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from muforge.sample import OFF_AXIS_FEATURES, ON_AXIS_FEATURES, Sample, features

Values = NDArray[np.float64]


def _momentum(sample: Sample) -> Values:
    return np.sqrt(sum(sample[name].astype(np.float64) ** 2 for name in ("px", "py", "pz")))


def _hypot(x: str, y: str) -> Callable[[Sample], Values]:
    return lambda sample: np.hypot(sample[x].astype(np.float64), sample[y].astype(np.float64))


def _azimuth(x: str, y: str) -> Callable[[Sample], Values]:
    return lambda sample: np.arctan2(sample[y].astype(np.float64), sample[x].astype(np.float64))


def _theta(sample: Sample) -> Values:
    return np.asarray(np.arctan2(_hypot("px", "py")(sample), sample["pz"].astype(np.float64)))


def _line_z(sample: Sample) -> Values:
    r, pt = _hypot("start_x", "start_y")(sample), _hypot("px", "py")(sample)
    return np.asarray(sample["start_z"] - r * sample["pz"] / pt, np.float64)


def _angle(sample: Sample) -> Values:
    turn = _azimuth("px", "py")(sample) - _azimuth("start_x", "start_y")(sample)
    return np.asarray(np.pi - (np.pi - turn) % (2 * np.pi), np.float64)


DERIVED: Mapping[str, Callable[[Sample], Values]] = {
    "p": _momentum,
    "pt": _hypot("px", "py"),
    "phi": _azimuth("px", "py"),
    "r": _hypot("start_x", "start_y"),
    "angle": _angle,
    "theta": _theta,
    "line_z": _line_z,
}
"""Momentum and transverse momentum [GeV], azimuth of the momentum, distance of the start vertex from the beam axis
[cm], azimuth of the momentum less that of the vertex, in (-pi, pi]; polar angle of the momentum, and the start_z
[cm] at which a straight line to the vertex at that angle left the beam axis: where the parent was made, if it decayed
straight on."""

_ON_AXIS = (*ON_AXIS_FEATURES, "p", "pt", "phi")
_OFF_AXIS = (*OFF_AXIS_FEATURES, "p", "pt", "phi", "r", "angle")


def quantities(category: int) -> tuple[str, ...]:
    """The columns that a generator of this category learns, then what is derived from them."""
    return _ON_AXIS if features(category) == ON_AXIS_FEATURES else _OFF_AXIS


def values(sample: Sample, quantity: str) -> Values:
    """A column or derived quantity of every muon, shape (n,)."""
    if quantity in DERIVED:
        return DERIVED[quantity](sample)
    return sample[quantity].astype(np.float64)


def matrix(sample: Sample, names: Sequence[str]) -> Values:
    """The named quantities side by side, shape (n, len(names))."""
    return np.stack([values(sample, name) for name in names], axis=1)
