"""Amplification: how many simulated muons the generated ones are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.errors import ConfigError
from muforge.judge.checks import check_categories, one_category
from muforge.judge.quantities import quantities, values
from muforge.judge.replicas import Groups
from muforge.judge.result import Findings
from muforge.rng import Purpose, stream
from muforge.sample import Sample

Floats = NDArray[np.float64]

LEVEL = 0.6827
REGIONS: dict[str, tuple[float, ...]] = {
    "p": (0, 20, 50, 100, 400),
    "pt": (0, 0.5, 1, 2, 14),
    "start_z": (0, 20, 50, 100, 200),
    "r": (0, 1, 3, 10, 300),
}
"""GeV and cm; start_z from the first vertex."""

MIN_EVENTS = 20
"""Effective events of the training sample in a region, below which its own variance is not known to a quarter."""

_NAMES = {"p": "p", "pt": "pt", "start_z": "start_z - first", "r": "r"}
_UNITS = {"p": "GeV", "pt": "GeV", "start_z": "cm", "r": "cm"}
_PLACE = 12


@dataclass(frozen=True)
class Amplification:
    """The averaging estimator: from the variance of a region's share over an ensemble of trained generators.

    A region of training share s, whose shares in K generators have the variance v, is known as well as from
    n_equivalent = s (1 - s) / v simulated muons; n_train is the same of the training sample itself, its variance taken
    over events. Their quotient is the amplification G. What the finite size of each generated sample adds to v is
    subtracted. The interval (68.27%) is that of a variance from K - 1 degrees of freedom.

    Generators that differ in their seed alone show the spread of the training, not that of the training muons: G is
    then an upper limit, and only members trained on resampled events give an estimate. A bias that all of them share is
    not seen: where they all make too few muons, their share spreads less too. A region that none of them reaches has
    G = 0; one where the training sample has fewer than `MIN_EVENTS` effective events is left out.

    Details: `members`; `median`, of G over regions; and `regions`, a list of `text`, `n_train`, `n_equivalent`,
    `amplification`, `low` and `high`. None stands for a number without an upper end: the members spread no more than
    their finite samples do.

    References:
        Bahl et al., Forecasting generative amplification | https://arxiv.org/abs/2509.08048
        Butter et al., GANplifying event samples | https://arxiv.org/abs/2008.06545
    """

    seed: int = 0
    family: ClassVar[str] = "amplification"

    def __call__(self, train: Sample, members: Sequence[Sample]) -> Findings:
        """The amplification of each region.

        Arguments:
            train: The muons that the generators learned from.
            members: A sample of each generator, of the same category.

        Raises:
            ConfigError: There are fewer than two members.
            SampleError: A member is of another category, or all training muons are of one event.
        """
        if len(members) < 2:
            raise ConfigError(f"{len(members)} generators: an ensemble for amplification needs at least two")
        category = one_category(train)
        check_categories({"real": train} | {f"member {n}": member for n, member in enumerate(members, 1)})
        groups = Groups(train, stream(self.seed, Purpose.BOOTSTRAP, _PLACE))
        origin = float(train["start_z"].min())
        rows: list[dict[str, Any]] = []
        for quantity, edges in REGIONS.items():
            if quantity not in quantities(category):
                continue
            bins = len(edges) - 1
            learned = groups.shares(_bin(train, quantity, edges, origin), bins)
            shares, own = zip(*(_shares(member, quantity, edges, origin) for member in members), strict=True)
            rows += _rows(quantity, edges, learned.value, learned.variance, np.array(shares), np.array(own))
        return Findings([], {"members": len(members), "median": _median(rows), "regions": rows})


def _bin(sample: Sample, quantity: str, edges: Sequence[float], origin: float) -> NDArray[np.intp]:
    column = values(sample, quantity) - (origin if quantity == "start_z" else 0.0)
    place = np.searchsorted(edges, column, side="right") - 1
    return np.where((place < 0) | (place > len(edges) - 2), -1, place)


def _shares(sample: Sample, quantity: str, edges: Sequence[float], origin: float) -> tuple[Floats, Floats]:
    """A generator's shares, and the variances that the size of its sample gives them."""
    place = _bin(sample, quantity, edges, origin)
    content = (
        np.bincount(place[place >= 0], sample.weight[place >= 0], len(edges) - 1) / sample.sum_of_weights
    )
    return content, content * (1 - content) / sample.n_eff


def _rows(
    quantity: str, edges: Sequence[float], share: Floats, variance: Floats, shares: Floats, own: Floats
) -> list[dict[str, Any]]:
    from scipy.stats import chi2

    freedom = len(shares) - 1
    spread = shares.var(axis=0, ddof=1)
    outside = (1 - LEVEL) / 2
    quantiles = [float(chi2.ppf(level, freedom)) / freedom for level in (outside, 1 - outside)]
    rows = []
    for number, (low, high) in enumerate(pairwise(edges)):
        if not 0 < MIN_EVENTS * variance[number] <= share[number] ** 2:
            continue
        of_sampling = float(own[:, number].mean())
        excess = float(spread[number]) - of_sampling
        ends = [float(spread[number]) / quantile - of_sampling for quantile in reversed(quantiles)]
        binomial = float(share[number] * (1 - share[number]))
        n_train = binomial / float(variance[number])
        text = f"{low:g} < {_NAMES[quantity]} < {high:g} {_UNITS[quantity]}"
        if not shares[:, number].any():
            rows.append(_row(text, n_train, 0.0, 0.0, 0.0))
            continue
        rows.append(_row(text, n_train, *(_inverse(binomial, each) for each in (excess, ends[1], ends[0]))))
    return rows


def _row(
    text: str, n_train: float, n_equivalent: float | None, low: float | None, high: float | None
) -> dict[str, Any]:
    gains = [None if number is None else number / n_train for number in (n_equivalent, low, high)]
    names = ("text", "n_train", "n_equivalent", "amplification", "low", "high")
    return dict(zip(names, (text, n_train, n_equivalent, *gains), strict=True))


def _median(rows: Sequence[dict[str, Any]]) -> float | None:
    gains = [np.inf if row["amplification"] is None else row["amplification"] for row in rows]
    median = float(np.median(gains)) if gains else np.inf
    return median if np.isfinite(median) else None


def _inverse(numerator: float, variance: float) -> float | None:
    """None where the ensemble spreads less than its finite samples do, so that there is no upper end."""
    return numerator / variance if variance > 0 else None
