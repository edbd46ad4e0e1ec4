"""A judgement in a table that fits on a screen: of the many figures of one kind, the one that differs most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import floor, log10

from muforge.judge.judgement import CategoryJudgement
from muforge.judge.result import Result
from muforge.judge.table import NOT_DEFINED
from muforge.judge.verdict import FAMILIES, LEVEL

ANOMALIES_SHOWN = 3
SMALLEST_SHOWN = 1e-12
"""P-values below mean the same to everybody."""

SHOWN_APART = 2
"""Up to so many figures of one kind have a row each."""


def summary(results: Sequence[Result]) -> list[tuple[str, str, str, str]]:
    """Rows of (figure, generated, null, p-value) as text; the name of each test has a row of its own."""
    rows = []
    for test, named in by_test(results):
        rows.append((test, "", "", ""))
        rows += [
            (
                f"  {name}",
                shown(result.value, result.error),
                shown(result.null, result.null_error),
                shown_p_value(result.p_value),
            )
            for name, result in named
        ]
    return rows


def by_test(results: Sequence[Result]) -> list[tuple[str, list[tuple[str, Result]]]]:
    """Each test with its figures by name; of many of one kind the one that differs most."""
    tests: dict[str, dict[str, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        tests[result.family][result.name].append(result)
    return [
        (FAMILIES.get(family, family), [named for same in kinds.values() for named in _chosen(same)])
        for family, kinds in tests.items()
    ]


def anomalies(judged: CategoryJudgement) -> list[str]:
    """The most anomalous cells in words, if the test of cells found a difference."""
    found = judged.of_family("anomalies")
    if not any(result.p_value is not None and result.p_value < LEVEL for result in found):
        return []
    cells = judged.details.get("anomalies", {}).get("cells", [])
    return [cell["text"] for cell in cells[:ANOMALIES_SHOWN]]


def rank(result: Result) -> tuple[float, float, float]:
    """Sorts what differs most to the front: by p-value, by deviation over error, and by deviation."""
    p_value = 1.0 if result.p_value is None else result.p_value
    deviation = abs(result.value - result.perfect)
    return p_value, -deviation / result.error if result.error else 0.0, -deviation


def shown(value: float | None, error: float | None = None) -> str:
    """A figure with its error, to the error's second digit; `n/a` where there is no value."""
    if value is None:
        return NOT_DEFINED
    if error is None or error == 0:
        return f"{value:.4g}"
    decimals = _decimals(error)
    return (
        f"{value:.{decimals}f} ± {error:.{decimals}f}" if decimals <= _MOST else f"{value:.2e} ± {error:.0e}"
    )


def shown_p_value(p_value: float | None) -> str:
    """A p-value with two digits, marked with * below `LEVEL`; empty where the figure has none."""
    if p_value is None:
        return ""
    if p_value >= LEVEL:
        return f"{p_value:.2f}"
    return f"{p_value:.0e} *" if p_value > SMALLEST_SHOWN else f"<{SMALLEST_SHOWN:.0e} *"


_MOST = 6
"""Decimals beyond which a figure is written with its power of ten."""


def _decimals(error: float) -> int:
    return max(0, 1 - floor(log10(abs(error))))


def _chosen(same: Sequence[Result]) -> list[tuple[str, Result]]:
    if len(same) <= SHOWN_APART:
        return [(f"{result.name} ({result.of})" if result.of else result.name, result) for result in same]
    worst = min(same, key=rank)
    return [(f"{worst.name} (worst of {len(same)}: {worst.of})", worst)]
