"""`Representation`: named columns in, float32 network space out, and back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muforge.errors import RepresentationError
from muforge.representation import NoteRepresentationConfig, Representation
from muforge.sample import CATEGORIES, OFF_AXIS_FEATURES, ON_AXIS_FEATURES, Sample, features
from tests.muons import make_sample

EPS = float(np.finfo(np.float32).eps)

CONFIGS = [
    NoteRepresentationConfig(range=interval, bound=bound, centre=centre, broaden=broaden)
    for interval in ("symmetric", "unit")
    for bound in (1.0, 0.97, 0.9)
    for centre in (False, True)
    for broaden in (False, True)
]
every_config = pytest.mark.parametrize(
    "config", CONFIGS, ids=lambda c: f"{c.range}-{c.bound}-{c.centre}-{c.broaden}"
)


def data_range(sample: Sample, name: str) -> tuple[float, float]:
    used = sample[name][sample.weight > 0]
    return float(used.min()), float(used.max())


def physical_bounds(representation: Representation) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of each column that the box decodes to, for maps of each column by itself."""
    low, high = (representation.decode(end[np.newaxis]) for end in representation.bounds)
    return {name: (float(low[name][0]), float(high[name][0])) for name in representation.columns}


@every_config
@pytest.mark.parametrize("category", CATEGORIES)
def test_round_trip(config: NoteRepresentationConfig, category: int) -> None:
    sample = make_sample(500, category=category, seed=category)
    representation = Representation.fit(sample, features(category), config)
    matrix = representation.encode(sample)
    assert matrix.dtype == np.float32
    assert matrix.shape == (500, len(features(category)))
    for name, values in representation.decode(matrix).items():
        assert values.dtype == np.float32
        span = float(np.ptp(sample[name]))
        np.testing.assert_allclose(values, sample[name], rtol=EPS, atol=3 * EPS * span)


@every_config
@given(seed=st.integers(0, 1000), fractions=st.lists(st.floats(0, 1, width=32), min_size=6, max_size=6))
@settings(max_examples=25, deadline=None)
def test_everything_in_the_box_is_physical(
    config: NoteRepresentationConfig, seed: int, fractions: list[float]
) -> None:
    sample = make_sample(30, category=4, seed=seed)
    representation = Representation.fit(sample, OFF_AXIS_FEATURES, config)
    low, high = representation.bounds
    t = np.array(fractions, np.float32)
    inside = np.stack([low, high, low * (1 - t) + high * t])
    assert inside.dtype == np.float32
    physical = physical_bounds(representation)
    for name, values in representation.decode(inside).items():
        assert physical[name] == (values[0], values[1])
        assert values[0] <= values[2] <= values[1]
        if config.bound == 1:
            assert (values[0], values[1]) == data_range(sample, name)
        else:
            assert values[0] < data_range(sample, name)[0] < data_range(sample, name)[1] < values[1]


@pytest.mark.parametrize(("interval", "expected"), [("symmetric", (-1, 1)), ("unit", (0, 1))])
@pytest.mark.parametrize("bound", [1.0, 0.9])
def test_the_box_is_the_configured_range(interval: str, expected: tuple[int, int], bound: float) -> None:
    config = NoteRepresentationConfig.model_validate({"range": interval, "bound": bound})
    sample = make_sample(100, category=3)
    low, high = Representation.fit(sample, OFF_AXIS_FEATURES, config).bounds
    np.testing.assert_array_equal(low, np.full(6, expected[0], np.float32))
    np.testing.assert_array_equal(high, np.full(6, expected[1], np.float32))


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_data_fill_the_bound_and_their_ends_come_back_exactly(seed: int) -> None:
    sample = make_sample(50, category=3, seed=seed)
    representation = Representation.fit(sample, OFF_AXIS_FEATURES, NoteRepresentationConfig(bound=0.9))
    matrix = representation.encode(sample)
    for name, values in representation.decode(matrix).items():
        assert (values.min(), values.max()) == data_range(sample, name)
    np.testing.assert_array_equal(matrix.min(axis=0), np.full(6, -0.9, np.float32))
    np.testing.assert_array_equal(matrix.max(axis=0), np.full(6, 0.9, np.float32))


def test_centred_data_have_weighted_mean_zero() -> None:
    sample = make_sample(300, category=3)
    config = NoteRepresentationConfig(centre=True)
    matrix = Representation.fit(sample, OFF_AXIS_FEATURES, config).encode(sample)
    np.testing.assert_allclose(np.average(matrix, axis=0, weights=sample.weight), 0, atol=2e-6)


def test_the_notes_recipe_step_by_step() -> None:
    """Section 2, with its constants computed independently of the maps."""
    sample = make_sample(200, category=4, seed=5)
    matrix = Representation.fit(sample, OFF_AXIS_FEATURES, NoteRepresentationConfig()).encode(sample)
    for number, name in enumerate(OFF_AXIS_FEATURES):
        values = sample[name].astype(float)
        values = 2 * (values - values.min()) / np.ptp(values) - 1
        if name in ("start_x", "start_y"):
            mean = np.average(values, weights=sample.weight)
            values = values - mean
            values = np.sqrt(np.abs(values)) * np.sign(values) + mean
            values = 2 * (values - values.min()) / np.ptp(values) - 1
        np.testing.assert_allclose(matrix[:, number], values, atol=1e-7)


def test_broadening_is_for_the_vertex_alone() -> None:
    sample = make_sample(50, category=1)
    with_it, without = (
        Representation.fit(sample, ON_AXIS_FEATURES, NoteRepresentationConfig(broaden=broaden))
        for broaden in (True, False)
    )
    assert with_it.state() == without.state()


@every_config
def test_state_survives_json_to_the_last_bit(config: NoteRepresentationConfig) -> None:
    sample = make_sample(100, category=4)
    one = Representation.fit(sample, OFF_AXIS_FEATURES, config)
    two = Representation.from_state(json.loads(json.dumps(one.state(), allow_nan=False)))
    assert two.columns == one.columns
    assert one.encode(sample).tobytes() == two.encode(sample).tobytes()
    matrix = one.encode(sample)
    for name, values in one.decode(matrix).items():
        assert values.tobytes() == two.decode(matrix)[name].tobytes()
    for a, b in zip(one.bounds, two.bounds, strict=True):
        assert a.tobytes() == b.tobytes()


def test_weightless_muons_do_not_move_the_range() -> None:
    sample = make_sample(100, category=2)
    weight = np.where(sample["pz"] > 30, 0.0, sample.weight)
    light = Sample({**sample.columns, "weight": weight})
    representation = Representation.fit(light, ON_AXIS_FEATURES, NoteRepresentationConfig())
    assert physical_bounds(representation)["pz"] == data_range(light, "pz")
    assert physical_bounds(representation)["pz"][1] <= 30 < sample["pz"].max()


def test_the_constant_column_is_named() -> None:
    sample = make_sample(20, category=1)
    flat = Sample({**sample.columns, "start_z": np.full(20, 6.4)})
    with pytest.raises(RepresentationError, match=r"column 'start_z' is constant \(6.4\d*\) in 20 muons"):
        Representation.fit(flat, ON_AXIS_FEATURES, NoteRepresentationConfig())


def test_too_few_muons_are_refused() -> None:
    sample = make_sample(5, category=1)
    config = NoteRepresentationConfig()
    with pytest.raises(RepresentationError, match=r"is constant .* in 1 muon; a range is needed"):
        Representation.fit(sample.select(slice(1)), ON_AXIS_FEATURES, config)
    with pytest.raises(RepresentationError, match="no muons"):
        Representation.fit(sample.select(slice(0)), ON_AXIS_FEATURES, config)
    with pytest.raises(RepresentationError, match="all 5 weights are zero"):
        Representation.fit(Sample({**sample.columns, "weight": np.zeros(5)}), ON_AXIS_FEATURES, config)


def test_a_matrix_of_other_columns_is_refused() -> None:
    representation = Representation.fit(
        make_sample(50, category=1), ON_AXIS_FEATURES, NoteRepresentationConfig()
    )
    with pytest.raises(
        RepresentationError, match=r"representation for 4 columns \(start_z, px, py, pz\) given 6"
    ):
        representation.decode(np.zeros((3, 6), np.float32))
    with pytest.raises(RepresentationError, match="given shape"):
        representation.decode(np.zeros(4, np.float32))
    state = representation.state() | {"columns": list(OFF_AXIS_FEATURES)}
    with pytest.raises(RepresentationError, match=r"6 columns .* given a map of 4"):
        Representation.from_state(state)
    with pytest.raises(RepresentationError, match="'columns' is not a list of names"):
        Representation.from_state({})
