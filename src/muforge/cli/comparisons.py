"""The note's figures of merit on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from muforge.sample import CATEGORY_TITLES

if TYPE_CHECKING:
    from muforge.judge import Comparison


def print_comparisons(judged: Mapping[int, Comparison]) -> None:
    """One table: each category's figures of merit, each beside its null."""
    from muforge.cli.screen import console, table

    rows = [
        (f"{category}  {CATEGORY_TITLES[category]}" if number == 0 else "", *row)
        for category, comparison in judged.items()
        for number, row in enumerate(comparison.table())
    ]
    header = ("category", "figure of merit", "generated", "null")
    title = "Against test events; null: train events (AUC 0.5, chi2 1, overlap 1 if nobody can tell)"
    console.print(table(title, header, rows))
