"""The physical representation: normal scores of polar coordinates, within bounds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import kstest, norm

from muforge.errors import RepresentationError
from muforge.representation import PhysicsRepresentationConfig, Representation
from muforge.sample import CATEGORIES, Sample, features
from tests.judge.beam import beam

CONFIG = PhysicsRepresentationConfig()
ROWS = 4000


def muons(category: int, seed: int = 0) -> Sample:
    return beam(ROWS, category=category, seed=seed)


def fitted(category: int, config: PhysicsRepresentationConfig = CONFIG) -> Representation:
    return Representation.fit(muons(category), features(category), config)


@pytest.mark.parametrize("category", CATEGORIES)
def test_round_trip_is_exact_to_float32(category: int) -> None:
    sample, representation = muons(category), fitted(category)
    for name, values in representation.decode(representation.encode(sample)).items():
        span = float(np.ptp(sample[name]))
        np.testing.assert_allclose(values, sample[name], rtol=2e-5, atol=2e-5 * span, err_msg=name)


@pytest.mark.parametrize("category", CATEGORIES)
def test_network_space_is_standard_normal(category: int) -> None:
    representation = fitted(category)
    matrix = representation.encode(muons(category, seed=1))
    assert (representation.symmetric, representation.learned) == (1, len(features(category)) - 1)
    for column in matrix.T:
        assert kstest(column, norm.cdf).statistic < 0.05


@pytest.mark.parametrize("category", [2, 3])
def test_anything_decodes_to_physical_muons(category: int) -> None:
    """Normal numbers five times too wide: p below the beam's, pT below p, start_z within the target."""
    config = PhysicsRepresentationConfig(beam_momentum=250.0, front=-1.0, end=300.0)
    sample = muons(category)
    representation = Representation.fit(sample, features(category), config)
    wild = 5 * np.random.default_rng(0).normal(size=(20_000, representation.dimensions))
    columns = representation.decode(wild)
    px, py, pz, start_z = (columns[name].astype(np.float64) for name in ("px", "py", "pz", "start_z"))
    assert all(np.isfinite(values).all() for values in columns.values())
    assert np.sqrt(px**2 + py**2 + pz**2).max() <= 250 * (1 + 1e-6)
    assert pz.min() > 0
    assert -1 <= start_z.min() < sample["start_z"].min()
    assert sample["start_z"].max() < start_z.max() <= 300
    assert pz.max() > sample["pz"].max()
    if category > 2:
        r, of_real = (np.hypot(each["start_x"], each["start_y"]).max() for each in (columns, sample))
        assert of_real < r <= 2 * of_real * (1 + 1e-6)


def test_a_muon_beyond_the_given_radius_is_refused() -> None:
    with pytest.raises(
        RepresentationError, match=r"starts .* cm from the beam axis; must be below radius 0.5"
    ):
        fitted(4, PhysicsRepresentationConfig(radius=0.5))


def test_the_plane_behind_the_absorber_ends_the_geometry() -> None:
    sample = muons(1)
    plane = float(sample["start_z"].max()) + 2
    known = Sample({**sample.columns, "plane_z": np.full(len(sample), plane)})
    extreme = np.array([[40.0, 0, 0, 0]])
    within = Representation.fit(known, features(1), CONFIG).decode(extreme)
    assert float(sample["start_z"].max()) < float(within["start_z"][0]) <= np.float32(plane)
    assert float(fitted(1).decode(extreme)["start_z"][0]) > plane + 5


def test_state_survives_json_to_the_last_bit() -> None:
    sample, one = muons(4), fitted(4)
    two = Representation.from_state(json.loads(json.dumps(one.state(), allow_nan=False)))
    assert two.symmetric == 1
    matrix = one.encode(sample)
    assert matrix.tobytes() == two.encode(sample).tobytes()
    for name, values in one.decode(matrix).items():
        assert values.tobytes() == two.decode(matrix)[name].tobytes()


def test_vertices_on_the_axis_are_refused_off_the_axis() -> None:
    sample = muons(4)
    x, y = sample["start_x"].copy(), sample["start_y"].copy()
    x[5] = y[5] = 0
    with pytest.raises(RepresentationError, match=r"row 5: start_x = start_y = 0"):
        Representation.fit(Sample({**sample.columns, "start_x": x, "start_y": y}), features(4), CONFIG)


def test_a_muon_faster_than_the_beam_is_named() -> None:
    with pytest.raises(RepresentationError, match=r"column 'p', row \d+: .* must be between 0 and 30"):
        fitted(1, PhysicsRepresentationConfig(beam_momentum=30.0))


def test_a_muon_at_a_large_angle_is_no_error() -> None:
    """p tan(theta) = 40 GeV, with a pT of 12 GeV."""
    sample = muons(3)
    columns = {**sample.columns}
    for name, value in {"px": 12.0, "py": 0.0, "pz": 3.75}.items():
        columns[name] = columns[name].copy()
        columns[name][5] = value
    wide = Sample(columns)
    representation = Representation.fit(wide, features(3), CONFIG)
    encoded = representation.encode(wide)
    assert np.isfinite(encoded[:, :-1]).all()
    decoded = representation.decode(encoded)
    np.testing.assert_allclose(decoded["px"][5], 12.0, rtol=1e-4)
