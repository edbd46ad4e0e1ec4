"""The test that should find a planted defect does, and finds nothing without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from muforge.judge.anomalies import Anomalies
from muforge.judge.bounds import Bounds
from muforge.judge.comb import Comb
from muforge.judge.combine import combine
from muforge.judge.correlation import Correlation
from muforge.judge.coverage import Coverage
from muforge.judge.frechet import Frechet
from muforge.judge.kernel import Kernel
from muforge.judge.memorisation import Memorisation
from muforge.judge.note_classifier import NoteClassifier
from muforge.judge.one_dimensional import OneDimensional
from muforge.judge.pairs import Pairs
from muforge.judge.quantities import values
from muforge.judge.result import FigureOfMerit, Result
from muforge.judge.sliced_wasserstein import SlicedWasserstein
from muforge.judge.strong_classifier import StrongClassifier
from muforge.judge.tails import Tails
from muforge.sample import Sample, features
from tests.judge.beam import MODE, SLITS, beam, generated

FOUND = 0.01

Plant = Callable[[Sample], Sample]
Pick = Callable[[Result], bool]


def replaced(sample: Sample, **columns: Any) -> Sample:
    return Sample(sample.columns | columns)


def scaled_momentum(sample: Sample) -> Sample:
    return replaced(sample, **{name: sample[name] * np.float32(1.01) for name in ("px", "py", "pz")})


def filled_slit(sample: Sample) -> Sample:
    """The second slit as dense as what is around it: muons of the centimetre before are moved into it."""
    front, back = SLITS[1]
    z = sample["start_z"].copy()
    moved = (z > front - 1) & (z < front) & (np.arange(len(z)) % 3 == 0)
    z[moved] = front + (back - front) * np.linspace(0.01, 0.99, int(moved.sum()))
    return replaced(sample, start_z=z)


def missing_mode(sample: Sample) -> Sample:
    p, z = values(sample, "p"), sample["start_z"]
    lost = (p > 60) & (p < 62) & (z > 40) & (z < 41)
    assert 0.5 * MODE < lost.mean() < 2 * MODE
    return sample.select(~lost)


def lighter_tail(sample: Sample) -> Sample:
    """5% fewer above 100 GeV."""
    above = np.flatnonzero(values(sample, "p") > 100)
    return sample.select(np.setdiff1d(np.arange(len(sample)), above[::20]))


def shuffled_pair(sample: Sample) -> Sample:
    return replaced(sample, px=np.random.default_rng(0).permutation(sample["px"]))


def everything(result: Result) -> bool:
    return True


def p_value(test: FigureOfMerit, sides: tuple[Sample, Sample, Sample], pick: Pick) -> float:
    chosen = [r.p_value for r in test(*sides).results if r.p_value is not None and pick(r)]
    return combine(chosen)


CASES: dict[str, tuple[Plant, FigureOfMerit, int, int, Pick]] = {
    "scaled momentum, one-dimensional": (
        scaled_momentum,
        OneDimensional(),
        150_000,
        1,
        lambda r: r.of == "p",
    ),
    "shuffled pair, strong classifier": (
        shuffled_pair,
        StrongClassifier(repeats=1, threads=1),
        10_000,
        4,
        everything,
    ),
    "scaled momentum, sliced Wasserstein": (scaled_momentum, SlicedWasserstein(), 40_000, 4, everything),
    "filled slit, comb": (filled_slit, Comb(), 20_000, 1, lambda r: "largest" in r.name),
    "filled slit, anomalies": (filled_slit, Anomalies(), 20_000, 1, everything),
    "missing mode, coverage": (missing_mode, Coverage(), 60_000, 4, everything),
    "missing mode, anomalies": (missing_mode, Anomalies(), 40_000, 4, everything),
    "shuffled pair, pairs": (shuffled_pair, Pairs(), 10_000, 4, lambda r: r.of == "px, py"),
    "shuffled pair, correlation": (shuffled_pair, Correlation(), 10_000, 4, everything),
    "shuffled pair, Frechet": (shuffled_pair, Frechet(), 10_000, 4, everything),
    "shuffled pair, kernel": (shuffled_pair, Kernel(), 40_000, 4, everything),
    "shuffled pair, note's classifier": (
        shuffled_pair,
        NoteClassifier(repeats=1, threads=1),
        10_000,
        4,
        lambda r: r.name == "ROC AUC",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_planted_defect_is_found(case: str) -> None:
    plant, test, muons, category, pick = CASES[case]
    real, null = (beam(muons, seed, category=category) for seed in range(2))
    other = generated(muons, 2, category=category)
    assert p_value(test, (real, plant(other), null), pick) < FOUND
    assert p_value(test, (real, other, null), pick) > FOUND


def test_a_lighter_tail_is_found_by_the_yield_above_100_gev() -> None:
    real, null = (beam(100_000, seed, scale=60.0) for seed in range(2))
    other = generated(100_000, 2, scale=60.0)

    def above(result: Result) -> bool:
        return result.of == "p > 100 GeV"

    assert p_value(Tails(), (real, lighter_tail(other), null), above) < FOUND
    assert p_value(Tails(), (real, other, null), above) > FOUND
    ratio = next(r for r in Tails()(real, lighter_tail(other), null).results if above(r))
    assert ratio.value == pytest.approx(0.95, abs=3 * (ratio.error or 0.0))


def test_shuffled_columns_are_not_seen_one_by_one() -> None:
    """Every column by itself is as it was."""
    real, null = (beam(10_000, seed) for seed in range(2))
    other = generated(10_000, 2)

    def a_column(result: Result) -> bool:
        return result.of in features(4)

    assert p_value(OneDimensional(), (real, shuffled_pair(other), null), a_column) > FOUND


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_a_generator_that_copies_is_found(noise: float) -> None:
    train, real, null = (beam(4000, seed) for seed in range(3))
    generator = np.random.default_rng(0)
    moved = {
        name: train[name] * (1 + noise * generator.standard_normal(len(train))).astype(np.float32)
        for name in features(4)
    }
    copies = replaced(train, **moved)
    test = Memorisation(train)
    assert p_value(test, (real, copies, null), everything) < FOUND
    assert p_value(test, (real, generated(4000, 3), null), everything) > FOUND
    exact = {result.name: result.value for result in test(real, copies, null).results}
    assert exact["copies of training muons"] == (1.0 if noise == 0 else 0.0)


def test_repeated_muons_are_counted() -> None:
    train, real = (beam(1000, seed) for seed in range(2))
    twice = generated(1000, 2).select(np.append(np.arange(1000), np.arange(100)))
    found = {result.name: result for result in Memorisation(train)(real, twice, real).results}
    assert found["repeated muons"].value == pytest.approx(200 / len(twice))
    assert found["repeated muons"].null == 0


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"pz": 401.0}, "above the beam's 400 GeV"),
        ({"px": 14.0}, "kinematic limit of 13.7 GeV"),
        ({"pz": -20.0}, "flying upstream"),
        ({"start_z": -50.0}, "upstream of the first real one"),
    ],
)
def test_a_violated_bound_is_found(columns: dict[str, float], text: str) -> None:
    real, other, null = (beam(2000, seed) for seed in range(3))
    changed = {}
    for name, value in columns.items():
        changed[name] = other[name].copy()
        changed[name][0] = value
    results = Bounds()(real, replaced(other, **changed), null).results
    violated = [result for result in results if result.value > 0]
    assert len(violated) == 1
    assert text in violated[0].of
    assert violated[0].value == pytest.approx(other.weight[0] / other.sum_of_weights)
    assert all(result.value == 0 for result in Bounds()(real, other, null).results)


def test_a_bound_that_real_muons_violate_is_none() -> None:
    real, other, null = (beam(500, seed) for seed in range(3))
    backwards = replaced(real, pz=np.where(np.arange(500) == 3, -30, real["pz"]))
    texts = [result.of for result in Bounds()(backwards, other, null).results]
    assert not any("upstream (pz" in text for text in texts)
    assert len(texts) == 3
