from __future__ import annotations

import numpy as np
import pytest

from muforge.judge.anomalies import Anomalies, in_words, round_edges
from tests.judge.beam import beam, generated
from tests.judge.toy import altered


def test_a_planted_excess_is_named_in_words() -> None:
    """Every third muon between 20 and 30 GeV is there twice."""
    real, null = (beam(20_000, seed, category=1) for seed in range(2))
    other = generated(20_000, 2, category=1)
    p = np.sqrt(sum(other[name].astype(np.float64) ** 2 for name in ("px", "py", "pz")))
    extra = np.flatnonzero((p > 20) & (p < 30))[::3]
    doubled = other.select(np.append(np.arange(20_000), extra))
    findings = Anomalies()(real, altered(doubled, event=np.arange(len(doubled))), null)
    assert (findings.results[0].p_value or 0.0) < 1e-3
    first = findings.details["cells"][0]
    assert first["significance"] > 5
    low, high = first["where"].get("p", first["where"].get("pz"))
    assert 20 <= low < high <= 30
    assert first["text"].startswith(f"excess of {first['significance']:.1f} sigma at ")
    assert "GeV: 1." in first["text"]


def test_listed_cells_do_not_overlap() -> None:
    real, null = (beam(8000, seed) for seed in range(2))
    cells = Anomalies()(real, generated(8000, 2, scale=12.0), null).details["cells"]
    of_p = [cell["where"]["p"] for cell in cells if list(cell["where"]) == ["p"]]
    for number, (low, high) in enumerate(of_p):
        for other_low, other_high in of_p[number + 1 :]:
            assert (high or np.inf) <= (other_low or -np.inf) or (other_high or np.inf) <= (low or -np.inf)
    assert sorted(cells, key=lambda cell: -abs(cell["significance"])) == cells


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(10.0, 100.0, 10.0), (0.0, 1.3, 0.2), (-3.0, 3.0, 0.5), (0.0, 140.0, 20.0)],
)
def test_edges_are_round(low: float, high: float, expected: float) -> None:
    column = np.linspace(low, high, 10_001)
    edges = round_edges(column, np.ones(len(column)))
    np.testing.assert_allclose(np.diff(edges), expected)
    np.testing.assert_allclose(edges / expected, np.round(edges / expected), atol=1e-9)


def test_a_column_of_one_value_has_no_edges() -> None:
    assert len(round_edges(np.ones(5), np.ones(5))) == 0


@pytest.mark.parametrize(
    ("cell", "significance", "ratio", "text"),
    [
        (
            {"p": (60.0, 70.0)},
            3.12,
            1.318,
            "excess of 3.1 sigma at 60 < p < 70 GeV: 1.32 times the simulation's",
        ),
        (
            {"pt": (None, 0.2), "start_z": (8.0, 8.5)},
            -4.0,
            0.5,
            "deficit of 4.0 sigma at pT < 0.2 GeV, 8 < start z < 8.5 cm: 0.50 times the simulation's",
        ),
        ({"r": (10.0, None)}, 6.0, None, "excess of 6.0 sigma at r > 10 cm: where the simulation has none"),
    ],
)
def test_words(
    cell: dict[str, tuple[float | None, float | None]], significance: float, ratio: float | None, text: str
) -> None:
    assert in_words(cell, significance, ratio) == text
