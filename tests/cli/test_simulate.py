from __future__ import annotations

from pathlib import Path

import pytest

import muforge as mf
from tests.cli.test_cli import error_of, run

SMALL = tuple(f"--boost={name}=1" for name in ("charm", "beauty", "charmonium", "drell_yan"))


def test_simulate_and_ingest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pythia8mc", reason="pythia8mc is not installed (pip install 'muforge[simulate]')")
    out = tmp_path / "ref.root"
    assert (
        run("simulate", "--pot", "2e2", "--seed", 1, "--jobs", 1, "--exit", "none", "--out", out, *SMALL) == 0
    )
    printed = capsys.readouterr()
    assert "200 protons on target" in printed.out
    assert "pion and kaon decay" in printed.out
    assert f"wrote {out}" in printed.out
    assert printed.err == ""
    assert run("ingest", out, "--out", tmp_path / "ds") == 0
    assert mf.Dataset.open(tmp_path / "ds").protons_on_target == 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pot", "0"], "--pot 0: must be a number of protons from 1"),
        (["--pot", "1.5"], "--pot 1.5: must be a whole number of protons"),
        (["--pot", "nan"], "--pot nan: must be a whole number"),
        (["--energy", "19"], "--energy: 19.0: Input should be greater than or equal to 20"),
        (["--energy", "7001"], "--energy: 7001.0: Input should be less than or equal to 7000"),
        (["--ecut", "0"], "--ecut: 0.0"),
        (["--ecut", "30", "--energy", "25"], "--ecut 30 GeV: protons of 25 GeV make no such muon"),
        (["--boost", "muonium=3"], "--boost muonium: unknown source; known are pion, kaon"),
        (["--boost", "kaon"], "--boost kaon: must be SOURCE=FACTOR"),
        (["--boost", "kaon=-1"], "--boost kaon: '-1': Input should be greater than 0"),
        (["--target", "nowhere"], "target 'nowhere': neither a file nor one of ship-2018"),
    ],
)
def test_one_line_for_what_is_wrong(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("simulate", "--pot", 10, *arguments, "--out", tmp_path / "ref.root") == 1
    assert message in error_of(capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("slabs", "message"),
    [
        ("[{material: Kryptonite, length: 3}]", "mine.yaml: material Kryptonite: unknown; known are"),
        (
            "[{material: W, length: 3}, {material: Fe, length: 3, start: 1}]",
            "mine.yaml: slab 2 (Fe) starts at 1 cm",
        ),
        ("[{material: W, length: -3}]", "mine.yaml: target.0.length: -3"),
    ],
)
def test_impossible_targets(
    slabs: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"name: mine\nradius: 5\ntarget: {slabs}\n")
    assert run("simulate", "--pot", 10, "--target", file, "--out", tmp_path / "ref.root") == 1
    assert message in error_of(capsys)
    assert list(tmp_path.iterdir()) == [file]
