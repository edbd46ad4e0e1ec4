from __future__ import annotations

import numpy as np
import pytest

from muforge.errors import ConfigError, SampleError
from muforge.judge.amplification import LEVEL, MIN_EVENTS, Amplification
from muforge.judge.quantities import values
from muforge.sample import Sample
from tests.judge.beam import beam, generated

MUONS = 4000
MEMBERS = 40
FEW_MEMBERS = 6


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


def test_intervals_cover_the_truth() -> None:
    """Members of a sample size each: n_equivalent is that size, whatever the region."""
    train, pool = beam(MUONS, 0), generated(100_000, 1)
    generator = np.random.default_rng(2)
    known, copies, trials = 5000, 4, 40
    covered = []
    for _ in range(trials):
        members = [
            pool.select(np.repeat(generator.choice(len(pool), known), copies)) for _ in range(FEW_MEMBERS)
        ]
        truth = known / (1 - 1 / copies)
        for region in Amplification()(train, members).details["regions"]:
            low, high = (
                np.inf if region[end] is None else region[end] * region["n_train"] for end in ("low", "high")
            )
            covered.append(low <= truth <= high)
    assert np.mean(covered) == pytest.approx(LEVEL, abs=0.06)


def test_each_region_has_events_to_speak_of() -> None:
    train = beam(MUONS, 0)
    texts = [region["text"] for region in Amplification()(train, members_of(train)).details["regions"]]
    assert "0 < p < 20 GeV" in texts
    assert "0 < start_z - first < 20 cm" in texts
    assert len(np.unique(train["event"][values(train, "r") > 10])) < MIN_EVENTS
    assert not any(text.startswith("10 < r") for text in texts)


def test_a_region_that_no_generator_reaches_is_worth_nothing() -> None:
    train = beam(MUONS, 0)
    slow = [member.select(values(member, "p") < 50) for member in members_of(train)]
    regions = {region["text"]: region for region in Amplification()(train, slow).details["regions"]}
    empty = regions["50 < p < 100 GeV"]
    assert empty["n_train"] > 0
    assert [empty[name] for name in ("n_equivalent", "amplification", "low", "high")] == [0, 0, 0, 0]


def test_generators_that_do_not_differ_have_no_upper_end() -> None:
    details = Amplification()(beam(MUONS, 0), [generated(MUONS, 1)] * 3).details
    assert details["median"] is None
    assert {region["amplification"] for region in details["regions"]} == {None}


def test_the_median_is_over_regions() -> None:
    train = beam(MUONS, 0)
    details = Amplification()(train, members_of(train)).details
    assert details["members"] == FEW_MEMBERS
    assert details["median"] == np.median([region["amplification"] for region in details["regions"]])


def test_bad_ensembles() -> None:
    train = beam(MUONS, 0)
    with pytest.raises(ConfigError, match="1 generators: an ensemble for amplification needs at least two"):
        Amplification()(train, [generated(100, 1)])
    with pytest.raises(SampleError, match="real has 4, member 2 has 3"):
        Amplification()(train, [generated(100, 1), generated(100, 1, category=3)])


def members_of(train: Sample) -> list[Sample]:
    return [resampled(train, seed) for seed in range(FEW_MEMBERS)]
