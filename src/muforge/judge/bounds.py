"""Bounds of physics, which no muon may violate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.judge.quantities import values
from muforge.judge.result import Findings, Result
from muforge.kinematics import BEAM_MOMENTUM, transverse_limit
from muforge.sample import Sample

Mask = NDArray[np.bool_]

ROUNDING = 1e-5
"""Relative rounding of float32 momenta."""

GAPS = 20.0
"""Expected distances from a hard edge to the first muon that a bound set by real muons is moved out by: the chance that
a good generator's muon lies beyond is then e^-20 a muon."""

_NEAREST = 100
"""Real muons next to an edge that measure the density there."""


@dataclass(frozen=True)
class Bounds:
    """Shares of the weight beyond bounds: momentum of the beam, kinematic limit of pT, direction, front of the target.

    A bound that real muons themselves violate is left out.

    Details: `bounds`, a list of `text`, `rows` and `share` of generated muons beyond.

    Arguments:
        beam_momentum: Of the protons, GeV.
    """

    beam_momentum: float = BEAM_MOMENTUM
    family: ClassVar[str] = "bounds"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Count the muons beyond each bound."""
        results, rows = [], []
        for text, beyond in self._violations(real, null).items():
            masks = {"real": beyond(real), "generated": beyond(generated), "null": beyond(null)}
            if masks["real"].any() or masks["null"].any():
                continue
            share = float(generated.weight[masks["generated"]].sum() / generated.sum_of_weights)
            rows.append({"text": text, "rows": int(masks["generated"].sum()), "share": share})
            results.append(
                Result(
                    family=self.family,
                    name="share of muons beyond a bound",
                    of=text,
                    value=share,
                    error=None,
                    null=0.0,
                    null_error=None,
                    p_value=None,
                    n_eff=generated.n_eff,
                    perfect=0.0,
                )
            )
        return Findings(results, {"bounds": rows})

    def _violations(self, real: Sample, null: Sample) -> dict[str, Callable[[Sample], Mask]]:
        limit = transverse_limit(self.beam_momentum)
        lowest_z = _edge(np.concatenate([values(real, "start_z"), values(null, "start_z")]))
        return {
            f"momentum above the beam's {self.beam_momentum:g} GeV": lambda sample: (
                values(sample, "p") > self.beam_momentum * (1 + ROUNDING)
            ),
            f"pT above the kinematic limit of {limit:.1f} GeV": lambda sample: values(sample, "pt") > limit,
            "flying upstream (pz <= 0)": lambda sample: sample["pz"] <= 0,
            f"start z upstream of the first real one (below {lowest_z:.4g} cm)": lambda sample: (
                values(sample, "start_z") < lowest_z
            ),
        }


def _edge(column: NDArray[np.float64]) -> float:
    """Where a distribution begins, as far as its lowest values tell: below the first by `GAPS` expected distances."""
    nearest = min(_NEAREST, len(column) - 1)
    lowest = np.partition(column, nearest)[: nearest + 1]
    spacing = float(lowest.max() - lowest.min()) / max(nearest, 1)
    first = float(lowest.min())
    return first - GAPS * spacing - ROUNDING * abs(first)
