"""Cells of real muons, and which of them generated ones leave out."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from muforge.errors import SampleError
from muforge.judge.modes import DEEPEST, MUONS_PER_CELL, Modes
from muforge.sample import Sample, pdg_code
from tests.muons import make_sample

CORNERS = list(product((0, 1), repeat=3))


def corners(kept: int, per_corner: int = 50) -> Sample:
    """Muons of category 1 at corners of a box of start z, px and py: eight modes, of which some are there."""
    rng = np.random.default_rng(kept)
    at = np.repeat(np.array(CORNERS[:kept], float), per_corner, axis=0)
    at += rng.normal(0, 0.01, at.shape)
    n = len(at)
    zeros = np.zeros(n)
    return Sample(
        {
            "pdg": np.full(n, pdg_code(1)),
            "start_x": zeros,
            "start_y": zeros,
            "start_z": 10 * at[:, 0],
            "px": at[:, 1],
            "py": at[:, 2],
            "pz": 50 + rng.normal(0, 1, n),
            "weight": np.ones(n),
        }
    )


@pytest.mark.parametrize("kept", [1, 3, 8])
def test_of_eight_modes_those_that_are_there_are_covered(kept: int) -> None:
    modes = Modes.fit(corners(8), 8 * MUONS_PER_CELL)
    assert modes.columns == ("start_z", "px", "py")
    np.testing.assert_allclose(modes.real, 1 / 8)
    assert modes.coverage(corners(kept)) == pytest.approx(kept / 8)


def test_a_cell_is_lost_below_a_tenth_of_its_share() -> None:
    """Of the eight modes one has so few muons that its share is 1 / 10 of an eighth, or just below."""
    modes = Modes.fit(corners(8), 8 * MUONS_PER_CELL)
    some, all_of_it = corners(7, 790), corners(8, 70)
    last = all_of_it.select(modes.cells(all_of_it) == modes.cells(all_of_it)[-1])
    for muons, coverage in ((70, 1.0), (69, 7 / 8)):
        sample = Sample.concatenate([some, last.select(slice(0, muons))])
        assert modes.coverage(sample) == pytest.approx(coverage)


def test_weights_count_and_not_muons() -> None:
    modes = Modes.fit(corners(8), 8 * MUONS_PER_CELL)
    sample = corners(8)
    weight = np.where(modes.cells(sample) < 4, 1.0, 0.01)
    light = Sample(sample.columns | {"weight": weight})
    assert modes.coverage(light) == pytest.approx(0.5)


def test_cells_hold_equal_weights_whatever_the_scale() -> None:
    real = make_sample(8000, category=4)
    modes = Modes.fit(real, 1e9)
    assert 2 ** len(modes.columns) == len(modes.real) <= 2**DEEPEST
    assert real.n_eff / len(modes.real) >= MUONS_PER_CELL
    np.testing.assert_allclose(modes.real, 1 / len(modes.real), rtol=0.25)
    stretched = {name: np.cbrt(real[name].astype(np.float64)) for name in ("start_z", "px", "py")}
    again = Modes.fit(Sample(real.columns | stretched), 1e9)
    np.testing.assert_allclose(again.real, modes.real)


def test_other_real_muons_cover_all() -> None:
    real, null = (make_sample(6000, category=4, seed=seed) for seed in (1, 2))
    assert Modes.fit(real, null.n_eff).coverage(null) == 1.0


def test_a_small_sample_has_one_cell() -> None:
    real = make_sample(60, category=1)
    modes = Modes.fit(real, 10)
    assert modes.columns == ()
    assert modes.coverage(real) == 1.0


def test_equal_values_leave_cells_empty() -> None:
    real = corners(8)
    flat = Sample(real.columns | {"px": np.ones(len(real), np.float32)})
    modes = Modes.fit(flat, 8 * MUONS_PER_CELL)
    assert modes.coverage(flat) == pytest.approx(1.0)
    assert (modes.real == 0).sum() == 4


def test_several_categories_are_refused() -> None:
    with pytest.raises(SampleError, match="categories 1, 2, 3, 4 in one sample"):
        Modes.fit(make_sample(100), 100)
