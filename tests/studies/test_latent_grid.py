"""Dead cells of a grid, of a generator that is bad in a known part of its latent space."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import norm
from torch import Tensor, nn

from muforge.errors import ConfigError
from muforge.models.gan import GANConfig
from muforge.representation import NoteRepresentationConfig, Representation
from muforge.sample import Sample, features
from muforge.studies.latent_grid import REAL_ABOVE, DeadGrid, dead_grid, sure_score
from muforge.trained import TrainedModel
from tests.muons import make_sample

CATEGORY = 4
ROUNDING = 1e-5


class FirstTwo(nn.Module):
    """start x in network space is the first latent, start y the second one, start z the third one, through tanh."""

    def __init__(self) -> None:
        super().__init__()
        self.parameter = nn.Parameter(torch.zeros(1))

    def forward(self, latents: Tensor) -> Tensor:
        return torch.tanh(torch.cat([latents, latents], dim=1) / 4)


def bad(sample: Sample) -> NDArray[np.float64]:
    """A score that is 1 where start x and start z are both positive in network space."""
    low = representation().encode(sample)
    return np.asarray((low[:, 0] > ROUNDING) & (low[:, 2] > ROUNDING), np.float64)


def representation() -> Representation:
    return Representation.fit(
        make_sample(500, category=CATEGORY), features(CATEGORY), NoteRepresentationConfig()
    )


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return TrainedModel(CATEGORY, GANConfig(latent_dimensions=3), representation(), FirstTwo())


def grid_of(model: TrainedModel, dimensions: tuple[int, int], sure: float = 0.8) -> DeadGrid:
    return dead_grid(model, bad, dimensions, cells=6, end=3, muons=50, sure=sure, seed=0)


def test_the_bad_quarter_is_dead(model: TrainedModel) -> None:
    grid = grid_of(model, (0, 2))
    expected = np.outer(np.arange(6) > 2, np.arange(6) > 2)
    np.testing.assert_array_equal(grid.averaged, expected)
    np.testing.assert_array_equal(grid.held, expected)
    half = norm.cdf(3) - 0.5
    assert grid.dead == pytest.approx(half**2)
    assert grid.dead_held == pytest.approx(half**2)
    assert grid.covered == pytest.approx(4 * half**2)


def test_other_dimensions_are_averaged_over_or_zero(model: TrainedModel) -> None:
    """Of dimensions 0 and 1, that of start z is averaged over: half of the muons are bad. At zero none is."""
    grid = grid_of(model, (0, 1))
    assert grid.averaged[4:].mean() == pytest.approx(0.5, abs=0.05)
    assert grid.held.max() == 0
    assert (grid.dead, grid.dead_held) == (0, 0)
    assert grid_of(model, (0, 1), sure=0.2).dead == pytest.approx(grid.covered / 2)


def test_the_first_dimension_is_the_first_axis(model: TrainedModel) -> None:
    grid = grid_of(model, (1, 0), sure=0.2)
    np.testing.assert_array_equal(grid.averaged > 0, np.tile(np.arange(6) > 2, (6, 1)))


def test_a_seed_gives_one_grid(model: TrainedModel) -> None:
    np.testing.assert_array_equal(grid_of(model, (0, 1)).averaged, grid_of(model, (0, 1)).averaged)


@pytest.mark.parametrize("dimensions", [(0, 7), (7, 0), (-1, 0)])
def test_a_dimension_that_is_not_there(model: TrainedModel, dimensions: tuple[int, int]) -> None:
    wrong = next(each for each in dimensions if each)
    with pytest.raises(ConfigError, match=f"latent dimension {wrong}: the model has 3, numbered from 0"):
        grid_of(model, dimensions)


def test_the_score_that_few_real_muons_exceed() -> None:
    real = make_sample(5000, category=CATEGORY)
    score = np.random.default_rng(0).random(len(real))
    sure = sure_score(lambda _: score, real)
    assert real.weight[score > sure].sum() / real.sum_of_weights == pytest.approx(REAL_ABOVE, abs=0.001)
