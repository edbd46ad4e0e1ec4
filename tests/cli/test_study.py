"""`muforge study` as a user meets it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import Field

import muforge.study
from muforge.dataset.store import Dataset
from muforge.errors import ConfigError, Interrupted
from muforge.report.study import StudyFigure
from muforge.studies import STUDIES, study_module
from muforge.studies.protocol import Place, Study, StudyConfig, Table
from muforge.study import study_config
from tests.cli.test_cli import run
from tests.studies.tiny import tiny_dataset

NAME = "smearing"
"""Of a study whose module is replaced."""


class Fake:
    """In the place of a study's module."""

    class Config(StudyConfig):
        limit: float = Field(default=0.5, gt=0, description="of the fake")

    LARGE = Config(limit=2.0)
    stopped = False

    @classmethod
    def run(cls, place: Place, config: Config) -> Study:
        if cls.stopped:
            raise Interrupted("interrupted; the same command goes on")
        place.progress("a training", 1, 2, {})
        muons = len(place.data.load(config.category, "test"))
        table = Table("Muons <b>here</b>.", ("limit", "muons"), ((f"{config.limit:g}", str(muons)),))
        return Study((f"There are {muons} muons.",), (table,), {"muons": muons})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("study"), 300)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[Fake]:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.add_subplot()
    drawn = [StudyFigure("picture", figure, "A picture.")]
    monkeypatch.setattr(muforge.study, "study_module", lambda name: study_module(name) and Fake)
    monkeypatch.setattr("muforge.report.study.study_figures", lambda name, details: drawn)
    monkeypatch.setattr(Fake, "stopped", False)
    return Fake


def test_a_study_leaves_results_figures_and_a_page(
    fake: type[Fake], data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("study", NAME, data.directory, "--out", out, "--set", "limit=0.25", "--set", "category=1") == 0
    printed = capsys.readouterr().out
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert result["study"] == NAME
    assert result["config"]["limit"] == 0.25
    muons = len(data.load(1, "test"))
    assert f"- There are {muons} muons." in printed
    assert result["tables"][0]["rows"] == [["0.25", str(muons)]]
    assert (out / "figures" / "picture.png").is_file()
    page = (out / "page.html").read_text(encoding="utf-8")
    assert "Muons &lt;b&gt;here&lt;/b&gt;." in page
    assert "limit: 0.25" in page
    assert not re.search(r"(src|href)=.https?:", page)
    again = [part for each in ("limit=0.25", "category=1") for part in ("--set", each)]
    assert run("study", NAME, data.directory, "--out", out, *again) == 0


def test_an_interrupted_study_goes_on(fake: type[Fake], data: Dataset, tmp_path: Path) -> None:
    command = ("study", NAME, data.directory, "--out", tmp_path / "out")
    fake.stopped = True
    assert run(*command) == Interrupted.exit_code
    assert not (tmp_path / "out" / "result.json").exists()
    fake.stopped = False
    assert run(*command) == 0


def test_options_come_from_a_file_and_over_it(fake: type[Fake], data: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "own.yaml").write_text("study: smearing\nlimit: 3\nseeds: 9\n", encoding="utf-8")
    assert (
        run(
            "study", NAME, data.directory, "--out", out, "--config", tmp_path / "own.yaml", "--set", "seeds=4"
        )
        == 0
    )
    config = json.loads((out / "result.json").read_text(encoding="utf-8"))["config"]
    assert (config["limit"], config["seeds"]) == (3, 4)


def test_studies_and_their_options_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("study") == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in STUDIES)
    assert run("study", "gan-vae", "--options", "--set", "seeds=7") == 0
    printed = capsys.readouterr().out
    assert "seeds: 7\n" in printed
    assert "# whose" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "study 'nothing': unknown; known are smearing"),
        ((NAME, "--set", "limit=-1"), "study 'smearing': limit: -1"),
        ((NAME, "--set", "lim=1"), "study 'smearing': lim: unknown option"),
        ((NAME, "--set", "limit"), "--set limit: expected KEY=VALUE, e.g. seeds=5"),
        ((NAME,), "study 'smearing': give the data set and --out"),
    ],
)
def test_bad_input_is_one_line(
    fake: type[Fake], arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("study", *arguments) == 1
    error = capsys.readouterr().err.strip()
    assert "\n" not in error
    assert f"muforge: error: {message}" in error


def test_a_directory_of_something_else_is_refused(
    fake: type[Fake], data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    assert run("study", NAME, data.directory, "--out", tmp_path) == 1
    assert "holds other files than a study's" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine"
    out = tmp_path / "out"
    assert run("study", NAME, data.directory, "--out", out) == 0
    assert run("study", NAME, data.directory, "--out", out, "--set", "limit=1") == 1
    assert "holds a study with other options" in capsys.readouterr().err


def test_every_study_has_a_small_and_a_large_configuration() -> None:
    for name in STUDIES:
        small, large = study_config(name, {}), study_config(name, {}, large=True)
        assert type(small) is type(large)
        assert small != large
        assert all(field.description for field in type(small).model_fields.values()), name
    with pytest.raises(ConfigError, match="unknown"):
        study_config("nothing", {})
