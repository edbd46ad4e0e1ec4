from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import muforge as mf
from muforge.bundle import Bundle
from muforge.cli import main
from muforge.files import sha256
from muforge.formats import write
from muforge.spill.generate import generate_files
from tests.dataset.production import write_flat
from tests.formats.muons import some_muons
from tests.test_about import CERTIFIED, JUDGED, written


def shown(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[str]:
    """The lines that `muforge info` prints."""
    with pytest.raises(SystemExit) as stop:
        main(["info", *map(str, arguments)])
    assert stop.value.code == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return [line.rstrip() for line in captured.out.splitlines()]


def error_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line on standard error."""
    with pytest.raises(SystemExit) as stop:
        main(["info", *map(str, arguments)])
    assert stop.value.code == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


@pytest.fixture
def spill(untrained_bundle: Bundle, tmp_path: Path) -> Path:
    generate_files(untrained_bundle, tmp_path / "spill.root", muons=2500, seed=5)
    return tmp_path / "spill.root"


def test_a_generated_file(capsys: pytest.CaptureFixture[str], untrained_bundle: Bundle, spill: Path) -> None:
    lines = shown(capsys, spill)
    for line in (
        f"file of muons        {spill}",
        "format               flat",
        f"SHA-256              {sha256(spill)}",
        "entries              2,500",
        "weights stand for    1e+06 protons on target",
        "events               unknown, each muon counts as one",
        "energy cut           10 GeV",
        f"made by              muforge {mf.__version__}",
        f"model                untrained, {untrained_bundle.identity}",
        "seed                 5",
        "muons of the spill   2,500",
        "file of the spill    1 of 1",
        "modelled             start_x, start_y, start_z, px, py, pz",
        "smearing             none: muons before beam smearing and random azimuth",
    ):
        assert line in lines
    columns = next(line for line in lines if line.startswith("columns"))
    assert columns.startswith("columns              id, px [GeV], py [GeV], pz [GeV], x [m], ")
    assert any(line.startswith("not modelled         start_t, plane_x") for line in lines)
    rows = [line.split() for line in lines if line.endswith("not judged")]
    n_eff = untrained_bundle.n_eff
    assert rows == [[str(category), f"{n_eff[category]:,.0f}", "not", "judged"] for category in n_eff]


def test_a_file_of_a_judged_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    record = {
        "muforge_version": "1",
        "model": {"name": "best", "identity": "ab"},
        "training_n_eff": {"2": 1234.5, "4": 7.0},
        "judged": {"2": JUDGED, "3": JUDGED | {"null": None}},
    }
    written(tmp_path / "muons", record)
    rows = [line.split() for line in shown(capsys, tmp_path / "muons")]
    measured = ["0.5500", "±", "0.0100"]
    assert ["2", "1,234", *measured, "0.5000", "±", "0.0100", "1.25", "1.25"] in rows
    assert ["3", "unknown", *measured, "n/a", "1.25", "n/a"] in rows
    assert ["4", "7", "not", "judged"] in rows


def test_a_file_without_a_record(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(some_muons(3), tmp_path / "muons", metadata={}, title="odd :smile: [red]title[/red]")
    lines = shown(capsys, tmp_path / "muons", "--no-checksum")
    assert "weights stand for    unknown" in lines
    assert "energy cut           unknown" in lines
    assert "title                odd :smile: [red]title[/red]" in lines
    assert lines[-1] == "made by              unknown: no record of muforge"
    assert not any("SHA-256" in line for line in lines)


def test_a_production(capsys: pytest.CaptureFixture[str], root_files: Path) -> None:
    lines = shown(capsys, root_files / "vectors.root")
    assert any(line.startswith("entries ") and line.endswith(" events") for line in lines)
    assert "weights stand for    1e+09 protons on target" in lines


def test_a_simulated_file(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, CERTIFIED.parent / "sample.root")
    assert any(line.endswith("reference simulation of protons of 400 GeV") for line in lines)
    assert "events               known" in lines


def test_a_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, CERTIFIED)
    bundle = Bundle.load(CERTIFIED)
    assert f"identity             {bundle.identity}" in lines
    assert "replicas             0" in lines
    rows = [line.split() for line in lines]
    assert ["3", "mu+", "off", "axis", "flow", "10,748", f"{bundle.rates[3]:.3e}"] in rows
    record = bundle.manifest.categories[4]
    assert record.judged is not None
    assert [f"{record.n_eff:,.0f}", f"{record.judged['generated']['auc']:.4f}"] in [row[1:3] for row in rows]
    assert lines[-1] == f"category-4.safetensors SHA-256 {record.weights.sha256}"


def test_a_data_set(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_flat(tmp_path / "prod.root", 800)
    (tmp_path / "bad.root").write_text("x")
    data = mf.ingest([tmp_path / "prod.root", tmp_path / "bad.root"], tmp_path / "ds").dataset
    lines = shown(capsys, tmp_path / "ds")
    assert "files                1" in lines
    assert "files left out       1" in lines
    assert "weights stand for    2.5e+13 protons on target (assumed: one SHiP spill)" in lines
    splits = [f"{count}" for count in data.manifest.categories[2].split.values()]
    assert any(
        line.split()[:5] == ["2", "mu-", "on", "axis", "200"] and line.split()[-3:] == splits
        for line in lines
    )


def test_json_holds_all_of_it(
    capsys: pytest.CaptureFixture[str], untrained_bundle: Bundle, spill: Path
) -> None:
    file = json.loads("\n".join(shown(capsys, spill, "--json")))
    assert (file["kind"], file["entries"], file["columns"]["ox"]) == ("file of muons", 2500, "m")
    assert file["origin"]["judged"] == {"1": None, "2": None, "3": None, "4": None}
    bundle = json.loads("\n".join(shown(capsys, untrained_bundle.directory, "--json")))
    assert (bundle["kind"], bundle["identity"]) == ("bundle", untrained_bundle.identity)
    assert bundle["categories"]["1"]["judged"] is None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing", None, "no such file"),
        ("empty", b"", "the file is empty"),
        ("text", b"px,py,pz", "not a ROOT, Parquet, HDF5 or .npy file"),
        ("root", b"root" + b"\xff" * 200, "cannot be read, perhaps damaged"),
        ("hdf5", b"\x89HDF" + bytes(200), "cannot be read, perhaps damaged"),
        ("npy", b"\x93NUMPY" + bytes(200), "cannot be read, perhaps damaged"),
        ("parquet", b"PAR1" + bytes(200), "cannot be read, perhaps damaged"),
        (".", None, "is a directory with neither bundle.json nor dataset.json"),
    ],
)
def test_bad_input_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert error_of(capsys, tmp_path / name).startswith(f"muforge: error: {tmp_path / name}: {message}")


def test_torch_is_not_needed(untrained_bundle: Bundle, spill: Path) -> None:
    code = (
        "import sys\n"
        "from muforge.about import about\n"
        "for path in sys.argv[1:]:\n"
        "    about(path)\n"
        "print('torch' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, str(spill), str(untrained_bundle.directory)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"
