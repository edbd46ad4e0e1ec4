"""Relativistic kinematics of many decays at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def two_body_momentum(mass: ArrayLike, first: ArrayLike, second: ArrayLike) -> Array:
    """Momentum in GeV of either daughter in the rest frame of a parent that decays into two.

    Arguments:
        mass, first, second: Masses in GeV of the parent and its daughters, of shapes that broadcast.

    References:
        PDG Review 2024, Kinematics, eq. 49.17
    """
    m, a, b = (np.asarray(value, np.float64) for value in (mass, first, second))
    product = (m**2 - (a + b) ** 2) * (m**2 - (a - b) ** 2)
    return np.sqrt(np.maximum(product, 0.0)) / (2 * m)


def directions(cosine: Array, azimuth: Array) -> Array:
    """Unit vectors at polar angle arccos(cosine) from the z axis, shape (n, 3)."""
    sine = np.sqrt(np.maximum(1 - cosine**2, 0.0))
    return np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine], axis=1)


def isotropic(n: int, rng: np.random.Generator) -> Array:
    """Unit vectors in all directions alike, shape (n, 3)."""
    return directions(2 * rng.random(n) - 1, 2 * np.pi * rng.random(n))


def boosted(momentum: Array, energy: Array, parent: Array, parent_mass: ArrayLike) -> Array:
    """Momenta in the frame in which the parent moves, from those in its rest frame.

    Arguments:
        momentum: In the rest frame, GeV, shape (n, 3).
        energy: In the rest frame, GeV, shape (n,).
        parent: Momentum of the parent in GeV, shape (n, 3).
        parent_mass: In GeV, a number or shape (n,).
    """
    m = np.broadcast_to(np.asarray(parent_mass, np.float64), energy.shape)
    parent_energy = np.sqrt((parent**2).sum(axis=1) + m**2)
    along = (parent * momentum).sum(axis=1)
    return np.asarray(momentum + parent * ((along / (parent_energy + m) + energy) / m)[:, np.newaxis])


def frame(axis: Array) -> tuple[Array, Array]:
    """Two unit vectors perpendicular to each unit vector of `axis` (shape (n, 3)) and to each other."""
    flat = np.abs(axis[:, 2]) > 0.9
    helper = np.where(flat[:, np.newaxis], [[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]])
    first = np.cross(helper, axis)
    first /= np.linalg.norm(first, axis=1)[:, np.newaxis]
    return first, np.cross(axis, first)


def about(axis: Array, cosine: Array, azimuth: Array) -> Array:
    """Unit vectors at an angle arccos(cosine) from unit vectors `axis`, at an azimuth about them, shape (n, 3)."""
    first, second = frame(axis)
    local = directions(cosine, azimuth)
    return local[:, :1] * first + local[:, 1:2] * second + local[:, 2:] * axis


def helicity_cosine(ratio: Array, rng: np.random.Generator) -> Array:
    """Cosines distributed as 1 + c^2 + ratio (1 - c^2), by rejection."""
    cosine = np.empty(len(ratio))
    left = np.arange(len(ratio))
    while len(left):
        c = 2 * rng.random(len(left)) - 1
        accepted = 2 * rng.random(len(left)) < 1 + c**2 + ratio[left] * (1 - c**2)
        cosine[left[accepted]] = c[accepted]
        left = left[~accepted]
    return cosine
