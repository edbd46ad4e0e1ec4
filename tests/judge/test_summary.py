from __future__ import annotations

import pytest

from muforge.judge.result import Result
from muforge.judge.summary import shown, shown_p_value, summary
from muforge.judge.verdict import FAMILIES


def result(of: str, p_value: float | None, value: float = 0.5) -> Result:
    return Result("one_dimensional", "KS distance", of, value, 0.1, 0.02, 0.01, p_value, 100.0, 0.0)


def test_of_many_figures_of_a_kind_the_worst_is_shown() -> None:
    rows = summary([result("px", 0.3), result("py", 0.001), result("pz", 0.2)])
    assert rows == [
        (FAMILIES["one_dimensional"], "", "", ""),
        ("  KS distance (worst of 3: py)", "0.50 ± 0.10", "0.020 ± 0.010", "1e-03 *"),
    ]


def test_of_equal_p_values_the_largest_pull_is_the_worst() -> None:
    rows = summary([result("px", 0.001, 0.3), result("py", 0.001, 0.9), result("pz", 0.001, 0.2)])
    assert "worst of 3: py" in rows[1][0]


def test_of_exact_figures_the_largest_deviation_is_the_worst() -> None:
    rows = summary(
        [
            Result("bounds", "share", of, value, None, 0.0, None, None, 100.0, 0.0)
            for of, value in (("a", 0.0), ("b", 0.008), ("c", 0.001))
        ]
    )
    assert "worst of 3: b" in rows[1][0]


def test_few_are_shown_each() -> None:
    shown_names = [row[0].strip() for row in summary([result("px", 0.3), result("", None)])]
    assert shown_names[1:] == ["KS distance (px)", "KS distance"]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.51234, 0.00123, "0.5123 ± 0.0012"),
        (12.3456, 1.5, "12.3 ± 1.5"),
        (1234.0, 250.0, "1234 ± 250"),
        (0.25, None, "0.25"),
        (0.25, 0.0, "0.25"),
        (None, None, "n/a"),
        (3.21e-9, 2e-10, "3.21e-09 ± 2e-10"),
    ],
)
def test_digits_follow_the_error(value: float | None, error: float | None, text: str) -> None:
    assert shown(value, error) == text


@pytest.mark.parametrize(
    ("p_value", "text"), [(0.4321, "0.43"), (0.00099, "1e-03 *"), (None, ""), (0.01, "0.01")]
)
def test_small_p_values_are_marked(p_value: float | None, text: str) -> None:
    assert shown_p_value(p_value) == text
