"""The study of the target's fine structure, from a data set to its page."""

from __future__ import annotations

from pathlib import Path

import pytest

import muforge as mf
from muforge.dataset.store import Dataset
from muforge.errors import ConfigError
from muforge.quickstart.tour import PACKAGED_SAMPLE
from muforge.studies.fine_structure import PLACES
from muforge.studies.protocol import Study
from tests.studies.tiny import run_study


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return mf.ingest([PACKAGED_SAMPLE], tmp_path_factory.mktemp("data") / "ds").dataset


@pytest.fixture(scope="module")
def found(packaged: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Study:
    out = tmp_path_factory.mktemp("fine") / "study"
    return run_study("fine-structure", packaged, out, flow_steps=20, muons=500, throws=1)


def test_every_sample_is_compared_at_every_place(found: Study) -> None:
    comb, paired, compared = found.tables
    arms = ["null", "without comb", "flow, seed 0", "flow, seed 1", "GAN, seed 0", "GAN, seed 1"]
    assert [row[0] for row in comb.rows] == ["real", *arms]
    assert [row[0] for row in paired.rows] == list(PLACES.values())
    assert [row[:2] for row in compared.rows] == [(where, arm) for where in PLACES.values() for arm in arms]


def test_the_answers_are_those_of_the_numbers(found: Study) -> None:
    real, error = found.details["comb"]["real"]
    assert f"{real:.3f} ± {error:.3f} less" in found.answers[0]
    rate = found.details["paired"]["absorber"]["rate"]
    assert f"{rate['ratio']:.3f} ± {rate['error']:.3f} times the rate behind the absorber" in found.answers[1]
    of_flow = [found.details["places"]["absorber"]["arms"][f"flow, seed {seed}"]["ratio"] for seed in (0, 1)]
    assert f"{sum(of_flow) / 2:.3f} ±" in next(each for each in found.answers if "of the flow over" in each)


def test_a_file_that_is_no_shield_is_named_before_anything_is_trained(
    packaged: Dataset, tmp_path: Path
) -> None:
    file = tmp_path / "shield.yaml"
    file.write_text("blocks: 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"{file}: "):
        run_study("fine-structure", packaged, tmp_path / "out", shield=str(file))
    assert not (tmp_path / "out" / "runs").exists()
