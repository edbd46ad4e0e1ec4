"""Parameters of a search space."""

from __future__ import annotations

from typing import Any

import pytest

from muforge.errors import ConfigError
from muforge.scanning.parameter import Choices, Range, parameter


def test_values_keep_their_types_and_have_labels() -> None:
    found = parameter("x", [1, "1e-3", "adam", None, [2, 3], {"a": 1}])
    assert isinstance(found, Choices)
    assert found.labels == (1, 0.001, "adam", None, "[2, 3]", "{a: 1}")
    assert found.value("[2, 3]") == [2, 3]
    assert found.value(0.001) == 0.001
    assert found.grid_points() == found.probes() == found.labels


@pytest.mark.parametrize(
    ("content", "points"),
    [
        ({"low": 1, "high": 4, "step": 1}, [1, 2, 3, 4]),
        ({"low": 1, "high": 4, "points": 7}, [1, 2, 3, 4]),
        ({"low": 0.1, "high": 0.7, "step": 0.2}, [0.1, 0.3, 0.5, 0.7]),
        ({"low": "1e-4", "high": "1e-1", "log": True, "points": 4}, [1e-4, 1e-3, 1e-2, 1e-1]),
        ({"low": 8, "high": 64, "log": True, "points": 4}, [8, 16, 32, 64]),
        ({"low": 1, "high": 2, "points": 3, "integer": False}, [1.0, 1.5, 2.0]),
        ({"low": 1.0, "high": 3.0, "step": 1.0, "integer": True}, [1, 2, 3]),
    ],
)
def test_points_of_a_grid(content: dict[str, Any], points: list[float]) -> None:
    found = parameter("x", content)
    assert found.grid_points() == tuple(points)
    assert [type(each) for each in found.grid_points() or ()] == [type(each) for each in points]
    distribution = found.distribution()
    assert all(distribution._contains(distribution.to_internal_repr(each)) for each in points)


def test_a_range_is_whole_if_it_is_written_so() -> None:
    assert Range(low=1, high=4).whole
    assert not Range(low=1, high=4.5).whole
    assert not Range(low=1, high=4, integer=False).whole
    assert not Range(low=0, high=1, step=0.25).whole
    assert parameter("x", {"low": 1, "high": 4}).grid_points() is None


@pytest.mark.parametrize("content", [[1, 2], {"low": 1, "high": 8, "log": True}, {"low": 0.5, "high": 1.0}])
def test_a_parameter_is_the_same_after_a_file(content: Any) -> None:
    found = parameter("x", content)
    assert parameter("x", found.to_plain()) == found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "x.values: "),
        ([1, 2, 1], "x: 1 is there twice"),
        ([True, 1], "x: 1 is there twice"),
        (3, "x: 3: expected a list of values, or a range such as"),
        ({"low": 1}, "x.high: missing"),
        ({"low": 1, "high": 2, "lgo": True}, "x.lgo: unknown option"),
        ({"low": 2, "high": 1}, "x: low must be below high, not 2 and 1"),
        ({"low": 0, "high": float("inf")}, "x: low must be below high, not 0 and inf"),
        ({"low": 0, "high": 1, "log": True}, "x: log needs a positive low, not 0"),
        ({"low": 1, "high": 4, "log": True, "step": 1}, "x: step and log: give one of them"),
        ({"low": 1, "high": 4, "points": 2, "step": 1}, "x: step and points: give one of them"),
        ({"low": 0, "high": 1, "step": 0.3}, "x: steps of 0.3 do not lead from 0 to 1"),
        ({"low": 1.5, "high": 4, "integer": True}, "x: integer: low, high and step must be whole"),
        ({"low": 1, "high": 4, "step": -1}, "x.step: "),
    ],
)
def test_what_is_wrong_is_named(content: Any, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parameter("x", content)
    assert str(raised.value).startswith(message)
