from __future__ import annotations

import numpy as np
import pytest
import torch

import muforge as mf
from muforge.bundle import Bundle
from muforge.errors import ConfigError
from muforge.quickstart.tour import PACKAGED_BUNDLE

MUONS = 20_000
DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")),
]


@pytest.mark.parametrize("device", DEVICES)
def test_the_same_muons_through_pytorch(device: str) -> None:
    bundle = Bundle.load(PACKAGED_BUNDLE)
    compiled = mf.generate(bundle, muons=MUONS, seed=9)
    other = mf.generate(bundle, muons=MUONS, seed=9, device=device)
    np.testing.assert_array_equal(other["pdg"], compiled["pdg"])
    p = np.sqrt(sum(compiled[name].astype(np.float64) ** 2 for name in ("px", "py", "pz")))
    for name in ("px", "py", "pz"):
        difference = np.abs(other[name].astype(np.float64) - compiled[name]) / p
        assert np.quantile(difference, 0.999) < 1e-5, name
        assert difference.max() > 0, name
    assert np.quantile(np.abs(other["start_z"] / compiled["start_z"] - 1), 0.999) < 1e-5


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="device 'gpu': unknown to torch"):
        mf.generate(PACKAGED_BUNDLE, muons=10, device="gpu")
