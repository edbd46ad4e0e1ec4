from __future__ import annotations

import numpy as np
import pytest

from muforge.judge.quantities import matrix, quantities, values
from muforge.sample import OFF_AXIS_FEATURES, ON_AXIS_FEATURES
from tests.judge.toy import toy


def test_derived_by_hand() -> None:
    sample = toy(
        2,
        0,
        start_x=np.array([3.0, -1.0]),
        start_y=np.array([4.0, 0.0]),
        px=np.array([0.0, 1.0]),
        py=np.array([2.0, 0.0]),
        pz=np.array([11.0, 0.0]),
    )
    assert values(sample, "p") == pytest.approx([np.sqrt(125), 1.0])
    assert values(sample, "pt") == pytest.approx([2.0, 1.0])
    assert values(sample, "phi") == pytest.approx([np.pi / 2, 0.0])
    assert values(sample, "r") == pytest.approx([5.0, 1.0])
    assert values(sample, "angle") == pytest.approx([np.pi / 2 - np.arctan2(4, 3), np.pi])


def test_angle_lies_in_one_turn_and_does_not_change_under_rotation() -> None:
    sample = toy(500, 1)
    angle = values(sample, "angle")
    assert (angle > -np.pi).all()
    assert (angle <= np.pi).all()
    rotated = values(
        toy(
            500,
            1,
            start_x=-sample["start_y"],
            start_y=sample["start_x"],
            px=-sample["py"],
            py=sample["px"],
        ),
        "angle",
    )
    np.testing.assert_allclose(np.exp(1j * rotated), np.exp(1j * angle), atol=1e-6)


def test_those_of_each_category_begin_with_what_a_generator_learns() -> None:
    assert quantities(1)[:4] == ON_AXIS_FEATURES
    assert quantities(4)[:6] == OFF_AXIS_FEATURES
    assert "r" not in quantities(2)
    assert matrix(toy(7, 1), quantities(4)).shape == (7, len(quantities(4)))
