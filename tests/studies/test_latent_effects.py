"""Shares of variance that latents decide, of muons that are made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from muforge.sample import Sample
from muforge.studies.latent_effects import Effects, effects
from tests.muons import make_sample

N = 20_000


@pytest.fixture(scope="module")
def found() -> Effects:
    """start z is of the third latent alone, the score of the second and of noise in equal parts."""
    rng = np.random.default_rng(0)
    latents = rng.standard_normal((N, 4))
    muons = make_sample(N, category=1)
    made = Sample(muons.columns | {"start_z": np.exp(latents[:, 2])})
    return effects(latents, made, latents[:, 1] + rng.standard_normal(N))


def test_shares_of_variance(found: Effects) -> None:
    np.testing.assert_allclose(found.score, [0, 0.5, 0, 0], atol=0.02)
    np.testing.assert_allclose(found.muons["start_z"], [0, 0, 1, 0], atol=0.01)
    np.testing.assert_allclose(found.muons["px"], 0, atol=0.005)


def test_a_dimension_counts_by_score_or_muons(found: Effects) -> None:
    assert found.strongest() == (2, 1)
    assert len(found.strongest(3)) == 3
    assert found.of_muons[2] == found.muons["start_z"][2]


def test_what_acts_on_both_sides_alike_is_seen() -> None:
    """A square has no correlation with its number."""
    latents = np.random.default_rng(1).standard_normal((N, 2))
    found = effects(latents, make_sample(N, category=1), latents[:, 0] ** 2)
    assert found.score[0] > 0.8


def test_equal_scores_have_no_variance_to_decide() -> None:
    latents = np.random.default_rng(1).standard_normal((N, 2))
    np.testing.assert_array_equal(effects(latents, make_sample(N, category=1), np.ones(N)).score, 0)
