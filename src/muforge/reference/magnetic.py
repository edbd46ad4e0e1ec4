"""Muons through a magnetised shield to its end: `transport` with a field that bends them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from muforge.compiled import compiled
from muforge.errors import ConfigError
from muforge.reference.constants import CM_PER_NANOSECOND, c_tau, mass
from muforge.reference.geometry import VACUUM_INDEX
from muforge.reference.muon_tables import SCATTERING, STOPPING, MuonTables, at_place, grid_place, lower_place
from muforge.reference.shield import Magnets
from muforge.reference.steps import scattered
from muforge.reference.transport import (
    CLEARANCE,
    LOSS_PER_STEP,
    MUON,
    SMALLEST_COSINE,
    Arrival,
    after_hard,
    soft_loss,
)

GEV_PER_TESLA_CM = 1e-4 * CM_PER_NANOSECOND
"""Momentum of a unit charge on a circle, p = B R: the speed of light in other units."""


def bend(
    magnets: Magnets,
    tables: MuonTables,
    position: NDArray[np.float64],
    momentum: NDArray[np.float64],
    charge: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    minimum: float = 0.1,
    loss_per_step: float = LOSS_PER_STEP,
) -> Arrival:
    """Muons from anywhere in a shield to its last edge, with the analog decay in flight.

    Energy loss and scattering are those of `propagate`. Within a step a muon follows the helix of its momentum in
    the middle of the step, exactly as far as the field is uniform. A muon that flies backward, or ever at a cosine
    to z below 0.05, is dropped.

    Arguments:
        tables: Of the materials that `magnets` numbers.
        position: Shape (n, 3), cm.
        momentum: Shape (n, 3), GeV.
        charge: 1 or -1, shape (n,).
        rng: Used for one muon after the other: the same generator gives the same bytes.
        minimum: Kinetic energy in GeV below which a muon is not alive at the end.
        loss_per_step: Mean part of its kinetic energy that a muon may lose in a step.

    Raises:
        ConfigError: A position is outside the shield, or an energy is beyond the tables.

    References:
        Particle Data Group, section on the measurement of particle momenta in a uniform magnetic field |
        https://doi.org/10.1103/PhysRevD.110.030001
    """
    position = np.ascontiguousarray(position, np.float64)
    momentum = np.ascontiguousarray(momentum, np.float64)
    muon_mass = mass(MUON)
    size = np.sqrt((momentum**2).sum(axis=1))
    kinetic = size**2 / (np.hypot(size, muon_mass) + muon_mass)
    _check(magnets, tables, position[:, 2], kinetic, minimum)
    n = len(kinetic)
    at, direction, time, alive = np.empty((n, 3)), np.empty((n, 3)), np.empty(n), np.empty(n, np.bool_)
    _bend_all(
        magnets,
        tables,
        (muon_mass, c_tau(MUON), minimum, loss_per_step),
        position,
        momentum / np.where(size > 0, size, 1.0)[:, None],
        kinetic,
        np.ascontiguousarray(charge, np.float64),
        rng,
        at,
        direction,
        time,
        alive,
    )
    kinetic = np.where(alive, kinetic, 0.0)
    size = np.sqrt(kinetic * (kinetic + 2 * muon_mass))
    return Arrival(at, direction * size[:, None], time, alive)


def _check(
    magnets: Magnets,
    tables: MuonTables,
    z: NDArray[np.float64],
    kinetic: NDArray[np.float64],
    minimum: float,
) -> None:
    lowest, highest = tables.kinetic[[0, -1]]
    first, last = magnets.edges[[0, -1]]
    outside = (z < first) | (z > last)
    if minimum < lowest:
        raise ConfigError(f"minimum {minimum:g} GeV: the muon tables begin at {lowest:g} GeV")
    if outside.any():
        raise ConfigError(
            f"muon at z = {z[outside.argmax()]:g} cm: the shield goes from {first:g} to {last:g} cm"
        )
    if len(kinetic) and not kinetic.max() <= highest:
        raise ConfigError(f"muon of {kinetic.max():g} GeV: the muon tables end at {highest:g} GeV")


@compiled
def _bend_all(
    magnets: Magnets,
    tables: MuonTables,
    numbers: tuple[float, float, float, float],
    position: NDArray[np.float64],
    unit: NDArray[np.float64],
    kinetic: NDArray[np.float64],
    charge: NDArray[np.float64],
    rng: np.random.Generator,
    at: NDArray[np.float64],
    direction: NDArray[np.float64],
    time: NDArray[np.float64],
    alive: NDArray[np.bool_],
) -> None:
    for i in range(len(kinetic)):
        x, y, z = position[i, 0], position[i, 1], position[i, 2]
        ux, uy, uz = unit[i, 0], unit[i, 1], unit[i, 2]
        alive[i], kinetic[i], time[i], at[i, 0], at[i, 1], at[i, 2], ux, uy, uz = _bend(
            magnets, tables, numbers, rng, charge[i], kinetic[i], x, y, z, ux, uy, uz
        )
        direction[i, 0], direction[i, 1], direction[i, 2] = ux, uy, uz


@compiled
def _bend(
    magnets: Magnets,
    tables: MuonTables,
    numbers: tuple[float, float, float, float],
    rng: np.random.Generator,
    charge: float,
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
    life, depth = decay_length * rng.standard_exponential(), rng.standard_exponential()
    time = 0.0
    if uz < SMALLEST_COSINE or kinetic <= minimum:
        return False, kinetic, time, x, y, z, ux, uy, uz
    layer = int(np.searchsorted(magnets.edges, z, side="right")) - 1
    last = len(magnets.edges) - 1
    while layer < last:
        edge = magnets.edges[layer + 1]
        column, row = _cell(magnets, layer, x, y)
        material = magnets.material[layer, column, row]
        bending = charge * magnets.field[layer, column, row] * GEV_PER_TESLA_CM
        curvature = bending / math.sqrt(kinetic * (kinetic + 2.0 * muon_mass))
        step, at_edge = path_to(edge - z, uz, ux, curvature), True
        side = _to_side(magnets, layer, column, row, curvature, x, y, ux, uy, uz)
        if side < step:
            step, at_edge = side + CLEARANCE, False
        before = kinetic
        if material == VACUUM_INDEX:
            if math.isinf(step):
                return False, kinetic, time, x, y, z, ux, uy, uz
            x, y, z, ux, uz = turned(curvature, step, x, y, z, ux, uy, uz)
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
            middle = 0.5 * (before + kinetic)
            curvature = bending / math.sqrt(middle * (middle + 2.0 * muon_mass))
            x, y, z, ux, uz = turned(curvature, step, x, y, z, ux, uy, uz)
            place = lower_place(tables, place, 0.5 * (before - kinetic) / before)
            variance = step * at_place(tables, material, place, SCATTERING)
            dx, dy, dz, ux, uy, uz = scattered(rng, variance, step, ux, uy, uz)
            x, y, z = x + dx, y + dy, z + dz
        if uz < SMALLEST_COSINE:
            return False, kinetic, time, x, y, z, ux, uy, uz
        if at_edge or z > edge:
            back = (edge - z) / uz
            x, y, at_edge = x + back * ux, y + back * uy, True
        middle = 0.5 * (before + kinetic)
        momentum = math.sqrt(middle * (middle + 2.0 * muon_mass))
        time += step * (middle + muon_mass) / (momentum * CM_PER_NANOSECOND)
        life -= step * muon_mass / momentum
        if life < 0.0:
            return False, kinetic, time, x, y, z, ux, uy, uz
        if at_edge:
            z = edge
            layer += 1
    return True, kinetic, time, x, y, z, ux, uy, uz


@compiled
def _cell(magnets: Magnets, layer: int, x: float, y: float) -> tuple[int, int]:
    """Column and row of the cell of a layer that holds a point."""
    column = int(np.searchsorted(magnets.x[layer], x, side="right")) - 1
    row = int(np.searchsorted(magnets.y[layer], y, side="right")) - 1
    return column, row


@compiled
def _to_side(
    magnets: Magnets,
    layer: int,
    column: int,
    row: int,
    curvature: float,
    x: float,
    y: float,
    ux: float,
    uy: float,
    uz: float,
) -> float:
    """Path in cm to the nearest side of a cell."""
    return min(
        path_to(magnets.x[layer, column] - x, ux, uz, -curvature),
        path_to(magnets.x[layer, column + 1] - x, ux, uz, -curvature),
        path_to(magnets.y[layer, row] - y, uy, 0.0, 0.0),
        path_to(magnets.y[layer, row + 1] - y, uy, 0.0, 0.0),
    )


@compiled
def path_to(distance: float, along: float, across: float, curvature: float) -> float:
    """Path in cm along a circle to a plane, forward; infinite if it is not reached within half a turn.

    Arguments:
        distance: From here to the plane along its normal, cm, of either sign.
        along: Direction cosine along the normal.
        across: Direction cosine along the other axis of the plane of the circle.
        curvature: Growth of `along` per cm of path, over `across`.
    """
    if math.isinf(distance):
        return math.inf
    bow = curvature * distance
    product = (bow - 2.0 * across) * bow
    square = along * along - product
    if square < 0.0:
        return math.inf
    larger = along + math.copysign(math.sqrt(square), along)
    if larger == 0.0:
        return math.inf
    shortest = math.inf
    for divisor in (larger, product / larger):
        if divisor * distance > 0.0:
            tangent = bow / divisor
            bent = math.atan(tangent) / tangent if tangent != 0.0 else 1.0
            shortest = min(shortest, 2.0 * distance / divisor * bent)
    return shortest


@compiled
def turned(
    curvature: float, step: float, x: float, y: float, z: float, ux: float, uy: float, uz: float
) -> tuple[float, float, float, float, float]:
    """Position (x, y, z), and (ux, uz) of the direction, after a step along a helix about y.

    Arguments:
        curvature: Angle by which the direction turns from z to minus x, per cm of path.
        step: Path, cm.
    """
    half = 0.5 * curvature * step
    chord = step * (math.sin(half) / half if half != 0.0 else 1.0)
    cosine, sine = math.cos(half), math.sin(half)
    middle_x, middle_z = ux * cosine - uz * sine, uz * cosine + ux * sine
    return (
        x + chord * middle_x,
        y + step * uy,
        z + chord * middle_z,
        middle_x * cosine - middle_z * sine,
        middle_z * cosine + middle_x * sine,
    )
