"""The three samples of a test with the replicas of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from muforge.judge.checks import one_category
from muforge.judge.replicas import REPLICAS, Difference, Groups, Shares, Statistic, compare_shares
from muforge.judge.result import Result
from muforge.rng import Purpose, stream
from muforge.sample import Sample

OTHERS = ("generated", "null")
"""What is compared with the real sample."""


@dataclass(frozen=True, eq=False)
class Sides:
    """Samples, groups of events and multipliers by `real`, `generated` and `null`.

    All shares of one side fluctuate with the same multipliers, and both comparisons share those of the real one.
    """

    category: int
    samples: Mapping[str, Sample]
    groups: Mapping[str, Groups]
    multipliers: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(
        cls,
        real: Sample,
        generated: Sample,
        null: Sample,
        seed: int,
        place: int,
        replicas: int = REPLICAS,
    ) -> Self:
        """Deal the events of each sample; `place` keeps the random numbers of tests apart.

        Raises:
            SampleError: A sample is of one event, or the real one of several categories.
        """
        samples = {"real": real, "generated": generated, "null": null}
        groups, multipliers = {}, {}
        for number, (side, sample) in enumerate(samples.items()):
            generator = stream(seed, Purpose.BOOTSTRAP, place, number)
            groups[side] = Groups(sample, generator)
            multipliers[side] = groups[side].multipliers(generator, replicas)
        return cls(one_category(real), samples, groups, multipliers)

    def shares(self, bin_of_row: Mapping[str, NDArray[np.intp]], bins: int) -> dict[str, Shares]:
        """Shares of each side's weight in bins."""
        return {side: self.groups[side].shares(of_side, bins) for side, of_side in bin_of_row.items()}

    def compare(self, shares: Mapping[str, Shares], side: str, statistic: Statistic) -> Difference:
        """A statistic of the difference between one side and the real one."""
        return compare_shares(
            shares[side], shares["real"], self.multipliers[side], self.multipliers["real"], statistic
        )

    def result(
        self, family: str, name: str, of: str, found: Mapping[str, Difference], perfect: float
    ) -> Result:
        """The result of a figure that both others have been compared by."""
        generated, null = found["generated"], found["null"]
        return Result(
            family=family,
            name=name,
            of=of,
            value=generated.value,
            error=generated.error,
            null=null.value,
            null_error=null.error,
            p_value=generated.p_value,
            n_eff=self.n_eff,
            perfect=perfect,
        )

    @property
    def n_eff(self) -> float:
        """Effective sample size of the smaller of the real and the generated sample."""
        return min(self.samples["real"].n_eff, self.samples["generated"].n_eff)
