from __future__ import annotations

from muforge.judge.result import Result
from muforge.report.figures_table import all_figures, overview


def bound(of: str, value: float) -> Result:
    return Result("bounds", "share beyond a bound", of, value, None, 0.0, None, None, 100.0, 0.0)


def distance(of: str, p_value: float) -> Result:
    return Result("one_dimensional", "distance", of, 0.1, 0.02, 0.0, 0.02, p_value, 100.0, 0.0)


def test_a_violated_bound_is_on_top_and_marked_in_words_and_colour() -> None:
    results = [bound("a", 0.0), bound("b", 0.0), bound("c", 0.008)]
    _, row = overview(results).rows
    assert row.found
    assert row.cells[:2] == ("share beyond a bound (worst of 3: c)", "0.008")
    assert row.cells[4] == "*"
    (table,) = all_figures(results)
    assert [row.found for row in table.rows] == [True, False, False]
    assert table.summary == "Physical bounds: 3 figures, 1 marked"


def test_figures_are_sorted_by_p_value_and_marked_below_the_level() -> None:
    (table,) = all_figures([distance("x", 0.5), distance("y", 0.02), distance("z", 0.004)])
    assert [row.cells[0] for row in table.rows] == ["distance (z)", "distance (y)", "distance (x)"]
    assert [row.found for row in table.rows] == [True, False, False]
