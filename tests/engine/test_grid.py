from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from muforge.bundle import Bundle
from muforge.engine import grid
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.representation import Representation

ACCURACY = 2e-3
"""Of positions in the quickstart's own tables, whose bundle has learnt from few muons: kinks are far apart."""


def looked_up(table: NDArray[np.float32], score: NDArray[np.float64]) -> NDArray[np.float64]:
    """The value of a table at scores, by straight lines."""
    return np.interp(score, np.linspace(-grid.END, grid.END, len(table)), table)


def test_the_table_of_shares() -> None:
    score = np.random.default_rng(1).uniform(-grid.END, grid.END, 100_000)
    np.testing.assert_allclose(looked_up(grid.shares(), score), ndtr(score), rtol=0, atol=1.5e-7)


def test_the_tables_are_the_inverse_of_the_normal_scores() -> None:
    score = np.random.default_rng(2).normal(size=100_000)
    for category, record in Bundle.load(PACKAGED_BUNDLE).manifest.categories.items():
        representation = Representation.from_state(record.representation)
        quantile, polar = representation.scores_and_polar()
        tables = grid.coordinates(polar, quantile)
        exact = quantile.inverse(np.repeat(score[:, None], quantile.dimensions, axis=1))
        assert len(tables) == representation.learned
        for number, table in enumerate(tables):
            name = polar.coordinates[number]
            expected = np.exp(exact[:, number]) if name.startswith("log ") else exact[:, number]
            error = np.abs(looked_up(table, score) / expected - 1)
            assert np.quantile(error, 0.999) < ACCURACY, (category, name)
            assert np.median(error) < 2e-5, (category, name)
