from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from muforge.errors import SampleError
from muforge.judge import boosted
from muforge.judge.quantities import quantities
from muforge.judge.strong_classifier import StrongClassifier
from tests.judge.beam import beam, generated
from tests.judge.test_defects import FOUND, Plant, missing_mode, scaled_momentum
from tests.judge.toy import altered


@pytest.mark.parametrize(("plant", "muons"), [(scaled_momentum, 60_000), (missing_mode, 200_000)])
def test_a_planted_defect_is_found(plant: Plant, muons: int) -> None:
    """A mode of a share f that is missing moves the AUC by f / 2 at most, which takes many muons to be seen."""
    real, null = (beam(muons, seed) for seed in range(2))
    other = generated(muons, 2)
    test = StrongClassifier(repeats=1, threads=1)
    found, clean = (test(real, side, null).results[0] for side in (plant(other), other))
    assert (found.p_value or 0.0) < FOUND < (clean.p_value or 0.0)
    assert found.null == pytest.approx(0.5, abs=4 * (found.null_error or 0.0))


@pytest.mark.long
def test_p_values_of_repeats_are_uniform_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The repeats are of the same muons, and their p-values depend on each other."""
    monkeypatch.setattr(boosted, "MOST_TREES", 5)
    p_values = []
    for seed in range(200):
        real, null = (beam(800, 3 * seed + side) for side in range(2))
        result = StrongClassifier(repeats=3, seed=seed, threads=1)(
            real, generated(800, 3 * seed + 2), null
        ).results[0]
        assert result.p_value is not None
        p_values.append(result.p_value)
    assert kstest(p_values, "uniform").pvalue > 0.01, np.quantile(p_values, [0.1, 0.5, 0.9])


def test_the_error_covers_the_spread_over_independent_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is that of a single repeat, hence larger than the spread of a mean over three."""
    monkeypatch.setattr(boosted, "MOST_TREES", 5)
    found = [
        StrongClassifier(repeats=3, seed=seed, threads=1)(
            beam(800, 3 * seed), generated(800, 3 * seed + 1, scale=22.0), beam(800, 3 * seed + 2)
        ).results
        for seed in range(40)
    ]
    for of_figure in zip(*found, strict=True):
        spread = np.std([result.value for result in of_figure], ddof=1)
        assert 0.4 < spread / np.mean([result.error for result in of_figure if result.error]) < 1.2


def test_the_same_seed_gives_the_same_figures() -> None:
    sides = beam(1000, 0), generated(1000, 1), beam(1000, 2)
    first, again, other = (
        StrongClassifier(repeats=1, seed=s, threads=1)(*sides).results[0] for s in (0, 0, 1)
    )
    assert first == again
    assert first.value != other.value


@pytest.mark.parametrize("category", [1, 4])
def test_it_sees_raw_and_derived_columns(category: int) -> None:
    sides = (beam(400, seed, category=category) for seed in range(3))
    details = StrongClassifier(repeats=2, threads=1)(*sides).details
    assert details["columns"] == list(quantities(category))
    assert len(details["trees"]) == 2


def test_muons_of_a_single_event_cannot_be_halved() -> None:
    real = beam(400, 0)
    with pytest.raises(SampleError, match="one event"):
        StrongClassifier(repeats=1, threads=1)(altered(real, event=np.zeros(400)), real, real)
