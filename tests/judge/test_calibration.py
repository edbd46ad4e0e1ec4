"""P-values of real against real are uniform: 200 pseudo-experiments by event for each test, on fast versions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import kstest

from muforge.judge import boosted, classifier
from muforge.judge.anomalies import Anomalies
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
from muforge.judge.result import FigureOfMerit
from muforge.judge.sliced_wasserstein import SlicedWasserstein
from muforge.judge.strong_classifier import StrongClassifier
from muforge.judge.tails import Tails
from tests.judge.beam import beam, generated

EXPERIMENTS = 200
ALPHA = 0.005
"""Of the Kolmogorov-Smirnov test; seeds are fixed."""

Make = Callable[[int], FigureOfMerit]
"""A test from the number of the pseudo-experiment."""

FAST: dict[str, tuple[Make, int, int]] = {
    "one_dimensional": (lambda seed: OneDimensional(seed=seed, replicas=200), 1500, 1),
    "comb": (lambda seed: Comb(seed=seed), 6000, 1),
    "pairs": (lambda seed: Pairs(seed=seed), 6000, 1),
    "correlation": (lambda seed: Correlation(seed=seed), 1500, 4),
    "sliced_wasserstein": (lambda seed: SlicedWasserstein(directions=8, seed=seed), 1500, 4),
    "frechet": (lambda seed: Frechet(seed=seed), 1000, 1),
    "kernel": (lambda seed: Kernel(seed=seed), 3000, 1),
    "tails": (lambda seed: Tails(seed=seed), 4000, 4),
    "anomalies": (lambda seed: Anomalies(seed=seed), 2000, 4),
    "coverage": (lambda seed: Coverage(seed=seed), 3000, 4),
    "memorisation": (lambda seed: Memorisation(beam(1000, 900_000 + seed), seed=seed), 1000, 4),
    "strong_classifier": (lambda seed: StrongClassifier(repeats=1, seed=seed, threads=1), 800, 4),
    "note_classifier": (lambda seed: NoteClassifier(repeats=1, seed=seed, threads=1), 4000, 4),
}
"""Test, muons and category."""


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "TREES", 10)
    monkeypatch.setattr(boosted, "MOST_TREES", 5)


SLOW = frozenset(FAST) - {"kernel", "coverage", "memorisation", "strong_classifier", "correlation"}
"""Half a minute or more each."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in SLOW else ()) for name in FAST]
)
def test_p_values_of_real_against_real_are_uniform(name: str) -> None:
    """Of each figure of the test, and of all of them combined; the generated side is of single muons."""
    make, muons, category = FAST[name]
    found: dict[str, list[float]] = {}
    for seed in range(EXPERIMENTS):
        real, null = (beam(muons, 3 * seed + side, category=category) for side in range(2))
        other = generated(muons, 3 * seed + 2, category=category)
        p_values = {
            f"{result.name}, {result.of.split(' quantile')[0]}": result.p_value
            for result in make(seed)(real, other, null).results
            if result.p_value is not None
        }
        assert p_values
        for figure, p_value in p_values.items():
            found.setdefault(figure, []).append(p_value)
        found.setdefault("all", []).append(combine(list(p_values.values())))
    for figure, values in found.items():
        if len(values) > EXPERIMENTS / 2:
            assert kstest(values, "uniform").pvalue > ALPHA / len(found), (
                figure,
                np.quantile(values, [0.1, 0.5, 0.9]),
            )
