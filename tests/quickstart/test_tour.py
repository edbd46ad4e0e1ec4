from __future__ import annotations

from pathlib import Path

import pytest

import muforge as mf
from muforge.bundle import Bundle
from muforge.errors import OutputError
from muforge.quickstart import tour as tour_module
from muforge.quickstart.tour import PACKAGED_BUNDLE, PACKAGED_SAMPLE, tour

FIVE_MEGABYTES = 5e6
FEW_PROTONS = 1e7


def test_what_the_package_carries_is_small() -> None:
    assert PACKAGED_SAMPLE.stat().st_size < FIVE_MEGABYTES
    assert sum(file.stat().st_size for file in PACKAGED_BUNDLE.iterdir()) < FIVE_MEGABYTES


def test_the_packaged_bundle_was_trained_on_the_packaged_sample(tmp_path: Path) -> None:
    """Its rates are those of the sample, and each category was judged on test events when it was made."""
    dataset = mf.ingest([PACKAGED_SAMPLE], tmp_path / "ds").dataset
    bundle = Bundle.load(PACKAGED_BUNDLE)
    assert bundle.protons_on_target == dataset.protons_on_target
    assert set(bundle.rates) == {1, 2, 3, 4}
    for category, rate in bundle.rates.items():
        assert rate == dataset.rate(category)
        judged = bundle.manifest.categories[category].judged
        assert judged is not None
        assert abs(judged["null"]["auc"] - 0.5) < 0.05


def test_the_whole_tour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tour_module, "PROTONS", FEW_PROTONS)
    stages: list[str] = []
    out = tmp_path / "tour"
    first = tour(out, seed=3, threads=1, stage=stages.append)
    assert len(stages) == 4
    assert first.read_back == first.spill.counts
    expected = sum(first.bundle.rates.values()) * FEW_PROTONS
    assert abs(sum(first.read_back.values()) - expected) < 5 * expected**0.5
    assert len(first.plots) == 12
    assert all(path.stat().st_size > 10_000 for path in first.plots)
    assert all(c.null is not None and abs(c.null.auc - 0.5) < 0.1 for c in first.judged.values())
    muons = (out / "spill.root").read_bytes()
    assert tour(out, seed=3, threads=1).spill.counts == first.spill.counts
    assert (out / "spill.root").read_bytes() == muons


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(OutputError, match="holds something else"):
        tour(tmp_path)
    with pytest.raises(OutputError, match="cannot be made"):
        tour(tmp_path / "thesis.tex" / "deeper")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
