"""Where real muons lie in a latent space that is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import norm

from muforge.errors import SampleError
from muforge.region import Region, Window
from muforge.studies.latent_codes import REGION, Codes, groups, origin_title, summary
from tests.muons import make_sample
from tests.studies.vae import VARIANCE, known, muons

FAST = Region(windows=(Window(p=(40, 1000), pt=(0, 100)),))


def of_normal(n: int = 20_000, shift: float = 0.0) -> Codes:
    z = np.random.default_rng(0).standard_normal((n, 2))
    z[:, 0] += shift
    return Codes(z, z, np.ones(n))


def test_codes_are_the_encoders_with_its_noise() -> None:
    codes = Codes.of(known(), muons(), 0)
    np.testing.assert_allclose(codes.mean, known().representation.encode(muons())[:, :2], rtol=1e-6)
    off = codes.drawn - codes.mean
    assert off.std() == pytest.approx(VARIANCE**0.5, rel=0.03)
    assert codes.n_eff == pytest.approx(muons().n_eff)


def test_weights_count() -> None:
    codes = Codes(np.zeros((2, 1)), np.array([[0.0], [1.0]]), np.array([1.0, 3.0]))
    assert codes.centre == pytest.approx([0.75])
    assert codes.width == pytest.approx([np.sqrt(3) / 4])
    assert codes.share_of(np.array([False, True])) == 0.75
    np.testing.assert_allclose(codes.density((0, 0), np.array([-1, 0.5, 2])), [[0.25, 0], [0, 0.75]])
    assert codes.marginals(np.array([-0.5, 0.5, 2.5])) == [[0.25, 0.375]]


def test_divergence_from_the_prior() -> None:
    """KL(N(1, 1) || N(0, 1)) = 1 / 2; bins lose a little of it."""
    np.testing.assert_allclose(of_normal(shift=1.0).divergence(), [0.5, 0], atol=0.03)


def test_what_is_in_a_box() -> None:
    codes = of_normal()
    inside = codes.inside({0: (-1, 1), 1: (0, 9)})
    assert codes.share_of(inside) == pytest.approx((norm.cdf(1) - norm.cdf(-1)) / 2, abs=0.01)


def test_groups_are_the_muons_of_a_kind() -> None:
    own, other = muons(), make_sample(400, category=2, seed=3)
    found = groups(known(), own, {2: other}, FAST, 0)
    assert list(found) == ["all", REGION, "pion and kaon decay", "origin 99", "category 2"]
    early = own["start_z"] < 20
    assert len(found["pion and kaon decay"].weight) == early.sum()
    assert len(found[REGION].weight) == FAST.contains(own).sum()
    assert found["pion and kaon decay"].centre[0] < found["origin 99"].centre[0]
    content = summary(found)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content[0]["apart"] == 0
    assert content[2]["apart"] > 0.5


def test_small_groups_are_left_out() -> None:
    few = muons().select(np.flatnonzero(muons()["origin"] == 99)[:500])
    assert "pion and kaon decay" not in groups(known(), few, {}, FAST, 0)


def test_a_region_without_muons() -> None:
    nowhere = Region(windows=(Window(p=(1, 2), pt=(1, 2)),))
    with pytest.raises(
        SampleError, match="training events: none of 3,000 muons is in the region p 1 to 2 GeV"
    ):
        groups(known(), muons(), {}, nowhere, 0)


def test_origins_have_the_names_of_the_simulation() -> None:
    assert origin_title(4) == "charm"
    assert origin_title(0) == "origin 0"
