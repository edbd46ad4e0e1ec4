from __future__ import annotations

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.judge.quantities import values
from muforge.reference.geometry import geometry
from muforge.reference.muon_tables import muon_tables
from muforge.reference.shield import shield
from muforge.reference.transport import propagate
from muforge.rng import Purpose, stream
from muforge.sample import Sample
from muforge.studies.downstream import at_plane, downstream
from tests.muons import make_sample
from tests.studies.muons import comb_sample

TARGET, SHIELD = geometry(), shield()
END = 624.5


def test_behind_the_absorber_are_the_muons_of_propagate() -> None:
    sample = comb_sample(500)
    flown = downstream(sample, TARGET, seed=3, place=2)
    arrival = propagate(
        TARGET.stack(),
        muon_tables(TARGET.materials),
        sample.matrix(("start_x", "start_y", "start_z")).astype(float),
        sample.matrix(("px", "py", "pz")).astype(float),
        stream(3, Purpose.TRANSPORT, 2, 0, 1),
    )
    rows = np.flatnonzero(arrival.alive)
    there = flown.absorber.sample
    assert 50 < len(rows) < 500
    np.testing.assert_array_equal(flown.absorber.row, rows)
    np.testing.assert_array_equal(there["plane_px"], arrival.momentum[rows, 0].astype(np.float32))
    np.testing.assert_array_equal(there["plane_y"], arrival.position[rows, 1].astype(np.float32))
    np.testing.assert_array_equal(there["start_z"], sample["start_z"][rows])
    np.testing.assert_array_equal(there["event"], sample["event"][rows])
    assert flown.shield is None
    assert list(flown.places()) == ["absorber"]


def test_throws_share_the_weight_and_the_event() -> None:
    sample = comb_sample(400)
    one, four = (downstream(sample, TARGET, SHIELD, throws=throws) for throws in (1, 4))
    assert four.absorber.sample.sum_of_weights == pytest.approx(one.absorber.sample.sum_of_weights, rel=0.1)
    assert len(four.absorber.row) > 3 * len(one.absorber.row)
    np.testing.assert_array_equal(four.absorber.sample["event"], sample["event"][four.absorber.row])
    survival = four.survival(four.absorber)
    assert {0.5, 0.75, 1} <= set(survival.tolist()) <= {0, 0.25, 0.5, 0.75, 1}
    assert survival @ sample.weight == pytest.approx(four.absorber.sample.sum_of_weights)
    first = four.absorber.row[: len(one.absorber.row)]
    np.testing.assert_array_equal(first, one.absorber.row)


def test_throws_of_one_muon_are_one_event_even_if_events_are_not_known() -> None:
    sample = comb_sample(200)
    unknown = Sample(sample.columns | {"event": np.zeros(200)}, events_known=False)
    flown = downstream(unknown, TARGET, throws=3)
    assert flown.absorber.sample.events_known
    np.testing.assert_array_equal(flown.absorber.sample["event"], flown.absorber.row)


def test_the_shield_bends_charges_apart() -> None:
    sample = make_sample(600)
    momentum = {"px": np.zeros(600), "py": np.zeros(600), "pz": np.full(600, 100.0)}
    flown = downstream(Sample(sample.columns | momentum), TARGET, SHIELD)
    assert flown.shield is not None
    assert flown.acceptance is not None
    there = flown.shield.sample
    np.testing.assert_allclose(there["plane_z"], END + SHIELD.length)
    x = [np.median(there["plane_x"][there["pdg"] == pdg]) for pdg in (-13, 13)]
    assert x[0] < -100
    assert x[1] > 100
    seen = flown.acceptance.sample
    assert 0 < len(seen) < len(there)
    assert np.abs(seen["plane_x"]).max() <= 250
    assert set(flown.shield.row) <= set(flown.absorber.row)


def test_the_frame_is_that_of_the_sample() -> None:
    front = -7084.5
    here, there = comb_sample(300), comb_sample(300, front=front)
    with pytest.raises(
        ConfigError, match=r"start_z -70\d\d.* go from 0 to 624\.5 cm; give the z of the target"
    ):
        downstream(there, TARGET)
    flown = [downstream(here, TARGET), downstream(there, TARGET, target_front=front)]
    np.testing.assert_allclose(flown[0].absorber.sample["plane_z"], END)
    np.testing.assert_allclose(flown[1].absorber.sample["plane_z"], END + front)
    shares = [each.survival(each.absorber).mean() for each in flown]
    assert shares[0] == pytest.approx(shares[1], abs=0.03)


def test_at_the_plane_the_quantities_are_those_there() -> None:
    there = downstream(comb_sample(300), TARGET).absorber.sample
    moved = at_plane(there)
    momentum = there.matrix(("plane_px", "plane_py", "plane_pz"))
    np.testing.assert_allclose(values(moved, "p"), np.linalg.norm(momentum, axis=1), rtol=1e-6)
    np.testing.assert_allclose(values(moved, "r"), np.hypot(there["plane_x"], there["plane_y"]), rtol=1e-6)
    assert "plane_x" not in moved


def test_no_throws_are_refused() -> None:
    with pytest.raises(ConfigError, match="0 throws: must be at least 1"):
        downstream(comb_sample(10), TARGET, throws=0)
