from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from muforge.formats import read
from muforge.judge.comb import Comb, find_slits
from muforge.reference.geometry import geometry
from tests.judge.beam import SLITS, beam, generated
from tests.judge.toy import altered
from tests.shared_data import reference_files


@pytest.mark.parametrize("offset", [0.0, -7084.5])
def test_slits_are_found_wherever_the_target_stands(offset: float) -> None:
    real, null = (beam(20_000, seed, category=1) for seed in range(2))
    moved = [altered(sample, start_z=sample["start_z"] + np.float32(offset)) for sample in (real, null)]
    slits = find_slits(*moved)
    assert len(slits) == len(SLITS)
    for slit, (front, back) in zip(slits, SLITS, strict=True):
        assert slit.front - offset == pytest.approx(front, abs=0.26)
        assert slit.back - offset == pytest.approx(back, abs=0.26)


def test_a_smooth_start_has_no_slits() -> None:
    generator = np.random.default_rng(0)
    samples = [altered(beam(20_000, seed), start_z=generator.exponential(20, 20_000)) for seed in range(3)]
    assert find_slits(*samples[:2]) == []
    assert list(Comb()(*samples).results) == []


def test_contrast_is_that_of_the_densities() -> None:
    real, null = (beam(40_000, seed, category=1) for seed in range(2))
    findings = Comb()(real, generated(40_000, 2, category=1), null)
    contrast = findings.results[0]
    assert contrast.value == pytest.approx(0.85, abs=0.05)
    assert contrast.perfect == pytest.approx(0.85, abs=0.05)
    assert len(findings.details["slits"]) == len(SLITS)


def test_the_slits_of_the_2018_target() -> None:
    """The dense part of the comb, from the reference muons that start on the axis."""
    sample = read(reference_files())
    on_axis = sample.select(sample.category == 1)
    even = on_axis["event"] % 2 == 0
    slits = find_slits(on_axis.select(even), on_axis.select(~even))
    fronts = _slits_of_the_target()
    matched = [slit for slit in slits if np.abs(fronts - slit.front).min() < 0.3]
    assert len(matched) >= 12
    assert len(slits) - len(matched) <= 1


def _slits_of_the_target() -> NDArray[np.float64]:
    """Fronts of the slits in cm."""
    slabs = geometry("ship-2018").target
    ends = np.cumsum([slab.length for slab in slabs])
    return np.array(
        [end - slab.length for end, slab in zip(ends, slabs, strict=True) if slab.material == "H2O"]
    )
