"""How much an enriched sample gives in its region, and how like real muons it is there and elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from muforge.judge import compare
from muforge.judge.checks import MIN_MUONS
from muforge.judge.intervals import yield_in, yield_ratio
from muforge.judge.memorisation import Memorisation
from muforge.judge.replicas import events, number_of_events
from muforge.region import Region
from muforge.sample import Sample, effective_sample_size
from muforge.studies.enrichment import Enriched
from muforge.trained import TrainedModel

REPEATS_INSIDE = 5
"""Draws of the halves of the few muons inside."""


@dataclass(frozen=True, eq=False)
class RealMuons:
    """Real muons and which of them are in a region.

    Arguments:
        name: Of the region.
        region: Which.
        training: Training muons.
        held_out: Muons that no training has seen.
        in_training: Of the training muons which are inside, shape (n,).
        in_held_out: Of the others.
    """

    name: str
    region: Region
    training: Sample
    held_out: Sample
    in_training: NDArray[np.bool_]
    in_held_out: NDArray[np.bool_]

    @classmethod
    def of(cls, name: str, region: Region, training: Sample, held_out: Sample) -> Self:
        """Raises `SampleError` if no training muon is inside."""
        inside = region.require_muons(training, f"region '{name}', training events")
        return cls(name, region, training, held_out, inside, region.contains(held_out))

    @property
    def dangerous(self) -> Sample:
        """Training muons inside."""
        return self.training.select(self.in_training)

    @property
    def dangerous_held_out(self) -> Sample:
        """Held-out muons inside."""
        return self.held_out.select(self.in_held_out)

    @property
    def share(self) -> float:
        """Share of all real muons that is inside."""
        inside = self.dangerous.sum_of_weights + self.dangerous_held_out.sum_of_weights
        return inside / (self.training.sum_of_weights + self.held_out.sum_of_weights)

    @property
    def expected(self) -> tuple[float, float]:
        """Yield inside of the training muons over that of the held-out ones, and its error over events."""
        return _ratio(self.training, self.in_training, self.held_out, self.in_held_out)


@dataclass(frozen=True)
class Judged:
    """The note's BDT on generated and held-out muons.

    Arguments:
        excess_auc: Above that of training muons in the place of the generated ones.
        error: Of an AUC of as many events as one test half has, if nothing can be told apart.
    """

    excess_auc: float
    error: float


@dataclass(frozen=True)
class Measured:
    """What one enriched sample gives.

    Arguments:
        inside: Muons inside per muon made, weights apart.
        n_eff_inside: Effective number of muons inside, per muon made.
        n_eff: Effective number of all muons, per muon made.
        purity: As of `Enriched`.
        ratio: Weighted yield inside over that of the held-out muons; None without held-out ones.
        ratio_error: Half of its 68% interval, over events.
        judged_inside: None where there are too few muons.
        judged_outside: Likewise.
        nearer: Probability that a generated muon inside is nearer to a training muon than a held-out one is; 0.5 for
            muons that copy nothing. None where there are too few.
    """

    inside: float
    n_eff_inside: float
    n_eff: float
    purity: float | None
    ratio: float | None
    ratio_error: float
    judged_inside: Judged | None
    judged_outside: Judged | None
    nearer: float | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        judged = {
            name: None if each is None else vars(each)
            for name, each in (("inside", self.judged_inside), ("outside", self.judged_outside))
        }
        return {**vars(self), "judged_inside": judged["inside"], "judged_outside": judged["outside"]}


def measure(enriched: Enriched, real: RealMuons, *, size: int, seed: int) -> Measured | None:
    """What an enriched sample gives; None if nobody can know which of its muons are inside.

    Arguments:
        enriched: Generated muons.
        real: Of the same category.
        size: Muons per side and half in the BDT tests.
        seed: Of the tests.
    """
    rows = enriched.inside(real.region)
    if rows is None:
        return None
    sample, n = enriched.sample, enriched.drawn
    own, held = sample.select(rows), real.dangerous_held_out
    ratio, error = _ratio(sample, rows, real.held_out, real.in_held_out)
    enough = _enough(held) and _enough(own)
    nearer = None
    if enough:
        nearer = Memorisation(real.dangerous, seed)(held, own, real.dangerous).results[0].value
    return Measured(
        inside=float(rows.sum() / n),
        n_eff_inside=effective_sample_size(own.weight) / n,
        n_eff=sample.n_eff / n,
        purity=enriched.purity,
        ratio=ratio if len(held) else None,
        ratio_error=error,
        judged_inside=_judged(held, own, real.dangerous, size, seed, REPEATS_INSIDE),
        judged_outside=_judged(
            real.held_out.select(~real.in_held_out),
            sample.select(~rows),
            real.training.select(~real.in_training),
            size,
            seed,
            1,
        ),
        nearer=nearer,
    )


@dataclass(frozen=True)
class Gap:
    """How much more likely a model finds training muons of a region than held-out ones.

    Arguments:
        nats: Difference of the mean log densities.
        error: Over events.
    """

    nats: float
    error: float


def likelihood_gap(model: TrainedModel, real: RealMuons) -> Gap | None:
    """Of a model with a density, told 'dangerous' or nothing; None without two muons of either kind within bounds."""
    found = []
    for sample in (real.dangerous, real.dangerous_held_out):
        told = None if model.conditions is None else np.ones((len(sample), 1), np.float32)
        log_prob = model.log_prob(sample, told)
        usable = np.isfinite(log_prob) & (sample.weight > 0)
        if usable.sum() < 2:
            return None
        weight = sample.weight[usable]
        mean = float(np.average(log_prob[usable], weights=weight))
        variance = float(np.average((log_prob[usable] - mean) ** 2, weights=weight))
        found.append((mean, variance / effective_sample_size(weight)))
    (one, first), (other, second) = found
    return Gap(one - other, sqrt(first + second))


def _judged(
    real: Sample, generated: Sample, null: Sample, size: int, seed: int, repeats: int
) -> Judged | None:
    if not all(_enough(each) for each in (real, generated, null)):
        return None
    found = compare(real, generated, null=null, size=size, seed=seed, repeats=repeats, threads=1)
    if found.excess_auc is None:
        return None
    a, b = found.generated.n_eff_real, found.generated.n_eff_other
    return Judged(found.excess_auc, _auc_error(a, b))


def _auc_error(a: float, b: float) -> float:
    """Of an area of 0.5.

    References:
        Mann, Whitney, On a test of whether one of two random variables is stochastically larger than the other |
        https://doi.org/10.1214/aoms/1177730491
    """
    return sqrt((a + b + 1) / (12 * a * b))


def _enough(sample: Sample) -> bool:
    """Whether the judge can look at a sample."""
    weighted = sample.select(sample.weight > 0)
    return len(weighted) >= MIN_MUONS and number_of_events(weighted) > 1


def _ratio(
    one: Sample, rows: NDArray[np.bool_], other: Sample, of_other: NDArray[np.bool_]
) -> tuple[float, float]:
    found = yield_ratio(
        yield_in(rows, one.weight, events(one)), yield_in(of_other, other.weight, events(other))
    )
    error = 0.0 if found.high is None else (found.high - found.low) / 2
    return found.ratio or 0.0, error
