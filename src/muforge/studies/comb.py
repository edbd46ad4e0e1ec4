"""The comb of the target in start z, and muons without it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muforge.errors import ConfigError
from muforge.judge.replicas import Groups
from muforge.reference.constants import material
from muforge.reference.geometry import VACUUM, Geometry
from muforge.rng import Purpose, stream
from muforge.sample import Sample

Floats = NDArray[np.float64]

FLANK = 1.0
"""cm on either side of a slit that its density is compared with, if the blocks are as thick."""

_PLACE = 3


class Slit(NamedTuple):
    """A thin slab of the target between denser blocks, and how far into either block it counts, all in cm."""

    front: float
    back: float
    flank: float


def slits(geometry: Geometry) -> list[Slit]:
    """Slabs and gaps of the target that are less dense than both neighbours; flanks are half of the thinner one."""
    edges = geometry.stack().edges.tolist()
    density = [0.0 if name == VACUUM else material(name).density for name in _slabs(geometry)]
    return [
        Slit(edges[i], edges[i + 1], 0.5 * min(edges[i] - edges[i - 1], edges[i + 2] - edges[i + 1]))
        for i in range(1, len(density) - 1)
        if density[i] < density[i - 1] and density[i] < density[i + 1]
    ]


def without_comb(sample: Sample, geometry: Geometry, seed: int = 0, *, target_front: float = 0.0) -> Sample:
    """The same muons with a start z in which the target's slits cannot be seen; nothing else changes.

    Each slit is filled: what lies beside it, up to the middle of the thinner block, is stretched over it, and muons in
    it are spread evenly over that range. Then every start in the target is moved by a uniform number as wide as the
    target's smallest pitch, a block with a slit, reflected at its ends. The distribution on the scale of several blocks
    stays. So do start x and y and the momentum, as with a generator that does not learn the comb: moved along its line,
    a muon would start off the axis, and would be no other muon downstream. Muons behind the target stay where they are.

    Arguments:
        geometry: Of the target.
        seed: Of the moves.
        target_front: z of the target's front face in the frame of the sample, cm.

    Raises:
        ConfigError: The target has no slits.
    """
    found = slits(geometry)
    if not found:
        raise ConfigError(f"target '{geometry.name}': has no slits, so there is no comb to take away")
    rng = stream(seed, Purpose.TRANSPORT, 0, 0, _PLACE)
    end = geometry.target_end
    z = sample["start_z"].astype(np.float64) - target_front
    inside = (z >= 0) & (z <= end)
    pitch = min(2 * slit.flank + slit.back - slit.front for slit in found)
    moved = _filled(z, found, rng) + pitch * (rng.random(len(z)) - 0.5)
    moved = end - np.abs(end - np.abs(moved))
    columns = sample.columns | {"start_z": np.where(inside, moved, z) + target_front}
    return Sample(columns, protons_on_target=sample.protons_on_target, events_known=sample.events_known)


def contrast(
    sample: Sample, geometry: Geometry, seed: int = 0, *, target_front: float = 0.0
) -> tuple[float, float]:
    """1 - (density of start z in the slits) / (density beside them), all slits together, and its error over events.

    Arguments:
        geometry: Of the target.
        seed: Deals events into groups.
        target_front: z of the target's front face in the frame of the sample, cm.

    Raises:
        SampleError: All muons are of one event.
        ConfigError: No muon starts beside a slit.
    """
    z = sample["start_z"].astype(np.float64) - target_front
    place = np.full(len(z), -1)
    widths = np.zeros(2)
    for front, back, flank in slits(geometry):
        reach = min(FLANK, flank)
        place[(z >= front - reach) & (z < back + reach)] = 1
        place[(z >= front) & (z < back)] = 0
        widths += back - front, 2 * reach
    shares = Groups(sample, stream(seed, Purpose.BOOTSTRAP, _PLACE)).shares(place, 2)
    if not shares.value[1] > 0:
        raise ConfigError(f"target '{geometry.name}': no muon starts beside a slit")
    scale = widths[1] / widths[0]
    ratio = scale * shares.value[0] / shares.value[1]
    deviation = (scale * shares.deviation[:, 0] - ratio * shares.deviation[:, 1]) / shares.value[1]
    return float(1 - ratio), float(np.sqrt(deviation @ deviation))


def _filled(z: Floats, found: list[Slit], rng: np.random.Generator) -> Floats:
    out = z.copy()
    for front, back, flank in found:
        middle, half = (front + back) / 2, (back - front) / 2
        stretch = 1 + half / flank
        before = (z >= front - flank) & (z < front)
        after = (z > back) & (z <= back + flank)
        within = (z >= front) & (z <= back)
        out[before] = front - flank + stretch * (z[before] - front + flank)
        out[after] = back + flank - stretch * (back + flank - z[after])
        out[within] = middle + (flank + half) * (2 * rng.random(int(within.sum())) - 1)
    return out


def _slabs(geometry: Geometry) -> list[str]:
    """Materials of the target's slabs with the gaps between them."""
    stack = geometry.stack()
    names = [*geometry.materials, VACUUM]
    inside = stack.edges[1:] <= geometry.target_end
    return [names[index] for index in stack.material[inside]]
