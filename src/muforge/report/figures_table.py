"""The table of figures of merit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from muforge.judge.result import Result
from muforge.judge.summary import by_test, rank, shown, shown_p_value
from muforge.judge.verdict import FAMILIES, LEVEL
from muforge.report.content import Row, Table

_HEADER = ("figure of merit", "generated", "null", "perfect", "p", "N_eff")


def overview(results: Sequence[Result]) -> Table:
    """One row for each kind of figure, by test: of many of a kind the one that differs most."""
    rows = []
    for test, named in by_test(results):
        rows.append(Row((_capital(test),), heading=True))
        rows += [_row(result, name) for name, result in named]
    return Table("Of many figures of one kind the one that differs most is shown", _HEADER, rows)


def all_figures(results: Sequence[Result]) -> list[Table]:
    """A folded table for each test, its figures sorted by how much they differ."""
    tables = []
    for family, of_family in groupby(results, key=lambda result: result.family):
        ordered = sorted(of_family, key=rank)
        rows = [
            _row(result, f"{result.name} ({result.of})" if result.of else result.name) for result in ordered
        ]
        title = FAMILIES.get(family, family)
        found = sum(row.found for row in rows)
        count = f"{len(rows)} figure{'s' if len(rows) > 1 else ''}, {found} marked"
        tables.append(Table(title, _HEADER, rows, f"{_capital(title)}: {count}"))
    return tables


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _row(result: Result, name: str) -> Row:
    found = _found(result)
    cells = (
        name,
        shown(result.value, result.error),
        shown(result.null, result.null_error),
        f"{result.perfect:.4g}",
        shown_p_value(result.p_value) or ("*" if found else ""),
        f"{result.n_eff:,.0f}",
    )
    return Row(cells, found)


def _found(result: Result) -> bool:
    """A difference, or a bound of physics that is violated."""
    if result.p_value is None:
        return result.family == "bounds" and result.value > 0
    return result.p_value < LEVEL
