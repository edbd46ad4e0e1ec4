"""The verdict: one word, one sentence and one p-value over all figures of merit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from muforge.judge.combine import combine
from muforge.judge.result import Result

Grade = Literal["indistinguishable", "distinguishable", "correlations", "unphysical"]

LEVEL = 0.01
"""Below this p-value a difference counts as found."""

ONE_SIDED_95 = 1.645
"""Standard deviations from an estimate to its one-sided 95% limit."""

FAMILIES = {
    "note_classifier": "the note's boosted trees",
    "strong_classifier": "the strong classifier",
    "one_dimensional": "columns and derived quantities one by one",
    "comb": "the comb of slits",
    "pairs": "pairs of columns",
    "correlation": "the correlation matrix",
    "sliced_wasserstein": "the sliced Wasserstein distance",
    "frechet": "the Frechet distance",
    "kernel": "the kernel distance",
    "tails": "tails",
    "bounds": "physical bounds",
    "anomalies": "cells of phase space",
    "memorisation": "distances to training muons",
    "coverage": "coverage",
    "amplification": "amplification",
    "uncertainty": "the uncertainty of the generator",
}
"""Each test, in words."""


@dataclass(frozen=True)
class Verdict:
    """What all figures of merit say together.

    Arguments:
        grade: `indistinguishable`; `distinguishable`; `correlations` if every column by itself agrees, but not
            together; `unphysical` if a bound of physics is violated.
        headline: A few words.
        text: One or two sentences.
        p_value: Of all tests together.
    """

    grade: Grade
    headline: str
    text: str
    p_value: float | None


def family_p_values(results: Sequence[Result]) -> dict[str, float]:
    """The p-values of each test's figures, combined."""
    by_family: dict[str, list[float]] = defaultdict(list)
    for result in results:
        if result.p_value is not None:
            by_family[result.family].append(result.p_value)
    return {family: combine(p_values) for family, p_values in by_family.items()}


def decide(results: Sequence[Result], columns: Sequence[str]) -> Verdict:
    """The verdict on figures of merit.

    Arguments:
        results: Of all tests.
        columns: What the generator learns: the columns whose distributions count as one-dimensional.
    """
    by_family = family_p_values(results)
    overall = combine(list(by_family.values())) if by_family else None
    violated = [result for result in results if result.family == "bounds" and result.value > 0]
    if violated:
        worst = max(violated, key=lambda result: result.value)
        text = f"{worst.value:.2g} of the muons violate a bound of physics ({worst.of}). {_found(by_family)}"
        return Verdict("unphysical", "Unphysical muons", text, overall)
    if overall is None or overall >= LEVEL:
        return Verdict(
            "indistinguishable", "Indistinguishable from the simulation", _limit(results, overall), overall
        )
    if _columns_agree(results, columns):
        agreed = "Every column by itself agrees with the simulation, but not together."
        text = f"{agreed} {_size(results)}{_found(by_family)}"
        return Verdict("correlations", "Right columns, wrong correlations", text, overall)
    return Verdict(
        "distinguishable",
        "Distinguishable from the simulation",
        f"{_size(results)}{_found(by_family)}",
        overall,
    )


def _columns_agree(results: Sequence[Result], columns: Sequence[str]) -> bool:
    own = [
        result.p_value
        for result in results
        if result.family == "one_dimensional" and result.of in columns and result.p_value is not None
    ]
    return bool(own) and combine(own) >= LEVEL


def _found(by_family: dict[str, float]) -> str:
    found = [FAMILIES.get(family, family) for family, p_value in by_family.items() if p_value < LEVEL]
    return f"Differences are found by {', '.join(found)}." if found else "No test finds a difference."


def _excess(results: Sequence[Result]) -> Result | None:
    return next((r for r in results if r.family == "strong_classifier" and r.name == "excess AUC"), None)


def _size(results: Sequence[Result]) -> str:
    excess = _excess(results)
    if excess is None:
        return ""
    return f"A strong classifier's AUC exceeds its null by {excess.value:.4f} ± {excess.error or 0:.4f}. "


def _limit(results: Sequence[Result], overall: float | None) -> str:
    p_value = "" if overall is None else f" (p = {overall:.2g})"
    text = f"No test finds a difference{p_value}."
    excess = _excess(results)
    if excess is None or excess.error is None:
        return text
    limit = max(excess.value, 0.0) + ONE_SIDED_95 * excess.error
    return f"{text} At these statistics an excess AUC above {limit:.4f} is excluded at 95% confidence."
