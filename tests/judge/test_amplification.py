from __future__ import annotations

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.judge.amplification import Amplification
from muforge.sample import Sample
from tests.judge.beam import beam, generated

MUONS = 4000
MEMBERS = 40


def resampled(train: Sample, seed: int) -> Sample:
    """Muons drawn from the training events drawn again: what a generator that adds nothing would make."""
    generator = np.random.default_rng(seed)
    distinct, index = np.unique(train["event"], return_inverse=True)
    times = np.bincount(generator.integers(len(distinct), size=len(distinct)), minlength=len(distinct))
    chance = train.weight * times[index]
    rows = generator.choice(len(train), 20 * MUONS, p=chance / chance.sum())
    columns = train.select(rows).columns | {"weight": np.ones(len(rows)), "event": np.arange(len(rows))}
    return Sample(columns, events_known=False)


def amplifications(train: Sample, members: list[Sample]) -> list[float]:
    regions = Amplification()(train, members).details["regions"]
    return [region["amplification"] for region in regions if region["amplification"] is not None]


def test_generators_that_add_nothing_amplify_by_one() -> None:
    train = beam(MUONS, 0)
    found = amplifications(train, [resampled(train, seed) for seed in range(MEMBERS)])
    assert len(found) > 8
    assert np.median(found) == pytest.approx(1.0, abs=0.25)


def test_generators_that_know_ten_times_as_much_amplify_by_ten() -> None:
    """Each member is a sample of ten times the effective size, told with a sampling error that is negligible."""
    train = beam(MUONS, 0)
    members = [generated(10 * MUONS, seed + 1) for seed in range(MEMBERS)]
    large = [Sample(member.columns | {"weight": np.ones(len(member))}) for member in members]
    regions = Amplification()(train, [m.select(np.repeat(np.arange(len(m)), 20)) for m in large]).details[
        "regions"
    ]
    ratio = np.median([region["n_equivalent"] / (10 * MUONS) for region in regions if region["n_equivalent"]])
    assert ratio == pytest.approx(1.0, abs=0.25)


def test_intervals_hold_the_estimate() -> None:
    train = beam(MUONS, 0)
    for region in Amplification()(train, [resampled(train, seed) for seed in range(5)]).details["regions"]:
        if region["high"] is not None and region["amplification"] is not None:
            assert region["low"] < region["amplification"] < region["high"]


def test_one_generator_is_no_ensemble() -> None:
    with pytest.raises(ConfigError, match="1 generators: an ensemble for amplification needs at least two"):
        Amplification()(beam(100, 0), [beam(100, 1)])
