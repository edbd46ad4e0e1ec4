"""Muons from where they start to behind the absorber and a magnetised shield."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muforge.errors import ConfigError
from muforge.reference.geometry import Geometry
from muforge.reference.magnetic import bend
from muforge.reference.muon_tables import muon_tables
from muforge.reference.shield import Acceptance, Shield
from muforge.reference.transport import Arrival, propagate
from muforge.rng import Purpose, stream
from muforge.sample import MU_MINUS, PLANE, Sample

Rows = NDArray[np.intp]

_ABSORBER, _SHIELD = 1, 2


@dataclass(frozen=True, eq=False)
class Behind:
    """Muons that come to a place.

    Arguments:
        sample: Their columns, those of `PLANE` at the place; each throw is a muon of its share of the weight. Throws
            of one muon are of one event.
        row: Of the muon at the start that each is, shape (n,).
    """

    sample: Sample
    row: Rows

    def select(self, rows: NDArray[np.bool_]) -> Behind:
        """The muons of a mask."""
        return Behind(self.sample.select(rows), self.row[rows])


@dataclass(frozen=True, eq=False)
class Downstream:
    """A sample and what is left of it.

    Arguments:
        start: The muons at their start.
        throws: How often each was propagated.
        absorber: Behind the absorber.
        shield: At the end of the shield, None without one.
        acceptance: Those of `shield` that the detector there sees; None without a shield.
    """

    start: Sample
    throws: int
    absorber: Behind
    shield: Behind | None
    acceptance: Behind | None

    def places(self) -> dict[str, Behind]:
        """What is left by the name of the place, along the beam."""
        found = {"absorber": self.absorber, "shield": self.shield, "acceptance": self.acceptance}
        return {place: behind for place, behind in found.items() if behind is not None}

    def survival(self, behind: Behind) -> NDArray[np.float64]:
        """Part of the throws of each muon that come to a place, shape (len(start),)."""
        return np.bincount(behind.row, minlength=len(self.start)) / self.throws


def downstream(
    sample: Sample,
    geometry: Geometry,
    shield: Shield | None = None,
    seed: int = 0,
    *,
    target_front: float = 0.0,
    throws: int = 1,
    place: int = 0,
) -> Downstream:
    """Propagate muons from their start through target and absorber, then through the shield.

    The shield begins at the absorber's back face. Columns of `PLANE` that the sample has are replaced.

    Arguments:
        geometry: Target and absorber.
        shield: Behind the absorber.
        seed: Of the transport.
        target_front: z of the target's front face in the frame of the sample, cm; `plane_z` is in that frame too.
        throws: Times that each muon is propagated.
        place: Keeps the random numbers of several samples apart.

    Raises:
        ConfigError: `throws` is not positive, or a muon starts beyond target and absorber.

    References:
        Niess, The PUMAS library (energy loss) | https://doi.org/10.1016/j.cpc.2022.108438
    """
    if throws < 1:
        raise ConfigError(f"{throws} throws: must be at least 1")
    start = _with_events(sample)
    stack, tables = geometry.stack(), muon_tables(geometry.materials)
    shift = np.array([0.0, 0.0, target_front])
    position = start.matrix(("start_x", "start_y", "start_z")).astype(np.float64) - shift
    _check_inside(position[:, 2], geometry, float(stack.edges[-1]), target_front)
    momentum = start.matrix(("px", "py", "pz")).astype(np.float64)

    def to_absorber(throw: int) -> tuple[Rows, Arrival]:
        rng = stream(seed, Purpose.TRANSPORT, place, throw, _ABSORBER)
        return np.arange(len(start)), propagate(stack, tables, position, momentum, rng)

    absorber, left = _thrown(start, throws, shift, to_absorber)
    if shield is None:
        return Downstream(start, throws, absorber, None, None)
    magnets, iron = shield.magnets(float(stack.edges[-1])), muon_tables(shield.materials)
    charge = np.where(start["pdg"] == MU_MINUS, -1.0, 1.0)

    def to_end(throw: int) -> tuple[Rows, Arrival]:
        rows, arrival = left[throw]
        rng = stream(seed, Purpose.TRANSPORT, place, throw, _SHIELD)
        return rows, bend(magnets, iron, arrival.position, arrival.momentum, charge[rows], rng)

    behind, _ = _thrown(start, throws, shift, to_end)
    return Downstream(start, throws, absorber, behind, behind.select(_seen(behind.sample, shield.acceptance)))


def at_plane(sample: Sample) -> Sample:
    """The same muons as if they started where they are in the columns of `PLANE`: the judge's quantities there."""
    moved = ("start_x", "start_y", "start_z", "px", "py", "pz")
    kept = {name: values for name, values in sample.columns.items() if name not in PLANE}
    return Sample(
        kept | {own: sample[plane] for own, plane in zip(moved, PLANE, strict=True)},
        protons_on_target=sample.protons_on_target,
        events_known=sample.events_known,
    )


def _with_events(sample: Sample) -> Sample:
    """Each muon an event of its own where events are not known, so that its throws are one event."""
    if sample.events_known:
        return sample
    columns = sample.columns | {"event": np.arange(len(sample))}
    return Sample(columns, protons_on_target=sample.protons_on_target)


def _check_inside(z: NDArray[np.float64], geometry: Geometry, end: float, target_front: float) -> None:
    outside = (z < 0) | (z > end)
    if outside.any():
        first = float(z[outside.argmax()]) + target_front
        raise ConfigError(
            f"start_z {first:g} cm: target and absorber of '{geometry.name}' go from {target_front:g} to "
            f"{end + target_front:g} cm; give the z of the target's front face in the frame of the muons"
        )


def _thrown(
    start: Sample, throws: int, shift: NDArray[np.float64], fly: Callable[[int], tuple[Rows, Arrival]]
) -> tuple[Behind, list[tuple[Rows, Arrival]]]:
    """All throws together, and each by itself, those that arrived alone."""
    left = []
    for throw in range(throws):
        rows, arrival = fly(throw)
        alive = arrival.alive
        left.append(
            (
                rows[alive],
                Arrival(arrival.position[alive], arrival.momentum[alive], arrival.time[alive], alive[alive]),
            )
        )
    row = np.concatenate([rows for rows, _ in left])
    state = np.concatenate([np.hstack([arrival.position + shift, arrival.momentum]) for _, arrival in left])
    columns = start.select(row).columns | dict(zip(PLANE, state.T, strict=True))
    columns["weight"] = columns["weight"] / throws
    return Behind(Sample(columns, protons_on_target=start.protons_on_target), row), left


def _seen(sample: Sample, acceptance: Acceptance | None) -> NDArray[np.bool_]:
    if acceptance is None:
        return np.ones(len(sample), np.bool_)
    x, y = np.abs(sample["plane_x"]), np.abs(sample["plane_y"])
    return np.asarray((x <= acceptance.x) & (y <= acceptance.y))
