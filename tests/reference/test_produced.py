from __future__ import annotations

import numpy as np
import pytest

from muforge.reference.hadrons import Hadrons
from muforge.reference.produced import Produced


def some(decays: list[int]) -> Produced:
    n = len(decays)
    ones = np.ones(n)
    return Produced(
        np.full(n, 13, np.int32),
        np.ones((n, 3)),
        ones,
        np.ones((n, 3)),
        ones,
        np.zeros(n, np.int64),
        np.array(decays, np.int64),
        np.full(n, 1, np.int32),
        np.full(n, 211, np.int32),
    )


def test_decays_of_different_parts_stay_different() -> None:
    joined = Produced.concatenate([some([0, 0, 2]), some([]), some([0, 1, 1])])
    assert len(joined) == 6
    assert joined.decay.tolist() == [0, 0, 2, 3, 4, 4]
    assert joined.select(np.array([2, 5])).decay.tolist() == [2, 4]


def test_energies_of_hadrons() -> None:
    pion = Hadrons(
        np.array([211], np.int32),
        np.zeros((1, 3)),
        np.zeros(1),
        np.array([[3.0, 0.0, 4.0]]),
        np.array([12.0]),
        np.zeros(1, np.int64),
        np.ones(1),
    )
    assert pion.energy[0] == pytest.approx(13.0)
    assert pion.kinetic[0] == pytest.approx(1.0)
    assert len(Hadrons.concatenate([pion, pion, pion.select(np.array([], np.int64))])) == 2
