from __future__ import annotations

import pytest

from muforge.report.labels import SYMBOLS, axis_label, density_label, symbol
from muforge.sample import COLUMNS


def test_units_come_from_the_columns() -> None:
    assert axis_label("start_z") == "start $z$ [cm]"
    assert density_label("px") == "probability density [1/GeV]"
    assert axis_label("origin") == "origin"
    assert density_label("origin") == "probability density"


@pytest.mark.parametrize("column", [name for name, column in COLUMNS.items() if column.unit in {"cm", "ns"}])
def test_every_coordinate_has_a_symbol(column: str) -> None:
    assert symbol(column) == SYMBOLS[column]
