from __future__ import annotations

import pytest

from muforge.judge.result import Result
from muforge.judge.verdict import FAMILIES, decide, family_p_values


def result(
    family: str, p_value: float | None, *, name: str = "figure", of: str = "", value: float = 0.1
) -> Result:
    return Result(family, name, of, value, 0.01, 0.0, 0.01, p_value, 100.0, 0.0)


FINE = [result("one_dimensional", 0.4, of="px"), result("pairs", 0.6), result("kernel", 0.2)]
COLUMNS = ("px", "py")


def test_no_difference_is_indistinguishable_and_says_what_would_have_been_seen() -> None:
    excess = result("strong_classifier", None, name="excess AUC", value=0.001)
    verdict = decide([*FINE, excess], COLUMNS)
    assert verdict.grade == "indistinguishable"
    assert verdict.p_value == pytest.approx(0.36, abs=0.05)
    assert "above 0.0175 is excluded" in verdict.text


def test_a_difference_in_a_column_is_distinguishable_and_names_the_test() -> None:
    verdict = decide([*FINE, result("one_dimensional", 1e-6, of="py")], COLUMNS)
    assert verdict.grade == "distinguishable"
    assert FAMILIES["one_dimensional"] in verdict.text
    assert FAMILIES["kernel"] not in verdict.text


def test_a_difference_between_columns_alone_is_of_correlations() -> None:
    assert decide([*FINE, result("pairs", 1e-6)], COLUMNS).grade == "correlations"


def test_a_derived_quantity_is_not_a_column() -> None:
    """The distribution of the transverse momentum differs where px and py are shuffled."""
    assert decide([*FINE, result("one_dimensional", 1e-6, of="pt")], COLUMNS).grade == "correlations"


def test_a_violated_bound_outweighs_everything() -> None:
    violated = result("bounds", None, of="momentum above 400 GeV", value=0.002)
    verdict = decide([*FINE, violated], COLUMNS)
    assert verdict.grade == "unphysical"
    assert "momentum above 400 GeV" in verdict.text
    kept = result("bounds", None, of="momentum above 400 GeV", value=0.0)
    assert decide([*FINE, kept], COLUMNS).grade == "indistinguishable"


def test_p_values_are_combined_by_family() -> None:
    found = family_p_values([*FINE, result("pairs", 0.6), result("strong_classifier", None)])
    assert found.keys() == {"one_dimensional", "pairs", "kernel"}
    assert found["pairs"] == pytest.approx(0.6)


def test_a_figure_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="pairs, figure of '': value is nan"):
        result("pairs", 0.5, value=float("nan"))
