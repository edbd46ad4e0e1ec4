"""Regions by momentum, by a column and by a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from muforge.errors import SampleError
from muforge.formats.parquet import ParquetWriter
from muforge.region import NOTE_REGION, Region, Window
from muforge.sample import Sample
from tests.muons import make_sample


def muon(p: float, pt: float) -> Sample:
    return Sample(
        {
            "pdg": [13],
            "start_x": [0.0],
            "start_y": [0.0],
            "start_z": [1.0],
            "px": [0.6 * pt],
            "py": [-0.8 * pt],
            "pz": [np.sqrt(p**2 - pt**2)],
            "weight": [1.0],
        }
    )


@pytest.mark.parametrize(
    ("p", "pt", "inside"),
    [
        (40, 3, True),
        (40, 2.3, False),
        (40, 3.8, False),
        (24, 3, False),
        (80, 3, False),
        (200, 2.4, True),
        (200, 2.9, False),
        (250, 2.4, False),
    ],
)
def test_the_notes_region(p: float, pt: float, inside: bool) -> None:
    assert NOTE_REGION.contains(muon(p, pt)).tolist() == [inside]


def test_a_column_tells_who_is_inside() -> None:
    sample = make_sample(50)
    flags = np.arange(50) % 3 == 0
    flagged = Sample({**sample.columns, "dangerous": flags.astype(int)})
    assert np.array_equal(Region(column="dangerous").contains(flagged), flags)
    with pytest.raises(SampleError, match="column 'dangerous': not in this sample"):
        Region(column="dangerous").contains(sample)


def test_survivors_are_found_by_their_start(tmp_path: Path) -> None:
    sample = make_sample(200)
    survived = np.random.default_rng(0).random(200) < 0.2
    with ParquetWriter(tmp_path / "behind.parquet") as writer:
        writer.write(sample.select(survived))
    region = Region(survivors=tmp_path / "behind.parquet")
    assert np.array_equal(region.contains(sample), survived)
    assert not region.contains(make_sample(200, seed=1)).any()
    assert not region.is_rule


def test_a_region_without_muons_is_named() -> None:
    far = Region(windows=(Window(p=(390, 399), pt=(9, 10)),))
    with pytest.raises(
        SampleError, match=r"training events: none of 50 muons is in the region p 390 to 399 GeV"
    ):
        far.require_muons(make_sample(50), "training events")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"windows": [{"p": [60, 25], "pt": [2, 3]}]}, "p from 60 to 25 GeV: must rise"),
        ({"windows": []}, "no windows, no column and no file"),
        ({"column": "dangerous", "survivors": "a.root"}, "give one of them"),
        ({"widows": []}, "Extra inputs"),
    ],
)
def test_bad_regions_are_refused(content: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Region.model_validate(content)
