from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import uproot

import muforge as mf
from muforge.errors import ConfigError, Interrupted, OutputError, SimulationError
from muforge.formats import metadata_of
from muforge.reference import simulate as module
from muforge.reference.config import Boosts, SimulationConfig
from muforge.reference.simulate import Progress, Simulation, simulate
from muforge.sample import effective_sample_size

pytest.importorskip("pythia8mc", reason="pythia8mc is not installed (pip install 'muforge[simulate]')")

CONFIG = SimulationConfig(exit="none", boosts=Boosts(charm=40.0, beauty=1.0, charmonium=1.0, drell_yan=1.0))
POT = 110
FEW_HARD = [f"--boost={name}=1" for name in ("charm", "beauty", "charmonium", "drell_yan")]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROTONS_PER_CHUNK", 40)


def run(out: Path, **options: object) -> Simulation:
    return simulate(out, **({"pot": POT, "seed": 3, "config": CONFIG, "jobs": 1} | options))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Simulation]:
    """The file of an uninterrupted run with one job."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(module, "PROTONS_PER_CHUNK", 40)
        out = tmp_path_factory.mktemp("whole") / "ref.root"
        return out, run(out)


def test_the_bytes_do_not_depend_on_the_jobs(whole: tuple[Path, Simulation], tmp_path: Path) -> None:
    states: list[Progress] = []
    run(tmp_path / "ref.root", jobs=2, progress=states.append)
    assert (tmp_path / "ref.root").read_bytes() == whole[0].read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["ref.root"]
    assert [state.done for state in states] == [0, 40, 80, 110]
    assert states[-1].muons == whole[1].muons


def test_another_seed_gives_other_muons(whole: tuple[Path, Simulation], tmp_path: Path) -> None:
    run(tmp_path / "ref.root", seed=4)
    assert mf.read(tmp_path / "ref.root").sum_of_weights != mf.read(whole[0]).sum_of_weights


def test_what_the_file_holds(whole: tuple[Path, Simulation]) -> None:
    out, result = whole
    sample = mf.read(out)
    assert sample.protons_on_target == POT
    assert sample.events_known
    assert len(sample) == result.muons > 100
    assert (np.diff(sample["event"]) >= 0).all()
    assert sample["event"].min() >= 0
    assert sample["event"].max() < POT
    end = CONFIG.target.stack().edges[-1]
    np.testing.assert_allclose(sample["plane_z"], end, rtol=1e-6)
    assert (sample["plane_pz"] > 0).all()
    assert (sample["start_t"] > 0).all()
    assert (sample["ecut"] == 10).all()
    for origin, part in result.by_origin.items():
        weight = sample.weight[sample["origin"] == origin]
        assert part.muons == len(weight)
        assert part.per_proton == pytest.approx(weight.sum() / POT, rel=1e-6)
        assert part.n_eff == pytest.approx(effective_sample_size(weight), rel=1e-6)
    with uproot.open(out) as file:
        assert f"POT = {POT}" in file["pythia8-Geant4"].title
    metadata = metadata_of(out)
    assert metadata["simulation"] == CONFIG.resolved()
    assert SimulationConfig.model_validate(metadata["simulation"]) == CONFIG


def test_parquet_holds_the_same(whole: tuple[Path, Simulation], tmp_path: Path) -> None:
    run(tmp_path / "ref.parquet", format="parquet")
    flat, parquet = mf.read(whole[0]), mf.read(tmp_path / "ref.parquet")
    assert flat.names == parquet.names
    for name in flat.names:
        np.testing.assert_allclose(parquet[name], flat[name], rtol=2e-7, err_msg=name)


def test_files_add_up(whole: tuple[Path, Simulation], tmp_path: Path) -> None:
    run(tmp_path / "more.root", pot=60, seed=9)
    dataset = mf.ingest([whole[0], tmp_path / "more.root"], tmp_path / "ds").dataset
    assert dataset.protons_on_target == POT + 60
    weights = sum(mf.read(path).sum_of_weights for path in (whole[0], tmp_path / "more.root"))
    assert sum(dataset.rate(category) for category in (1, 2, 3, 4)) == pytest.approx(weights / (POT + 60))


def test_an_interrupted_simulation_goes_on(whole: tuple[Path, Simulation], tmp_path: Path) -> None:
    out = tmp_path / "ref.root"

    def interrupt(state: Progress) -> None:
        if state.done == 80:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="80 of 110 protons are kept"):
        run(out, progress=interrupt)
    assert not out.exists()
    states: list[Progress] = []
    result = run(out, jobs=2, progress=states.append)
    assert states[0].done == states[0].before == result.kept == 80
    assert out.read_bytes() == whole[0].read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["ref.root"]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_command_ended_by_a_signal_goes_on(end: signal.Signals, tmp_path: Path) -> None:
    """Real processes: two workers, chunks of 5,000 protons at small boosts."""
    command = [
        sys.executable,
        "-m",
        "muforge",
        "simulate",
        "--pot",
        "7500",
        "--jobs",
        "2",
        "--out",
        "ref.root",
    ]
    process = subprocess.Popen([*command, *FEW_HARD], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    chunks = tmp_path / ".ref.root.chunks"
    deadline = time.monotonic() + 300
    while not list(chunks.glob("chunk-*.parquet")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(end)
    _, error = process.communicate(timeout=60)
    assert process.returncode == (130 if end == signal.SIGINT else -end)
    if end == signal.SIGINT:
        assert "protons are kept" in error
    kept = {path.name: path.stat().st_mtime_ns for path in chunks.glob("chunk-*.parquet")}
    assert kept
    assert not (tmp_path / "ref.root").exists()
    done = subprocess.run([*command, *FEW_HARD], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "protons were simulated before and are kept" in done.stdout
    assert mf.read(tmp_path / "ref.root").protons_on_target == 7500
    assert not chunks.exists()


def test_chunks_of_another_simulation_are_not_mixed_in(tmp_path: Path) -> None:
    out = tmp_path / "ref.root"

    def interrupt(state: Progress) -> None:
        if state.done == 40:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        run(out, progress=interrupt)
    with pytest.raises(OutputError, match="another simulation"):
        run(out, seed=5)
    assert run(out, seed=5, force=True, pot=30).kept == 0


def test_a_full_disk_is_named(small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (1024 * 1024 - 40_000))
    with pytest.raises(OutputError, match="no space left on the disk"):
        run(small_disk / "ref.root", config=SimulationConfig(boosts=CONFIG.boosts, exit="none"))
    assert not (small_disk / "ref.root").exists()
    filler.unlink()
    assert run(small_disk / "ref.root").muons > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pot": 0}, "--pot 0: must be a number of protons from 1"),
        ({"pot": -5}, "--pot -5"),
        ({"pot": 2**31}, "--pot 2147483648"),
        ({"seed": -1}, "--seed -1"),
        ({"format": "hdf5"}, "format 'hdf5': must be one of flat, parquet"),
    ],
)
def test_impossible_requests(options: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        run(tmp_path / "ref.root", **options)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "ref.root"
    out.write_text("thesis")
    with pytest.raises(OutputError, match="exists already"):
        run(out)
    assert out.read_text() == "thesis"
    with pytest.raises(OutputError, match="no such directory"):
        run(tmp_path / "nowhere" / "ref.root")


def test_without_the_extra_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(SimulationError, match=r"needs Pythia 8: pip install 'muforge\[simulate\]'"):
        run(tmp_path / "ref.root")
    assert list(tmp_path.iterdir()) == []
