from __future__ import annotations

import numpy as np
import pytest

from muforge.judge.memorisation import DRAWN_BINS, Memorisation
from muforge.judge.result import Result
from muforge.sample import Sample, features
from tests.judge.beam import beam, generated
from tests.judge.toy import altered

NEARER = "nearer to training muons than held-out ones"
COPIES = "copies of training muons"


def figures(train: Sample, real: Sample, other: Sample, seed: int = 0) -> dict[str, Result]:
    found = {result.name: result for result in Memorisation(train, seed=seed)(real, other, real).results}
    assert found[NEARER].p_value is not None
    return found


def with_copies(other: Sample, train: Sample, share: float, noise: float) -> Sample:
    """The first muons replaced by those of the training sample, moved by a relative noise."""
    copied = int(share * len(other))
    generator = np.random.default_rng(1)
    columns = {}
    for name in features(4):
        columns[name] = other[name].copy()
        moved = 1 + noise * generator.standard_normal(copied).astype(np.float32)
        columns[name][:copied] = train[name][:copied] * moved
    return altered(other, **columns)


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_copies_of_a_tenth_are_found(noise: float) -> None:
    train, real = (beam(6000, seed) for seed in range(2))
    other = generated(6000, 2)
    found = figures(train, real, with_copies(other, train, 0.1, noise))[NEARER]
    assert found.value == pytest.approx(0.55, abs=3 * (found.error or 0.0))
    assert (found.p_value or 0.0) < 0.01
    assert (figures(train, real, other)[NEARER].p_value or 0.0) > 0.01


def test_shares_of_copies_are_of_the_weight() -> None:
    train, real = (beam(1000, seed) for seed in range(2))
    other = altered(with_copies(generated(1000, 2), train, 0.05, 0.0), weight=np.arange(1000) + 1.0)
    assert figures(train, real, other)[COPIES].value == pytest.approx(50 * 51 / (1000 * 1001))
    assert figures(train, real, other)[COPIES].null == 0
    assert figures(train, train, other)[COPIES].null == 1


def test_a_muon_that_differs_in_one_column_is_no_copy() -> None:
    train, real = (beam(500, seed) for seed in range(2))
    assert figures(train, real, train)[COPIES].value == 1
    near = altered(train, py=np.nextafter(train["py"], np.float32(np.inf)))
    assert figures(train, real, near)[COPIES].value == 0


def test_a_wider_generator_is_not_called_one_that_copies() -> None:
    """Its muons are further from the training muons than real ones: the p-value is one-sided."""
    train, real = (beam(3000, seed) for seed in range(2))
    found = figures(train, real, generated(3000, 2, scale=60.0))[NEARER]
    assert found.value < 0.5 - 3 * (found.error or 0.0)
    assert (found.p_value or 0.0) > 0.99


def test_details_are_densities() -> None:
    train, real = (beam(1000, seed) for seed in range(2))
    distance = Memorisation(train)(real, generated(1000, 2), real).details["distance"]
    width = np.diff(distance["edges"])
    for side in ("generated", "real"):
        assert len(distance[side]) == DRAWN_BINS
        assert float(np.sum(width * distance[side])) == pytest.approx(1.0)


def test_one_seed_gives_one_answer() -> None:
    train, real, other = beam(1000, 0), beam(1000, 1), generated(1000, 2)
    assert figures(train, real, other, seed=3) == figures(train, real, other, seed=3)
