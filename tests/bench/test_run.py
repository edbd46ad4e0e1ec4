from __future__ import annotations

import json
from pathlib import Path

import pytest

from muforge.bench import engine, exports, note, run, simulation
from muforge.bench.contestant import Contestant, Group, Unavailable
from muforge.bench.engine import FAVOURITE, FORMATS, named
from muforge.bench.run import Benchmark, benchmark, groups
from muforge.bundle import Bundle
from muforge.cli import main
from muforge.errors import ConfigError
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.report.bench import bar_chart

MUONS = 2000


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less of everything, and nothing that takes long to start or to compile."""
    monkeypatch.setattr(note, "MUONS", 64)
    monkeypatch.setattr(engine, "_TORCH_MUONS", 500)
    monkeypatch.setattr(engine, "_IN_MEMORY", 1)

    def absent() -> list[Contestant]:
        raise Unavailable("reference simulation", "pip install it")

    monkeypatch.setattr(run, "simulation", absent)
    monkeypatch.setattr(run, "note_in_keras", lambda bundle, folder: [])
    monkeypatch.setattr(run, "in_cpp", lambda bundle, folder: [])
    monkeypatch.setattr(run, "in_onnx", lambda bundle, folder: [])


@pytest.fixture
def result(tiny: None, tmp_path: Path) -> Benchmark:
    return benchmark(Bundle.load(PACKAGED_BUNDLE), folder=tmp_path, muons=MUONS, turns=2, threads=2)


def test_everything_takes_its_turns(result: Benchmark, tmp_path: Path) -> None:
    names = [each.name for each in result.results]
    assert len(names) == len(set(names))
    assert {named(*each) for each in FORMATS} < set(names)
    assert all(each.rate > 0 for each in result.results)
    favourite = next(each for each in result.results if each.name == FAVOURITE)
    assert favourite.favourite_over == {"median": 1, "min": 1, "max": 1}
    slow = next(each for each in result.results if each.group == Group.note)
    assert slow.favourite_over is not None
    assert slow.favourite_over["median"] == pytest.approx(favourite.rate / slow.rate, rel=1)
    products = next(each for each in result.results if each.unit == "operations")
    assert products.favourite_over is None
    assert result.missing == {"reference simulation": "pip install it"}
    assert result.start_seconds > 0
    assert list(tmp_path.iterdir()) == []
    assert sum(map(len, groups(result.results).values())) == len(names)


def test_the_chart_has_a_bar_for_each(result: Benchmark) -> None:
    figure = bar_chart(result)
    muons = [each for each in result.results if each.unit == "muons"]
    axes = figure.axes[0]
    assert len(axes.patches) == len(muons)
    assert [label.get_text() for label in axes.get_yticklabels()] == [each.name for each in muons]


def test_the_command(tiny: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "bench"
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--out", str(out), "--muons", "1e3", "--turns", "1", "--threads", "1"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert FAVOURITE in shown
    assert "reference simulation took no part: pip install it" in shown
    written = json.loads((out / "bench.json").read_text())
    assert written["muons"] == 1000
    assert len(written["results"]) > len(FORMATS)
    assert (out / "bench.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in out.iterdir()) == ["bench.json", "bench.png"]


@pytest.mark.parametrize("option", ["muons", "turns", "threads"])
def test_numbers_are_positive(option: str, tmp_path: Path) -> None:
    number = {"muons": MUONS, "turns": 1, "threads": 1} | {option: 0}
    with pytest.raises(ConfigError, match=f"--{option} 0: must be at least 1"):
        benchmark(
            Bundle.load(PACKAGED_BUNDLE),
            folder=tmp_path,
            muons=number["muons"],
            turns=number["turns"],
            threads=number["threads"],
        )


def test_what_is_not_installed_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle.load(PACKAGED_BUNDLE)
    for module in (note, simulation, exports):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(Unavailable, match="pip install keras"):
        note.note_in_keras(bundle, tmp_path)
    with pytest.raises(Unavailable, match=r"muforge\[simulate\]"):
        simulation.simulation()
    with pytest.raises(Unavailable, match=r"muforge\[export\]"):
        exports.in_onnx(bundle, tmp_path)
    with pytest.raises(Unavailable, match=r"install g\+\+"):
        exports.in_cpp(bundle, tmp_path)
