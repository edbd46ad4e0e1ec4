"""Muons through a stack of slabs to its end: energy loss, multiple scattering, decay."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muforge.compiled import compiled
from muforge.errors import ConfigError
from muforge.reference.constants import CM_PER_NANOSECOND, c_tau, mass
from muforge.reference.geometry import VACUUM_INDEX, Stack
from muforge.reference.muon_tables import (
    HARD,
    SCATTERING,
    SOFT,
    SOFT_VARIANCE,
    STOPPING,
    MuonTables,
    at_place,
    grid_place,
    hard_fraction,
    lower_place,
)
from muforge.reference.steps import distance_to_side, material_at, scattered, slab_at

MUON = 13
LOSS_PER_STEP = 0.1
"""Longest step, as the mean part of the kinetic energy lost in it."""

SMALLEST_COSINE = 0.05
CLEARANCE = 1e-6
"""Path in cm beyond the side of a target, so that the next step begins on its other side."""

SURE = 10.0
"""Standard deviations of the soft loss by which a muon must fall short to be given up (P < 1e-20)."""


TRUNCATED = (1.0 - 6.0 * math.exp(-4.5) / math.sqrt(2.0 * math.pi) / math.erf(3.0 / math.sqrt(2.0))) ** -0.5
"""Width of a Gaussian that has unit width once it is cut at 3 standard deviations."""


@dataclass(frozen=True)
class Arrival:
    """Muons at the end of a stack.

    Arguments:
        position: Shape (n, 3), cm. Of a muon that is not alive: where it was given up.
        momentum: Shape (n, 3), GeV; zero for a muon that is not alive.
        time: Of flight since its start, ns, shape (n,).
        alive: Whether it came to the end with enough energy, shape (n,).
    """

    position: NDArray[np.float64]
    momentum: NDArray[np.float64]
    time: NDArray[np.float64]
    alive: NDArray[np.bool_]


class Losses(NamedTuple):
    """The least that a muon loses on its way to the end, for giving up early.

    Arguments:
        rest: Least kinetic energy in GeV at each edge of the stack, shape (n + 1,).
        per_cm: Fall of `rest` with z inside each slab, GeV/cm, shape (n,).
    """

    rest: NDArray[np.float64]
    per_cm: NDArray[np.float64]


def propagate(
    stack: Stack,
    tables: MuonTables,
    position: NDArray[np.float64],
    momentum: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    minimum: float = 0.1,
    loss_per_step: float = LOSS_PER_STEP,
) -> Arrival:
    """Muons from anywhere in a stack to its last edge, with the analog decay in flight.

    Soft losses of a step are drawn together, hard ones one by one; see `MuonTables`. Multiple scattering is
    Gaussian with the whole second moment of single scattering, so the rare large single angle is missing.
    Delta rays and radiation leave the direction as it is. A muon that flies backward, or ever at a cosine
    to z below 0.05, is dropped.

    Arguments:
        tables: Of the materials that `stack` numbers.
        position: Shape (n, 3), cm.
        momentum: Shape (n, 3), GeV.
        rng: Used for one muon after the other: the same generator gives the same bytes.
        minimum: Kinetic energy in GeV below which a muon is not alive at the end. One that cannot keep it
            is given up early.
        loss_per_step: Mean part of its kinetic energy that a muon may lose in a step.

    Raises:
        ConfigError: A position is outside the stack, or an energy is beyond the tables.

    References:
        Niess, The PUMAS library (the mixed scheme) | https://doi.org/10.1016/j.cpc.2022.108438
    """
    position = np.ascontiguousarray(position, np.float64)
    momentum = np.ascontiguousarray(momentum, np.float64)
    lowest, highest = tables.kinetic[[0, -1]]
    if minimum < lowest:
        raise ConfigError(f"minimum {minimum:g} GeV: the muon tables begin at {lowest:g} GeV")
    outside = (position[:, 2] < stack.edges[0]) | (position[:, 2] > stack.edges[-1])
    if outside.any():
        raise ConfigError(
            f"muon at z = {position[outside.argmax(), 2]:g} cm: the stack goes from {stack.edges[0]:g} "
            f"to {stack.edges[-1]:g} cm"
        )
    muon_mass = mass(MUON)
    size = np.sqrt((momentum**2).sum(axis=1))
    kinetic = size**2 / (np.hypot(size, muon_mass) + muon_mass)
    if len(kinetic) and not kinetic.max() <= highest:
        raise ConfigError(f"muon of {kinetic.max():g} GeV: the muon tables end at {highest:g} GeV")
    n = len(kinetic)
    at = np.empty((n, 3))
    direction = np.empty((n, 3))
    time = np.empty(n)
    alive = np.empty(n, np.bool_)
    unit = momentum / np.where(size > 0, size, 1.0)[:, None]
    losses = least_losses(stack, tables, minimum)
    _fly_all(
        stack,
        tables,
        losses,
        (muon_mass, c_tau(MUON), minimum, loss_per_step),
        position,
        unit,
        kinetic,
        rng,
        at,
        direction,
        time,
        alive,
    )
    kinetic = np.where(alive, kinetic, 0.0)
    size = np.sqrt(kinetic * (kinetic + 2 * muon_mass))
    return Arrival(at, direction * size[:, None], time, alive)


def least_losses(stack: Stack, tables: MuonTables, minimum: float) -> Losses:
    """A kinetic energy at each edge below which a muon cannot keep `minimum` to the end.

    In each slab a muon of so low an energy loses at least the smallest mean soft loss of the slab's material
    and of its surroundings, per cm of z, less 10 standard deviations over all that lies ahead; no hard loss
    is counted on.
    """
    length = np.diff(stack.edges)
    floor, spread = _least(stack, tables, tables.kinetic[-1])
    highest = minimum + float(floor @ length)
    floor, spread = _least(stack, tables, highest)
    loss = np.append(np.cumsum((floor * length)[::-1])[::-1], 0.0)
    variance = np.append(np.cumsum((spread * length)[::-1])[::-1], 0.0)
    margin = SURE * np.sqrt(variance)
    # inside a slab the margin is that of its front face
    rest = minimum + loss - margin
    rest[1:] = np.minimum(rest[1:], minimum + loss[1:] - margin[:-1])
    return Losses(rest, floor)


def _least(
    stack: Stack, tables: MuonTables, highest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest mean and largest variance of the soft loss per cm, up to an energy, of each slab."""
    count = max(2, int(np.searchsorted(tables.kinetic, highest)) + 1)
    mean = np.append(tables.rows[:, :count, SOFT].min(axis=1), 0.0)
    variance = np.append(tables.rows[:, :count, SOFT_VARIANCE].max(axis=1), 0.0)
    own = stack.material
    beside = np.where(np.isinf(stack.radius), own, stack.surroundings)
    return np.minimum(mean[own], mean[beside]), np.maximum(variance[own], variance[beside])


@compiled
def _fly_all(
    stack: Stack,
    tables: MuonTables,
    losses: Losses,
    numbers: tuple[float, float, float, float],
    position: NDArray[np.float64],
    unit: NDArray[np.float64],
    kinetic: NDArray[np.float64],
    rng: np.random.Generator,
    at: NDArray[np.float64],
    direction: NDArray[np.float64],
    time: NDArray[np.float64],
    alive: NDArray[np.bool_],
) -> None:
    for i in range(len(kinetic)):
        x, y, z = position[i, 0], position[i, 1], position[i, 2]
        ux, uy, uz = unit[i, 0], unit[i, 1], unit[i, 2]
        alive[i], kinetic[i], time[i], at[i, 0], at[i, 1], at[i, 2], ux, uy, uz = _fly(
            stack, tables, losses, numbers, rng, kinetic[i], x, y, z, ux, uy, uz
        )
        direction[i, 0], direction[i, 1], direction[i, 2] = ux, uy, uz


@compiled
def _fly(
    stack: Stack,
    tables: MuonTables,
    losses: Losses,
    numbers: tuple[float, float, float, float],
    rng: np.random.Generator,
    kinetic: float,
    x: float,
    y: float,
    z: float,
    ux: float,
    uy: float,
    uz: float,
) -> tuple[bool, float, float, float, float, float, float, float, float]:
    """One muon: whether it is alive, kinetic energy, time, position and direction at the end."""
    muon_mass, decay_length, minimum, loss_per_step = numbers
    life = decay_length * rng.standard_exponential()
    depth = rng.standard_exponential()
    time = 0.0
    if uz < SMALLEST_COSINE:
        return False, kinetic, time, x, y, z, ux, uy, uz
    slab = slab_at(stack, z)
    last = len(stack.material)
    while slab < last:
        edge = stack.edges[slab + 1]
        if kinetic <= losses.rest[slab + 1] + losses.per_cm[slab] * (edge - z):
            return False, kinetic, time, x, y, z, ux, uy, uz
        material = material_at(stack, slab, x, y)
        step = (edge - z) / uz
        at_edge = True
        side = distance_to_side(stack.radius[slab], x, y, ux, uy)
        if side < step:
            step, at_edge = side + CLEARANCE, False
        before = kinetic
        if material == VACUUM_INDEX:
            x, y, z = x + step * ux, y + step * uy, z + step * uz
        else:
            place = grid_place(tables, kinetic)
            longest = loss_per_step * kinetic / at_place(tables, material, place, STOPPING)
            if longest < step:
                step, at_edge = longest, False
            soft = 0.5 * soft_loss(tables, rng, material, kinetic, place, step)
            after = lower_place(tables, place, soft / kinetic)
            kinetic, depth = after_hard(tables, rng, material, kinetic - soft, after, minimum, step, depth)
            kinetic -= soft
            if kinetic <= minimum:
                return False, kinetic, time, x, y, z, ux, uy, uz
            place = lower_place(tables, place, 0.5 * (before - kinetic) / before)
            variance = step * at_place(tables, material, place, SCATTERING)
            dx, dy, dz, wx, wy, wz = scattered(rng, variance, step, ux, uy, uz)
            x, y, z = x + step * ux + dx, y + step * uy + dy, z + step * uz + dz
            if wz < SMALLEST_COSINE:
                return False, kinetic, time, x, y, z, wx, wy, wz
            if at_edge or z > edge:
                back = (edge - z) / wz
                x, y, at_edge = x + back * wx, y + back * wy, True
            ux, uy, uz = wx, wy, wz
        middle = 0.5 * (before + kinetic)
        momentum = math.sqrt(middle * (middle + 2.0 * muon_mass))
        time += step * (middle + muon_mass) / (momentum * CM_PER_NANOSECOND)
        life -= step * muon_mass / momentum
        if life < 0.0:
            return False, kinetic, time, x, y, z, ux, uy, uz
        if at_edge:
            z = edge
            slab += 1
    return kinetic > minimum, kinetic, time, x, y, z, ux, uy, uz


@compiled
def soft_loss(
    tables: MuonTables,
    rng: np.random.Generator,
    material: int,
    kinetic: float,
    place: float,
    step: float,
) -> float:
    """The soft loss of a step in GeV, drawn with its exact mean and variance and never negative.

    Gaussian up to 3 standard deviations where the mean allows it, else uniform, else uniform or nothing.

    References:
        Salvat, PENELOPE 2018 (OECD/NEA), section on the energy loss by soft interactions
    """
    half = 0.5 * step * at_place(tables, material, place, SOFT)
    place = lower_place(tables, place, half / kinetic)
    mean = step * at_place(tables, material, place, SOFT)
    variance = step * at_place(tables, material, place, SOFT_VARIANCE)
    if mean * mean > 9.0 * variance:
        normal = rng.standard_normal()
        while abs(normal) > 3.0:
            normal = rng.standard_normal()
        return float(mean + TRUNCATED * math.sqrt(variance) * normal)
    if mean * mean > 3.0 * variance:
        return float(mean + math.sqrt(3.0 * variance) * (2.0 * rng.random() - 1.0))
    top = (3.0 * variance + 3.0 * mean * mean) / (2.0 * mean)
    return float(top * rng.random() if rng.random() * top < 2.0 * mean else 0.0)


@compiled
def after_hard(
    tables: MuonTables,
    rng: np.random.Generator,
    material: int,
    kinetic: float,
    place: float,
    minimum: float,
    step: float,
    depth: float,
) -> tuple[float, float]:
    """Kinetic energy after the hard losses of a step, and the optical depth left to the next one."""
    while kinetic > minimum:
        hard = at_place(tables, material, place, HARD)
        if depth > hard * step:
            return kinetic, depth - hard * step
        step -= depth / hard
        lost = hard_fraction(tables, material, place, rng.random())
        kinetic -= kinetic * lost
        place = lower_place(tables, place, lost)
        depth = rng.standard_exponential()
    return kinetic, depth
