from __future__ import annotations

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.reference.geometry import Geometry, Slab, geometry
from muforge.sample import Sample
from muforge.studies.comb import _filled, contrast, slits, without_comb
from tests.studies.muons import comb_sample

TARGET = geometry()


def test_slits_are_those_of_the_target() -> None:
    found = slits(TARGET)
    assert len(found) == 17
    assert all(slit.back - slit.front == pytest.approx(0.5) for slit in found)
    assert found[0] == pytest.approx((8.0, 8.5, 1.25))
    assert found[-1].flank == pytest.approx(10.0)


def test_a_gap_is_a_slit_too() -> None:
    slabs = (Slab(material="W", length=4.0), Slab(material="W", length=2.0, start=5.0))
    absorber = (Slab(material="Fe", length=10.0, start=20.0),)
    assert slits(Geometry(name="x", radius=5, target=slabs, absorber=absorber)) == [(4.0, 5.0, 1.0)]


@pytest.mark.parametrize("front", [0.0, -7084.5])
def test_the_comb_goes_and_the_rest_stays(front: float) -> None:
    sample = comb_sample(20_000, seed=1, front=front)
    smooth = without_comb(sample, TARGET, target_front=front)
    assert contrast(sample, TARGET, target_front=front)[0] == pytest.approx(1, abs=0.01)
    value, error = contrast(smooth, TARGET, target_front=front)
    assert 0 < error < 0.1
    assert abs(value) < 0.03 + 3 * error
    shift = smooth["start_z"].astype(float) - sample["start_z"]
    assert np.quantile(np.abs(shift), 0.99) < 1.5 + 0.25 + 0.01
    assert 0.5 < shift.std() < 1.1
    assert abs(shift.mean()) < 0.15
    for name in sample.names:
        if name != "start_z":
            np.testing.assert_array_equal(smooth[name], sample[name])
    assert smooth.protons_on_target == sample.protons_on_target
    inside = smooth["start_z"] - front
    assert inside.min() >= -1e-3
    assert inside.max() <= TARGET.target_end + 1e-3


def test_a_start_without_a_comb_stays_flat() -> None:
    """Decays in flight start in slits as often as beside them, so nothing may pile up there."""
    sample = comb_sample(20_000, seed=2)
    z = np.random.default_rng(0).uniform(0, TARGET.target_end, len(sample))
    flat = Sample(sample.columns | {"start_z": z})
    value, error = contrast(without_comb(flat, TARGET), TARGET)
    assert abs(value) < 0.03 + 3 * error


@pytest.mark.parametrize("in_slits", [False, True])
def test_a_filled_slit_is_as_dense_as_its_sides(in_slits: bool) -> None:
    """Before anything is smeared, whether no muon starts in slits or as many as beside them."""
    rng = np.random.default_rng(1)
    sample = comb_sample(50_000, seed=3)
    z = rng.uniform(0, TARGET.target_end, 60_000)
    for slit in () if in_slits else slits(TARGET):
        z = z[(z < slit.front) | (z > slit.back)]
    filled_z = _filled(z[: len(sample)], slits(TARGET), rng)
    filled = Sample(sample.columns | {"start_z": filled_z})
    value, error = contrast(filled, TARGET)
    assert error < 0.04
    assert abs(value) < 3 * error


def test_muons_behind_the_target_stay() -> None:
    sample = comb_sample(100)
    moved = Sample(sample.columns | {"start_z": np.full(100, 150.0)})
    np.testing.assert_array_equal(without_comb(moved, TARGET)["start_z"], moved["start_z"])


def test_seeds_tell_moves_apart() -> None:
    sample = comb_sample(100)
    first, again, other = (without_comb(sample, TARGET, seed)["start_z"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_target_of_one_piece_has_no_comb() -> None:
    whole = Geometry(name="whole", radius=5, target=(Slab(material="W", length=100.0),))
    with pytest.raises(ConfigError, match="target 'whole': has no slits"):
        without_comb(comb_sample(10), whole)
