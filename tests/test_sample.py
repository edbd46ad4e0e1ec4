from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from muforge.errors import SampleError
from muforge.sample import COLUMNS, Sample, effective_sample_size, features, global_event, pdg_code
from tests.muons import make_sample


def columns(**changes: Any) -> dict[str, Any]:
    return {**make_sample(6).columns, **changes}


def test_categories_follow_the_note() -> None:
    base = {"start_z": np.ones(5), "px": np.ones(5), "py": np.ones(5), "pz": np.ones(5), "weight": np.ones(5)}
    sample = Sample(
        {"pdg": [-13, 13, -13, 13, 13], "start_x": [0, 0, 1, 1, 0], "start_y": [0, 0, 1, 1, 2], **base}
    )
    assert sample.category.tolist() == [1, 2, 3, 4, 4]


@pytest.mark.parametrize("category", [1, 2, 3, 4])
def test_category_has_its_charge_and_columns(category: int) -> None:
    sample = make_sample(20, category=category)
    assert set(sample.category.tolist()) == {category}
    assert set(sample["pdg"].tolist()) == {pdg_code(category)}
    assert len(features(category)) == (4 if category < 3 else 6)


def test_types_are_those_promised() -> None:
    sample = make_sample(10)
    for name in sample.names:
        assert sample[name].dtype == COLUMNS[name].dtype
    assert sample.matrix(features(4)).dtype == np.float32
    assert sample.matrix(features(4)).shape == (10, 6)


def test_effective_sample_size() -> None:
    assert effective_sample_size(np.ones(7)) == 7
    assert effective_sample_size(np.array([3.0, 1.0])) == pytest.approx(16 / 10)
    assert effective_sample_size(np.zeros(3)) == 0


def test_without_event_numbers_each_muon_is_its_own_event() -> None:
    given = columns()
    del given["event"]
    sample = Sample(given)
    assert not sample.events_known
    assert sample["event"].tolist() == list(range(6))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"px": [0, 1, 2, np.nan, 4, 5]}, r"column 'px', row 3: nan"),
        ({"start_z": [0, np.inf, 2, 3, 4, 5]}, r"column 'start_z', row 1: inf"),
        ({"weight": [1, 1, -2, 1, 1, 1]}, r"column 'weight', row 2: -2"),
        ({"weight": [1, 1, np.nan, 1, 1, 1]}, r"column 'weight', row 2: nan"),
        ({"pdg": [13, 13, 13, 13, 13, 211]}, r"column 'pdg', row 5: 211"),
        ({"pdg": [13, 13, 13, 13, 13, 13.5]}, r"column 'pdg', row 5: 13.5, expected an integer"),
        ({"px": [1.0, 2.0]}, r"column 'px': 2 rows, but 'pdg' has 6"),
        ({"px": np.ones((6, 2))}, r"column 'px': shape \(6, 2\)"),
        ({"energy": np.ones(6)}, r"column 'energy': unknown"),
    ],
)
def test_bad_values_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SampleError, match=message):
        Sample(columns(**change))


def test_missing_column_is_named() -> None:
    given = columns()
    del given["py"]
    with pytest.raises(SampleError, match="column 'py': missing"):
        Sample(given)
    with pytest.raises(SampleError, match="column 'origin': not in this sample"):
        make_sample(3)["origin"]


@pytest.mark.parametrize("pot", [0.0, -1.0, np.nan, np.inf])
def test_protons_on_target_must_be_positive(pot: float) -> None:
    with pytest.raises(SampleError, match="protons on target"):
        Sample(columns(), protons_on_target=pot)


def test_require_muons() -> None:
    with pytest.raises(SampleError, match="category 1: no muons"):
        make_sample(0).require_muons("category 1")
    with pytest.raises(SampleError, match="all 6 weights are zero"):
        Sample(columns(weight=np.zeros(6))).require_muons("x")
    sample = make_sample(1)
    assert sample.require_muons("x") is sample


def test_select_and_concatenate() -> None:
    sample = make_sample(30)
    both = Sample.concatenate([sample.select(slice(0, 10)), sample.select(np.arange(10, 30))])
    for name in sample.names:
        np.testing.assert_array_equal(both[name], sample[name])
    assert both.protons_on_target == 2e6
    unknown = Sample.concatenate([sample, make_sample(3, protons_on_target=None)])
    assert unknown.protons_on_target is None


def test_concatenate_keeps_common_columns() -> None:
    with_time = Sample({**make_sample(4).columns, "start_t": np.ones(4)})
    assert "start_t" not in Sample.concatenate([with_time, make_sample(4)])
    with pytest.raises(SampleError, match="nothing"):
        Sample.concatenate([])


def test_events_of_several_files_stay_apart() -> None:
    event = np.arange(5)
    assert not set(global_event(0, event).tolist()) & set(global_event(1, event).tolist())
