"""Made-up muons for the tests of the formats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.rng import Purpose, stream
from muforge.sample import COLUMNS, PARTNER, REQUIRED, VARIATIONS, Sample


def some_muons(rows: int, seed: int = 1, *, optional: bool = True, pot: float | None = None) -> Sample:
    """Muons with every column of a production (or only the required ones), a quarter of them on the beam axis."""
    rng = stream(seed, Purpose.SHUFFLE)
    columns: dict[str, NDArray[Any]] = {
        name: rng.normal(0, 50, rows).astype(column.dtype)
        for name, column in (COLUMNS if optional else REQUIRED).items()
        if name not in (*PARTNER, *VARIATIONS, "dangerous")
    }
    columns["pdg"] = rng.choice([13, -13], rows)
    columns["weight"] = rng.exponential(100, rows).astype(np.float32).astype(np.float64)
    columns["event"] = np.sort(rng.integers(0, rows + 1, rows))
    on_axis = rng.random(rows) < 0.25
    columns["start_x"][on_axis] = 0
    columns["start_y"][on_axis] = 0
    return Sample(columns, protons_on_target=pot)


def assert_same(left: Sample, right: Sample) -> None:
    """The two samples are equal in every bit of every column."""
    assert left.names == right.names
    for name in left.names:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)
        assert left[name].dtype == right[name].dtype
    assert left.protons_on_target == right.protons_on_target
    assert left.events_known == right.events_known
