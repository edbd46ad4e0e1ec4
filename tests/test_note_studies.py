"""Studies go into the page and into a record, once each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from benchmarks import record
from matplotlib.figure import Figure
from scripts import note_studies

import muforge as mf
from muforge.errors import Interrupted
from muforge.report.study import StudyFigure
from muforge.studies import STUDIES
from muforge.studies.protocol import Place, Study, StudyConfig, Table
from tests.dataset.production import write_flat

RUNS: list[str] = []


class _Config(StudyConfig):
    answer: str = "0.5 ± 0.1"


def _module(name: str) -> ModuleType:
    def run(place: Place, config: _Config) -> Study:
        RUNS.append(name)
        if place.data.directory.name == "interrupted":
            raise Interrupted("interrupted; the same command goes on")
        table = Table("A caption.", ("a|b", "c"), (("1", "2\n3"),))
        return Study((f"{name}: {config.answer}",), (table,), {"bulky": list(range(100))})

    module = ModuleType(name)
    vars(module).update(Config=_Config, LARGE=_Config(answer="large"), run=run)
    return module


def _figures(details: dict[str, Any]) -> list[StudyFigure]:
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot(details["bulky"])
    return [StudyFigure("line", figure, "A line [GeV].")]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with data, a page with two blocks and an empty folder of records."""
    RUNS.clear()
    drawing = ModuleType("drawing")
    vars(drawing).update(figures=_figures)
    for name in ("one", "two"):
        monkeypatch.setitem(STUDIES, name, "Is it?")
        monkeypatch.setitem(sys.modules, f"muforge.studies.{name}", _module(name))
        monkeypatch.setitem(sys.modules, f"muforge.report.studies.{name}", drawing)
    docs, records = tmp_path / "docs", tmp_path / "records"
    docs.mkdir()
    records.mkdir()
    (docs / "note.md").write_text("".join(f"<!-- begin {n} -->\n<!-- end {n} -->\n" for n in ("one", "two")))
    monkeypatch.setattr(note_studies, "DOCS", docs)
    monkeypatch.setattr(note_studies, "RECORDS", records)
    monkeypatch.setattr(record, "RECORDS", records)
    write_flat(tmp_path / "prod.root", 200)
    mf.ingest([tmp_path / "prod.root"], tmp_path / "ds")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _main(monkeypatch: pytest.MonkeyPatch, *arguments: str, dataset: str = "ds") -> None:
    monkeypatch.setattr(sys, "argv", ["note_studies", dataset, *arguments])
    note_studies.main()


def _record(place: Path, what: str = "note") -> dict[str, Any]:
    (path,) = (place / "records").glob(f"*-{what}.json")
    return dict(json.loads(path.read_text()))


def test_what_is_found_is_in_the_page_and_in_the_record(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _main(monkeypatch, "--only", "one", "two")
    page = (place / "docs" / "note.md").read_text()
    assert "- one: 0.5 ± 0.1" in page
    assert "- two: 0.5 ± 0.1" in page
    assert "A caption.\n\n| a\\|b | c |\n|---|---|\n| 1 | 2 3 |\n" in page
    assert "![A line (GeV).](note/one-line.png)\n\nA line [GeV]." in page
    assert (place / "docs" / "note" / "two-line.png").is_file()
    entry = _record(place)["studies"]["one"]
    assert entry["answers"] == ["one: 0.5 ± 0.1"]
    assert entry["command"] == "muforge study one DATASET --out one"
    assert entry["config"]["seeds"] == 3
    assert entry["seconds"] > 0
    assert "details" not in entry


def test_finished_studies_are_not_run_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _main(monkeypatch, "--only", "one")
    before = _record(place)["studies"]["one"]
    _main(monkeypatch, "--only", "one", "two")
    assert RUNS == ["one", "two"]
    assert _record(place)["studies"]["one"] == before


def test_only_leaves_the_others_as_they_are(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _main(monkeypatch, "--only", "one")
    page = (place / "docs" / "note.md").read_text()
    assert "<!-- begin two -->\n<!-- end two -->" in page
    _main(monkeypatch, "--only", "two")
    assert (place / "docs" / "note.md").read_text().startswith(page.split("<!-- begin two")[0])
    assert set(_record(place)["studies"]) == {"one", "two"}


def test_large_ones_stay_out_of_the_page(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (place / "docs" / "note.md").read_text()
    _main(monkeypatch, "--only", "one", "--large")
    assert (place / "docs" / "note.md").read_text() == page
    assert not (place / "docs" / "note").exists()
    assert (place / "build" / "studies-large" / "one" / "page.html").is_file()
    assert _record(place, "note-large")["studies"]["one"]["answers"] == ["one: large"]


def test_interrupted_ones_go_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (place / "docs" / "note.md").read_text()
    (place / "ds").rename(place / "interrupted")
    with pytest.raises(SystemExit, match="the same command goes on"):
        _main(monkeypatch, "--only", "one", dataset="interrupted")
    assert (place / "docs" / "note.md").read_text() == page
    first = json.loads((place / "build" / "studies" / "one" / "spent.json").read_text())["seconds"]
    (place / "interrupted").rename(place / "ds")
    _main(monkeypatch, "--only", "one")
    assert RUNS == ["one", "one"]
    assert _record(place)["studies"]["one"]["seconds"] > first


def test_results_of_other_data_are_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _main(monkeypatch, "--only", "one")
    write_flat(place / "other.root", 200, seed=7)
    mf.ingest([place / "other.root"], place / "other")
    with pytest.raises(SystemExit, match="is of another data set"):
        _main(monkeypatch, "--only", "one", dataset="other")
