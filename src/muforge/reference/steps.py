"""What a flight through a stack of slabs is made of: where a particle is, how far to go, how it is scattered."""

from __future__ import annotations

import math

import numpy as np

from muforge.compiled import compiled
from muforge.reference.geometry import Stack


@compiled
def slab_at(stack: Stack, z: float) -> int:
    """Number of the slab that holds z (its front face belongs to it); -1 before the first, n behind the last."""
    return int(np.searchsorted(stack.edges, z, side="right")) - 1


@compiled
def material_at(stack: Stack, slab: int, x: float, y: float) -> int:
    """Material of a slab at a distance from the axis: `Stack.surroundings` from its radius on."""
    radius = stack.radius[slab]
    return int(stack.material[slab]) if x * x + y * y < radius * radius else stack.surroundings


@compiled
def distance_to_side(radius: float, x: float, y: float, ux: float, uy: float) -> float:
    """Path in cm along direction u to the cylinder of a radius, from either side; infinite if it is missed.

    A particle on the surface counts as one that has just crossed it.
    """
    across = ux * ux + uy * uy
    if math.isinf(radius) or across == 0.0:
        return math.inf
    along = (x * ux + y * uy) / across
    gap = (x * x + y * y - radius * radius) / across
    inside = gap < 0.0
    root = along * along - gap
    if root <= 0.0 or (not inside and along >= 0.0):
        return math.inf
    return -along + math.sqrt(root) if inside else -along - math.sqrt(root)


@compiled
def scattered(
    rng: np.random.Generator,
    variance: float,
    step: float,
    ux: float,
    uy: float,
    uz: float,
) -> tuple[float, float, float, float, float, float]:
    """Displacement in cm and new direction by Gaussian multiple scattering over a step.

    In each of two planes through the direction the angle has the variance given, and the displacement is
    half of step times angle plus an independent part of variance step^2 variance / 12: that of scattering
    which is uniform along the step. For small angles.

    Arguments:
        variance: Of a projected angle, in rad^2.
        step: Path in cm.

    References:
        Particle Data Group, Passage of particles through matter, section on multiple scattering |
        https://doi.org/10.1103/PhysRevD.110.030001
    """
    width = math.sqrt(variance)
    first, second = width * rng.standard_normal(), width * rng.standard_normal()
    aside = step * width * math.sqrt(1.0 / 12.0)
    shift_1 = 0.5 * step * first + aside * rng.standard_normal()
    shift_2 = 0.5 * step * second + aside * rng.standard_normal()
    # (1): along x as nearly as can be, (2): perpendicular to it and to u
    norm = 1.0 / math.sqrt(ux * ux + uz * uz)
    x1, z1 = uz * norm, -ux * norm
    x2, y2, z2 = uy * z1, uz * x1 - ux * z1, -uy * x1
    wx = ux + first * x1 + second * x2
    wy = uy + second * y2
    wz = uz + first * z1 + second * z2
    scale = 1.0 / math.sqrt(wx * wx + wy * wy + wz * wz)
    return (
        shift_1 * x1 + shift_2 * x2,
        shift_2 * y2,
        shift_1 * z1 + shift_2 * z2,
        wx * scale,
        wy * scale,
        wz * scale,
    )
