from __future__ import annotations

import json
from pathlib import Path

import pytest

from muforge.errors import InputFileError
from muforge.judge.judgement import CategoryJudgement, Judgement, SampleSize
from muforge.judge.result import Result
from muforge.judge.verdict import Verdict
from tests.judge.toy import toy


@pytest.fixture
def judgement() -> Judgement:
    result = Result("pairs", "chi2", "px, py", 1.1, 0.1, 1.0, None, 0.3, 50.0, 1.0)
    category = CategoryJudgement(
        category=4,
        title="mu- off axis",
        verdict=Verdict("indistinguishable", "headline", "text", 0.3),
        results=(result,),
        details={"pairs": {"pairs": [{"x": "px", "y": "py", "value": 1.1}]}},
        muons={"real": SampleSize.of(toy(90, 1, per_event=3))},
    )
    return Judgement(name="toy", categories={4: category}, provenance={"seed": 0})


def test_saved_and_loaded_is_the_same(judgement: Judgement, tmp_path: Path) -> None:
    path = tmp_path / "judge.json"
    judgement.save(path)
    assert Judgement.load(path) == judgement
    content = json.loads(path.read_text())
    assert content["schema_version"] == 1
    assert content["categories"]["4"]["results"][0]["of"] == "px, py"
    assert list(tmp_path.iterdir()) == [path]


def test_size_counts_events(judgement: Judgement) -> None:
    size = judgement.categories[4].muons["real"]
    assert (size.rows, size.events) == (90, 30)


def test_figures_of_one_family(judgement: Judgement) -> None:
    assert len(judgement.categories[4].of_family("pairs")) == 1
    assert judgement.categories[4].of_family("kernel") == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"schema_version":1', '"schema_version":2', "schema_version: 2"),
        ('"value":1.1,"error"', '"value":"x","error"', "categories.4.results.0.value"),
        ('"name":"toy",', "", "name: missing"),
        ("{", "", "not a judgement"),
    ],
)
def test_damage_is_named(judgement: Judgement, tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "judge.json"
    text = judgement.model_dump_json()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputFileError, match=message):
        Judgement.load(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"judge\.json: cannot be read"):
        Judgement.load(tmp_path / "judge.json")
