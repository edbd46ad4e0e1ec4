"""Muons from a box of latent space, beside the real muons that are encoded into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.errors import SampleError
from muforge.judge.binning import weighted_quantile
from muforge.models.box import Box
from muforge.region import Region
from muforge.sample import Sample
from muforge.studies.latent import box_probability, from_box
from muforge.studies.latent_codes import Codes
from muforge.trained import TrainedModel

BEYOND = 0.05
"""Share of the region's muons that a box around them leaves out at each end of each dimension."""


@dataclass(frozen=True, eq=False)
class BoxMuons:
    """What comes from a box.

    Arguments:
        box: By latent dimension.
        probability: Of the box in the prior.
        encoded: Share of training muons whose code is inside, None without an encoder.
        muons: Generated, with the box's probability as weight.
        of_box: Share of them that is in the region, None if the region is no rule of momenta.
        of_all: The same of muons of the whole latent space.
    """

    box: Box
    probability: float
    encoded: float | None
    muons: Sample
    of_box: float | None
    of_all: float | None

    @property
    def gain(self) -> float | None:
        """How many times more of the region's muons come from as many muons."""
        if self.of_box is None or not self.of_all:
            return None
        return self.of_box / self.of_all

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, without the muons."""
        return {
            "box": {str(number): list(ends) for number, ends in self.box.items()},
            "probability": self.probability,
            "encoded": self.encoded,
            "of_box": self.of_box,
            "of_all": self.of_all,
        }


def box_around(codes: Codes, active: NDArray[np.bool_]) -> dict[int, tuple[float, float]]:
    """The box that leaves out `BEYOND` of the codes at each end of each active dimension."""
    levels = [BEYOND, 1 - BEYOND]
    ends = {
        int(number): weighted_quantile(codes.mean[:, number], codes.weight, levels).tolist()
        for number in np.flatnonzero(active)
    }
    return {number: (low, high) for number, (low, high) in ends.items() if low < high}


def from_region(
    model: TrainedModel, box: Box, codes: Codes | None, region: Region, n: int, seed: int
) -> BoxMuons:
    """Generate from a box.

    Arguments:
        model: Of any family.
        box: By latent dimension.
        codes: Of the training muons, if the model has an encoder.
        region: Whose muons are counted.
        n: Muons, at least one.
        seed: Of the latents.

    Raises:
        ConfigError: A dimension does not exist, ends do not rise, or the box has no probability.
        SampleError: No training muon's code is in the box.
    """
    probability = box_probability(model, box)
    share = None
    if codes is not None:
        inside = codes.inside(box)
        if not codes.weight[inside].any():
            raise SampleError(
                f"box {box_text(box)} of latent space: holds the code of none of {len(inside):,} training muons"
            )
        share = codes.share_of(inside)
    muons = from_box(model, box, n, seed)
    of_box, of_all = (
        (_share(region, muons), _share(region, model.sample(n, seed))) if region.is_rule else (None, None)
    )
    return BoxMuons(box, probability, share, muons, of_box, of_all)


def box_text(box: Box) -> str:
    """Such as `0: -1 to 1, 3: 0.5 to 2`."""
    return ", ".join(f"{number}: {low:.3g} to {high:.3g}" for number, (low, high) in box.items())


def _share(region: Region, muons: Sample) -> float:
    return float(np.mean(region.contains(muons)))
