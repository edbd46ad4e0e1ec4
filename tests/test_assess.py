from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import muforge as mf
from muforge.assess import JUDGEMENT_NAME, PAGE_NAME, judge_files
from muforge.bundle import Bundle
from muforge.errors import ConfigError, DatasetError, InputFileError, OutputError, SampleError
from muforge.judge import Judgement
from muforge.sample import Sample
from tests.dataset.production import write_flat
from tests.muons import make_sample

MUONS = 1200


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assess")
    write_flat(folder / "prod.root", MUONS)
    mf.ingest([folder / "prod.root"], folder / "ds", protons_on_target=1e6)
    write_flat(folder / "other.root", MUONS, seed=1)
    return folder


@pytest.fixture(scope="module")
def judged(production: Path, untrained_bundle: Bundle) -> Path:
    out = production / "judged"
    judge_files(
        production / "ds", untrained_bundle.directory, out=out, categories=[1, 4], repeats=1, threads=1
    )
    return out


def test_a_bundle_against_a_data_set_leaves_page_and_judgement(judged: Path) -> None:
    assert {path.name for path in judged.iterdir()} == {JUDGEMENT_NAME, PAGE_NAME}
    judgement = Judgement.load(judged / JUDGEMENT_NAME)
    assert judgement.categories.keys() == {1, 4}
    source = judgement.provenance["generated"]
    assert source["kind"] == "bundle"
    assert source["configuration"]["4"]["family"] == "gan"
    families = {result.family for result in judgement.categories[4].results}
    assert {"note_classifier", "strong_classifier", "one_dimensional", "memorisation"} <= families
    assert judgement.categories[4].verdict.grade != "indistinguishable"
    assert "mu- off axis" in (judged / PAGE_NAME).read_text(encoding="utf-8")


def test_every_figure_has_its_null(judged: Path) -> None:
    for category in Judgement.load(judged / JUDGEMENT_NAME).categories.values():
        for result in category.results:
            assert result.null is not None, (result.family, result.name, result.of)


def test_generated_and_null_are_of_one_size(judged: Path) -> None:
    sizes = Judgement.load(judged / JUDGEMENT_NAME).categories[4].muons
    assert sizes["generated"].rows == sizes["null"].rows
    assert sizes["null"].events <= sizes["null"].rows
    assert sizes["generated"].events == sizes["generated"].rows


def test_real_against_real_from_files_is_indistinguishable(production: Path) -> None:
    """Without training events half of the real ones is the null, and there is no test of memorisation."""
    judgement = judge_files(
        production / "prod.root", production / "other.root", categories=[3], repeats=1, threads=1
    )
    category = judgement.categories[3]
    assert category.verdict.grade == "indistinguishable"
    assert category.of_family("memorisation") == ()
    assert judgement.provenance["train"] is None


def test_the_same_seed_gives_the_same_judgement(production: Path) -> None:
    first, second = (
        judge_files(production / "ds", production / "other.root", categories=[2], repeats=1, threads=1)
        for _ in range(2)
    )
    assert first.model_dump_json() == second.model_dump_json()


def test_an_ensemble_tells_what_generated_muons_are_worth(production: Path) -> None:
    judgement = judge_files(
        production / "ds",
        production / "other.root",
        ensemble=[production / "prod.root"],
        categories=[4],
        repeats=1,
        threads=1,
    )
    assert judgement.categories[4].details["amplification"]["members"] == 2
    assert len(judgement.provenance["ensemble"]) == 1


def one_category(path: Path, category: int, rows: int = 120, **replaced: NDArray[Any]) -> Path:
    sample = make_sample(120, category=category)
    mf.write(Sample(sample.columns | replaced).select(slice(0, rows)), path)
    return path


def test_bad_samples_are_named(production: Path, tmp_path: Path) -> None:
    real = production / "prod.root"
    with pytest.raises(
        SampleError, match="category 3: the real muons are of categories 1, 2, 3, 4, the generated"
    ):
        judge_files(real, one_category(tmp_path / "4.root", 4), categories=[3])
    with pytest.raises(SampleError, match="no category in common"):
        judge_files(one_category(tmp_path / "1.root", 1), tmp_path / "4.root")
    with pytest.raises(SampleError, match="generated sample: 1 muons of positive weight, the judge needs"):
        judge_files(real, one_category(tmp_path / "one.root", 4, 1))
    with pytest.raises(SampleError, match="generated sample: all 120 weights are zero"):
        judge_files(real, one_category(tmp_path / "w.root", 4, weight=np.zeros(120)))
    one = np.ones(120)
    constant = one_category(
        tmp_path / "same.root", 4, start_x=one, start_y=one, start_z=one, px=one, py=one, pz=one
    )
    with pytest.raises(SampleError, match="all muons of the real and the generated sample have equal values"):
        judge_files(constant, constant)
    with pytest.raises(InputFileError, match=r"no\.root: no such file"):
        judge_files(real, tmp_path / "no.root")


def test_bad_options_are_named_before_anything_is_judged(
    production: Path, judged: Path, tmp_path: Path
) -> None:
    real = production / "prod.root"
    with pytest.raises(OutputError, match=r"judge\.json: exists already"):
        judge_files(production / "ds", real, out=judged)
    with pytest.raises(OutputError, match="is a file, expected a directory"):
        judge_files(production / "ds", real, out=real)
    with pytest.raises(DatasetError, match="no such data set"):
        judge_files(real, real, train=tmp_path / "no")
    with pytest.raises(ConfigError, match="give --train too"):
        judge_files(real, real, ensemble=[real])
    with pytest.raises(ConfigError, match="repeats 0"):
        judge_files(real, real, repeats=0)
    with pytest.raises(ConfigError, match="threads 0"):
        judge_files(real, real, threads=0)


def test_judge_json_is_strict_json(judged: Path) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads((judged / JUDGEMENT_NAME).read_text(), parse_constant=refuse)
