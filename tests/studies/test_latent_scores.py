"""The BDT's output over latent space, on a generator that is bad in a known part of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from muforge.models.gan import GANConfig
from muforge.representation import NoteRepresentationConfig, Representation
from muforge.sample import Sample, features
from muforge.studies.dead_space import RADII, dead_space
from muforge.studies.latent_scores import SURE, LatentScores, binned, latent_scores, strongest
from muforge.trained import TrainedModel
from tests.muons import make_sample

CATEGORY = 4
LATENTS = 3


class Copying(nn.Module):
    """Makes real vectors where the last latent is negative, and one and the same vector where it is positive."""

    real: Tensor

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.register_buffer("real", vectors)
        self.parameter = nn.Parameter(torch.zeros(1))

    def forward(self, latents: Tensor) -> Tensor:
        order = (latents[:, 0].double() * 1e6).long() % len(self.real)
        return torch.where(latents[:, -1:] < 0, self.real[order], self.real[0])


@pytest.fixture(scope="module")
def real() -> Sample:
    return make_sample(3000, category=CATEGORY, seed=1)


@pytest.fixture(scope="module")
def model(real: Sample) -> TrainedModel:
    columns = features(CATEGORY)
    representation = Representation.fit(real, columns, NoteRepresentationConfig())
    weight = torch.from_numpy(real.weight)
    torch.manual_seed(0)
    drawn = torch.multinomial(weight, 4000, replacement=True)
    vectors = torch.from_numpy(representation.encode(real))[drawn]
    return TrainedModel(CATEGORY, GANConfig(latent_dimensions=LATENTS), representation, Copying(vectors))


@pytest.fixture(scope="module")
def scores(model: TrainedModel, real: Sample) -> LatentScores:
    return latent_scores(model, real, 0, size=2000)


def test_the_bad_part_of_latent_space_is_found(scores: LatentScores) -> None:
    bad = scores.latents[:, -1] > 0
    assert (scores.generated[bad] > SURE).all()
    assert (scores.generated[~bad] < SURE).mean() > 0.9
    assert scores.sure == pytest.approx(0.5, abs=0.08)


def test_the_same_seed_gives_the_same_scores(model: TrainedModel, real: Sample, scores: LatentScores) -> None:
    again, other = (latent_scores(model, real, seed, size=2000) for seed in (0, 1))
    np.testing.assert_array_equal(again.generated, scores.generated)
    assert not np.array_equal(other.latents, scores.latents)


def test_latents_and_muons_belong_together(model: TrainedModel, scores: LatentScores) -> None:
    one = np.flatnonzero(scores.latents[:, -1] > 0)
    assert np.ptp(scores.muons["pz"][one]) == 0
    np.testing.assert_array_equal(scores.probability(scores.muons), scores.generated)


def test_the_strongest_dimension_is_the_one_that_matters(scores: LatentScores) -> None:
    assert strongest(scores.latents, scores.generated)[0] == LATENTS - 1


def test_a_grid_has_the_mean_of_each_cell() -> None:
    latents = np.array([[-1, -1, 0], [-1, -1, 0], [1, -1, 0], [9, 9, 0]], np.float32)
    grid = binned(latents, np.array([0.2, 1.0, 0.5, 0.7]), bins=2, end=2)
    np.testing.assert_allclose(grid.mean, [[0.6, np.nan], [0.5, np.nan]])
    np.testing.assert_allclose(grid.sure, [[0.5, np.nan], [0.0, np.nan]])
    np.testing.assert_array_equal(grid.counts, [[2, 0], [1, 0]])
    np.testing.assert_array_equal(grid.edges, [-2, 0, 2])


def test_dead_space_has_a_profile_and_a_coverage(model: TrainedModel, real: Sample) -> None:
    null = make_sample(3000, category=CATEGORY, seed=2)
    found = dead_space("GAN", [model, model], real, null, size=1000)
    assert (found.latents, tuple(found.profile), found.sure.seeds) == (LATENTS, RADII, 2)
    assert all(0 < spread.mean < 1 for spread in found.profile.values())
    assert found.coverage is not None
    assert found.null_coverage is not None
    assert found.coverage.mean < found.null_coverage.mean
    assert found.to_dict()["radii"] == list(RADII)


def test_too_few_muons_have_no_coverage(model: TrainedModel, real: Sample) -> None:
    found = dead_space("GAN", [model], real, real, size=100)
    assert found.coverage is None
    assert found.to_dict()["coverage"] is None
