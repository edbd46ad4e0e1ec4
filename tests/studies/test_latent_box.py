"""Muons from a box of a latent space that is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from muforge.errors import ConfigError, SampleError
from muforge.region import Region, Window
from muforge.studies.latent_box import BEYOND, box_around, box_text, from_region
from muforge.studies.latent_codes import Codes
from tests.studies.vae import known, muons

FAST = Region(windows=(Window(p=(40, 1000), pt=(0, 100)),))


@pytest.fixture(scope="module")
def codes() -> Codes:
    return Codes.of(known(), muons(), 0)


def test_a_box_around_codes(codes: Codes) -> None:
    box = box_around(codes, np.array([True, False]))
    assert list(box) == [0]
    assert codes.share_of(codes.inside(box)) == pytest.approx(1 - 2 * BEYOND, abs=0.01)
    assert set(box_around(codes, np.array([True, True]))) == {0, 1}


def test_muons_carry_the_probability_of_the_box(codes: Codes) -> None:
    found = from_region(known(), {0: (-1.0, 0.0)}, codes, FAST, 500, 1)
    assert found.probability == pytest.approx(0.5 - norm.cdf(-1))
    np.testing.assert_allclose(found.muons.weight, found.probability)
    low = known().representation.encode(found.muons)[:, 0]
    assert low.min() >= np.tanh(-1) - 1e-3
    assert low.max() <= 1e-3
    assert found.encoded == pytest.approx(codes.share_of((codes.mean[:, 0] >= -1) & (codes.mean[:, 0] < 0)))
    assert found.of_box == pytest.approx(FAST.contains(found.muons).mean())


def test_a_box_without_a_training_muon(codes: Codes) -> None:
    with pytest.raises(
        SampleError,
        match=r"box 0: 2 to 3 of latent space: holds the code of none of 3,000 training muons",
    ):
        from_region(known(), {0: (2.0, 3.0)}, codes, FAST, 10, 0)


def test_a_dimension_that_is_not_there(codes: Codes) -> None:
    with pytest.raises(ConfigError, match="latent dimension 7: the model has 2, numbered from 0"):
        from_region(known(), {7: (-1.0, 1.0)}, None, FAST, 10, 0)


def test_the_gain_is_of_muons_inside() -> None:
    """The second latent is pz in network space, which is most of p."""
    whole, upper = (from_region(known(), box, None, FAST, 4000, 0) for box in ({}, {1: (0.0, 9.0)}))
    assert whole.gain == pytest.approx(1.0)
    assert whole.encoded is None
    assert upper.of_all == whole.of_all
    assert upper.gain == pytest.approx((upper.of_box or 0) / (whole.of_box or 1))


def test_a_region_that_momenta_do_not_tell(codes: Codes) -> None:
    found = from_region(known(), {0: (-1.0, 0.0)}, codes, Region(column="origin"), 10, 0)
    assert (found.of_box, found.of_all, found.gain) == (None, None, None)


def test_a_box_in_words() -> None:
    assert box_text({0: (-1, 1), 3: (0.5, 2.25)}) == "0: -1 to 1, 3: 0.5 to 2.25"
