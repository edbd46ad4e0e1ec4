from __future__ import annotations

import numpy as np
import pytest

from muforge.reference.geometry import geometry
from muforge.reference.muon_tables import muon_tables
from muforge.reference.threshold import NEUTRAL_REACH, Threshold
from muforge.reference.transport import propagate

TARGET = geometry()
STACK = TARGET.stack()
TABLES = muon_tables(TARGET.materials)
END = STACK.edges[-1]


def test_without_an_exit_cut_the_production_cut_counts() -> None:
    threshold = Threshold(STACK, TABLES, 10.0, 0.1)
    np.testing.assert_array_equal(threshold.muon(np.linspace(0, END, 50)), 10.0)


def test_it_falls_to_the_exit_cut_at_the_end() -> None:
    threshold = Threshold(STACK, TABLES, 10.0, 10.0)
    along = threshold.muon(np.linspace(0, END, 500))
    assert along[0] > 14.0
    # it may rise a little, since it allows for 10 standard deviations of all the straggling that lies ahead
    assert np.diff(along).max() < 0.3
    assert along[-1] == pytest.approx(10.0, abs=0.1)
    z = np.linspace(0, END, 500)
    assert (threshold.hadron(z) <= threshold.muon(z)).all()
    assert (threshold.hadron(z) <= threshold.muon(z + NEUTRAL_REACH)).all()


@pytest.mark.parametrize("z", [0.0, 60.0, 200.0, 500.0])
def test_no_muon_below_it_is_kept(z: float) -> None:
    threshold = Threshold(STACK, TABLES, 10.0, 10.0)
    kinetic = float(threshold.muon(np.array([z]))[0]) - 0.01
    n = 3000
    momentum = np.tile([0.0, 0.0, np.sqrt((kinetic + 0.1056583755) ** 2 - 0.1056583755**2)], (n, 1))
    arrival = propagate(
        STACK, TABLES, np.tile([0.0, 0.0, z], (n, 1)), momentum, np.random.default_rng(1), minimum=10.0
    )
    assert not arrival.alive.any()
