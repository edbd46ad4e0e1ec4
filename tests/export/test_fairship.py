"""FairShip's generator, built against stand-ins for FairRoot, hands on the muons that Python makes."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from muforge.bundle import Bundle
from muforge.errors import ConfigError, OutputError
from muforge.export.fairship import HEADER, SOURCES, export_fairship
from muforge.quickstart.tour import PACKAGED_BUNDLE
from tests.export.compiling import HERE, REPOSITORY, build, output_of, root_installation
from tests.export.made_by_python import muons

STAND_INS = HERE / "stand_ins"
JOB = HERE / "cpp" / "fairship_job.cpp"
PAGE = REPOSITORY / "integrations" / "fairship" / "README.md"
SEED, FIRST, MUONS, PROTONS = 5, 2**32 + 4000, 20_000, 1e8
MASS = 0.105658

WHOLE = ("pdg", "parent", "tracked")
REAL = ("px", "py", "pz", "x", "y", "z", "energy", "time", "weight")
TRACK = np.dtype([*((name, np.int32) for name in WHOLE), *((name, np.float64) for name in REAL)], align=True)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(PACKAGED_BUNDLE)


@pytest.fixture(scope="module")
def exported(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_fairship(bundle, tmp_path_factory.mktemp("fairship") / "shipgen")


@pytest.fixture(scope="module")
def job(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    include = [exported, STAND_INS / "fairroot", STAND_INS / "root"]
    program = tmp_path_factory.mktemp("job") / "job"
    return build(program, [JOB, exported / "MuforgeGenerator.cxx"], "-O1", include=include)


def tracks(
    job: Path,
    *,
    protons: float = PROTONS,
    z_offset: float = 0,
    smear: float = 0,
    paint: float = 0,
    phi: bool = False,
) -> NDArray[np.void]:
    settings = (protons, z_offset, smear, paint, int(phi))
    return np.frombuffer(output_of(job, SEED, FIRST, MUONS, *settings), TRACK)


def test_the_tracks_are_the_muons_of_python(job: Path, bundle: Bundle) -> None:
    found, expected = tracks(job, z_offset=-7084.5), muons(bundle, SEED, FIRST, MUONS)
    assert len(found) == MUONS
    columns = {"x": "start_x", "y": "start_y"} | {name: name for name in ("pdg", "px", "py", "pz")}
    for name, column in columns.items():
        np.testing.assert_array_equal(found[name], expected[column], err_msg=name)
    np.testing.assert_array_equal(found["z"], expected["start_z"].astype(np.float64) - 7084.5)
    momentum = np.stack([expected[name].astype(np.float64) for name in ("px", "py", "pz")])
    np.testing.assert_allclose(found["energy"], np.sqrt((momentum**2).sum(axis=0) + MASS**2), rtol=1e-14)
    assert set(found["parent"]) == {-1}
    assert set(found["tracked"]) == {1}
    assert set(found["time"]) == {0}
    assert set(found["weight"]) == {bundle.protons_on_target / PROTONS}


def test_without_protons_the_weight_is_that_of_the_jobs_own_muons(job: Path, bundle: Bundle) -> None:
    weight = bundle.protons_on_target / (MUONS / sum(bundle.rates.values()))
    assert set(tracks(job, protons=0)["weight"]) == {weight}


def test_the_beam_is_smeared_and_painted(job: Path) -> None:
    plain, smeared, painted = tracks(job), tracks(job, smear=0.8), tracks(job, paint=5)
    for name in ("px", "py", "pz", "z"):
        np.testing.assert_array_equal(smeared[name], plain[name])
        np.testing.assert_array_equal(painted[name], plain[name])
    shift = np.stack([smeared[name] - plain[name] for name in ("x", "y")])
    np.testing.assert_allclose(shift.std(axis=1), 0.8, rtol=5 / np.sqrt(2 * MUONS))
    np.testing.assert_allclose(shift.mean(axis=1), 0, atol=5 * 0.8 / np.sqrt(MUONS))
    assert np.corrcoef(shift)[0, 1] == pytest.approx(0, abs=5 / np.sqrt(MUONS))
    circle = np.hypot(painted["x"] - plain["x"], painted["y"] - plain["y"])
    np.testing.assert_allclose(circle, 5, rtol=1e-12)
    assert (painted["x"] - plain["x"]).mean() == pytest.approx(0, abs=5 * 5 / np.sqrt(2 * MUONS))


def test_a_random_azimuth_turns_the_whole_muon(job: Path) -> None:
    plain, turned = tracks(job), tracks(job, phi=True)
    vertex, momentum = (
        [each["x"] + 1j * each["y"], each["px"] + 1j * each["py"]] for each in (plain, turned)
    )
    turn = momentum[1] / vertex[1]
    np.testing.assert_allclose(np.abs(turn), 1, rtol=1e-12)
    np.testing.assert_allclose(momentum[0], vertex[0] * turn, atol=1e-12)
    assert np.abs(turn.mean()) < 5 / np.sqrt(MUONS)
    for name in ("pz", "z", "energy"):
        np.testing.assert_allclose(turned[name], plain[name], rtol=1e-14)


def test_no_muons_are_refused(job: Path) -> None:
    done = subprocess.run([str(job), "1", "0", "0", *"00000"], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "0 muons, must be a positive number" in done.stderr


def test_the_lines_of_the_page_are_python() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    methods = re.findall(r"MuforgeGen\.(\w+)\(", "".join(blocks))
    declared = (PAGE.parent / "MuforgeGenerator.h").read_text()
    for block in blocks:
        ast.parse(block)
    assert len(methods) == 4
    assert all(f" {method}(" in declared for method in methods)


def test_rootcling_takes_the_line_of_the_page(exported: Path, tmp_path: Path) -> None:
    """And ROOT's own headers are what the generator is written for."""
    root = root_installation()
    lines = ["#pragma link C++ class FairGenerator + ;", *re.findall(r"#pragma link.*", PAGE.read_text())]
    (tmp_path / "LinkDef.h").write_text("\n".join(["#ifdef __CLING__", *lines, "#endif"]))
    include = [exported, STAND_INS / "fairroot"]
    command = [str(root.rootcling), "-f", "dictionary.cxx", *(f"-I{each}" for each in include)]
    headers = ["FairGenerator.h", "MuforgeGenerator.h", "LinkDef.h"]
    done = subprocess.run([*command, *headers], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sources = [tmp_path / "dictionary.cxx", exported / "MuforgeGenerator.cxx", JOB]
    options = ["-O0", *root.options("Core", "RIO", "EG", "MathCore")]
    program = build(tmp_path / "job", sources, *options, include=include)
    found = np.frombuffer(output_of(program, SEED, FIRST, 100, PROTONS, 0, 0, 0, 0), TRACK)
    expected = muons(Bundle.load(PACKAGED_BUNDLE), SEED, FIRST, 100)
    np.testing.assert_array_equal(found["pz"], expected["pz"])
    np.testing.assert_array_equal(found["pdg"], expected["pdg"])


def test_files_of_others_are_kept(bundle: Bundle, untrained_bundle: Bundle, tmp_path: Path) -> None:
    out = tmp_path / "shipgen"
    with pytest.raises(ConfigError, match="category 1: model family 'gan'"):
        export_fairship(untrained_bundle, out)
    export_fairship(bundle, out)
    assert {file.name for file in out.iterdir()} == {HEADER, *SOURCES}
    with pytest.raises(OutputError, match="give --force"):
        export_fairship(bundle, out)
    export_fairship(bundle, out, force=True)
    (out / "MuonBackGenerator.cxx").touch()
    with pytest.raises(OutputError, match=r"holds 'MuonBackGenerator\.cxx'"):
        export_fairship(bundle, out, force=True)
