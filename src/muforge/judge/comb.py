"""The comb that the water slits of the target make in the start z of muons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.judge.chi2 import largest_pull
from muforge.judge.quantities import values
from muforge.judge.replicas import Shares
from muforge.judge.result import Findings, Result
from muforge.judge.sides import OTHERS, Sides
from muforge.sample import Sample

Floats = NDArray[np.float64]

BIN = 0.25
"""cm, half a slit of the ship-2018 target."""

SURROUNDINGS = 2.0
"""cm on either side of a bin that it is compared with to find the slits."""

FLANK = 1.0
"""cm on either side of a slit whose density it is compared with."""

DEPTH = 0.5
"""A slit has less than this share of the density of both its flanks ..."""

SIGNIFICANCE = 4.0
"""... by at least so many standard deviations."""

_PLACE = 2


@dataclass(frozen=True)
class Comb:
    """Contrast of the slits, 1 - (density in the slits) / (density of their flanks), against the real one.

    The slits are found in the real muons, so any target at any z will do; where none are found, as for muons that start
    beside the beam axis, there is nothing to report.

    Details: `slits`, a list of `front`, `back` [cm] and each side's contrast with its error.
    """

    seed: int = 0
    family: ClassVar[str] = "comb"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Compare the combs; raises `SampleError` if a sample is of one event."""
        sides = Sides.of(real, generated, null, self.seed, _PLACE)
        slits = find_slits(real, null)
        if not slits:
            return Findings([])
        contrasts = {
            side: _contrasts(sides.groups[side].shares(_place(sample, slits), 2 * len(slits)), slits)
            for side, sample in sides.samples.items()
        }
        results = [self._overall(sides, contrasts), self._worst(sides, contrasts)]
        return Findings(results, {"slits": _listed(slits, contrasts)})

    def _overall(self, sides: Sides, contrasts: dict[str, Shares]) -> Result:
        mean = {
            side: of_side.map(lambda rows: rows.mean(axis=1, keepdims=True))
            for side, of_side in contrasts.items()
        }
        p_value = sides.compare(mean, "generated", lambda rows: np.abs(rows[:, 0])).p_value
        return Result(
            family=self.family,
            name="contrast of the slits",
            of="start_z",
            value=float(mean["generated"].value[0]),
            error=float(np.sqrt(mean["generated"].variance[0])),
            null=float(mean["null"].value[0]),
            null_error=float(np.sqrt(mean["null"].variance[0])),
            p_value=p_value,
            n_eff=sides.n_eff,
            perfect=float(mean["real"].value[0]),
        )

    def _worst(self, sides: Sides, contrasts: dict[str, Shares]) -> Result:
        found = {}
        for side in OTHERS:
            sigma = np.sqrt(contrasts[side].variance + contrasts["real"].variance)
            scale = np.where(sigma > 0, sigma, np.inf)
            found[side] = sides.compare(contrasts, side, largest_pull(scale))
        return sides.result(self.family, "largest deviation of a slit, in sigma", "start_z", found, 0.0)


@dataclass(frozen=True)
class Slit:
    """An interval of z and where its flanks end, in cm."""

    flank_front: float
    front: float
    back: float
    flank_back: float

    @property
    def per_flank(self) -> float:
        """Width of the flanks over that of the slit."""
        flanks = self.front - self.flank_front + self.flank_back - self.back
        return flanks / (self.back - self.front)


def find_slits(real: Sample, null: Sample) -> list[Slit]:
    """Gaps in the density of start z that both flanks are dense around, from the real muons of both samples."""
    z = np.concatenate([values(real, "start_z"), values(null, "start_z")])
    weight = np.concatenate([sample.weight / sample.sum_of_weights for sample in (real, null)])
    start = float(z.min())
    place = ((z - start) / BIN).astype(np.intp)
    content, squares = (np.bincount(place, each).astype(np.float64) for each in (weight, weight**2))
    low = _is_low(content, squares)
    ends = start + BIN * np.flatnonzero(np.diff(np.pad(low.astype(int), 1)))
    fronts, backs = ends[::2].tolist(), ends[1::2].tolist()
    if not fronts:
        return []
    halfway = [(back + front) / 2 for back, front in zip(backs[:-1], fronts[1:], strict=True)]
    return [
        Slit(max(front - FLANK, before), front, back, min(back + FLANK, after))
        for front, back, before, after in zip(
            fronts, backs, [-np.inf, *halfway], [*halfway, np.inf], strict=True
        )
    ]


def _is_low(content: Floats, squares: Floats) -> NDArray[np.bool_]:
    reach = round(SURROUNDINGS / BIN)
    low = np.zeros(len(content), np.bool_)
    for at in range(reach, len(content) - reach):
        around = [slice(at - reach, at), slice(at + 1, at + 1 + reach)]
        level = min(float(np.median(content[each])) for each in around)
        variance = max(float(np.median(squares[each])) for each in around)
        low[at] = content[at] < DEPTH * level and level - content[at] > SIGNIFICANCE * np.sqrt(variance)
    return low


def _place(sample: Sample, slits: list[Slit]) -> NDArray[np.intp]:
    """2i in slit i, 2i + 1 in its flanks, -1 elsewhere."""
    edges = [edge for slit in slits for edge in (slit.flank_front, slit.front, slit.back, slit.flank_back)]
    interval = np.searchsorted(edges, values(sample, "start_z"), side="right")
    slit, part = (interval - 1) // 4, interval % 4
    return np.where(part == 2, 2 * slit, np.where(part % 2 == 1, 2 * slit + 1, -1))


def _contrasts(shares: Shares, slits: list[Slit]) -> Shares:
    """Contrast of each slit with its deviations to first order; 0 and without deviation where the flanks are empty."""
    scale = np.array([slit.per_flank for slit in slits])
    slit, flank = shares.value[::2], shares.value[1::2]
    safe = np.where(flank > 0, flank, np.inf)
    ratio = scale * slit / safe
    change = scale * shares.deviation[:, ::2] / safe - ratio * shares.deviation[:, 1::2] / safe
    return Shares(np.where(flank > 0, 1 - ratio, 0.0), -change)


def _listed(slits: list[Slit], contrasts: dict[str, Shares]) -> list[dict[str, float]]:
    rows = []
    for number, slit in enumerate(slits):
        row = {"front": slit.front, "back": slit.back}
        for side, shares in contrasts.items():
            row[side] = float(shares.value[number])
            row[f"{side}_error"] = float(np.sqrt(shares.variance[number]))
        rows.append(row)
    return rows
