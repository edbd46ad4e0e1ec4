from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

import muforge as mf
from muforge.bundle import Bundle
from muforge.errors import ConfigError, Interrupted, MuforgeError, OutputError
from muforge.formats import metadata_of
from muforge.formats.flat import FlatWriter
from muforge.formats.npy import sidecar
from muforge.formats.ntuple import BRANCHES
from muforge.sample import CATEGORIES, OFF_AXIS_FEATURES
from muforge.spill import chunk as chunk_module
from muforge.spill import generate as generate_module
from muforge.spill.engine import Engine
from muforge.spill.generate import generate_files
from muforge.spill.plan import ROWS_PER_CHUNK, Plan
from tests.conftest import POT
from tests.formats import fairship_reader

MUONS = 2 * ROWS_PER_CHUNK + 1000


def columns_of(files: list[Path] | tuple[Path, ...]) -> dict[str, NDArray[Any]]:
    trees = [uproot.open(file)["pythia8-Geant4"].arrays(library="np") for file in files]
    return {name: np.concatenate([tree[name] for tree in trees]) for name in BRANCHES}


@pytest.fixture(scope="module")
def single(untrained_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("single") / "spill.root"
    generate_files(untrained_bundle, path, muons=MUONS, seed=5, threads=1)
    return path


@pytest.mark.parametrize(("shards", "threads"), [(1, 2), (2, 1), (3, 2)])
def test_shards_and_threads_change_no_byte_of_the_muons(
    untrained_bundle: Bundle, single: Path, tmp_path: Path, shards: int, threads: int
) -> None:
    spill = generate_files(
        untrained_bundle, tmp_path / "spill.root", muons=MUONS, seed=5, shards=shards, threads=threads
    )
    assert len(spill.files) == shards
    expected = columns_of([single])
    found = columns_of(spill.files)
    for name in BRANCHES:
        assert found[name].tobytes() == expected[name].tobytes()
    if shards == 1:
        assert spill.files[0].read_bytes() == single.read_bytes()


def test_the_same_request_gives_the_same_file(untrained_bundle: Bundle, single: Path, tmp_path: Path) -> None:
    generate_files(untrained_bundle.directory, tmp_path / "again.root", muons=MUONS, seed=5, threads=1)
    assert (tmp_path / "again.root").read_bytes() == single.read_bytes()
    generate_files(untrained_bundle, tmp_path / "other.root", muons=MUONS, seed=6, threads=1)
    assert not np.array_equal(columns_of([single])["opz"], columns_of([tmp_path / "other.root"])["opz"])


def test_memory_and_file_agree(untrained_bundle: Bundle, single: Path) -> None:
    sample = mf.generate(untrained_bundle, muons=MUONS, seed=5)
    read = mf.read([single])
    assert len(sample) == MUONS
    for name in OFF_AXIS_FEATURES:
        np.testing.assert_allclose(read[name], sample[name], rtol=2e-7)
    np.testing.assert_array_equal(read["pdg"], sample["pdg"])
    assert not sample.events_known
    assert np.array_equal(sample["event"], np.arange(MUONS))


def test_fairship_reads_every_generated_muon(untrained_bundle: Bundle, single: Path, tmp_path: Path) -> None:
    """Through SetBranchAddress with float32 buffers, as MuonBackGenerator does."""
    dump = tmp_path / "read.npy"
    names = fairship_reader.COLUMNS
    command = [sys.executable, "-W", "ignore", fairship_reader.__file__, str(single), str(dump), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == fairship_reader.EXIT_NO_ROOT:
        pytest.skip("PyROOT (the package 'root') is not installed")
    assert done.returncode == 0, done.stdout + done.stderr
    read = dict(zip(names, np.load(dump).T, strict=True))
    sample = mf.generate(untrained_bundle, muons=MUONS, seed=5)
    momenta = {"opx": "px", "opy": "py", "opz": "pz"}
    vertices = {"ox": "start_x", "oy": "start_y", "oz": "start_z"}
    for branch, name in momenta.items():
        np.testing.assert_array_equal(read[branch], sample[name])
    for branch, name in vertices.items():
        np.testing.assert_array_equal(
            read[branch], (sample[name].astype(np.float64) / 100).astype(np.float32)
        )
    np.testing.assert_array_equal(read["id"], sample["pdg"])
    np.testing.assert_array_equal(read["pythiaid"], sample["pdg"])
    np.testing.assert_array_equal(read["w"], sample.weight.astype(np.float32))
    assert set(read["ecut"].tolist()) == {10.0}


def test_counts_rates_and_weights(untrained_bundle: Bundle, tmp_path: Path) -> None:
    pot = 20 * POT
    spill = generate_files(untrained_bundle, tmp_path / "spill.root", pot=pot, seed=1)
    sample = mf.read([tmp_path / "spill.root"])
    for category in CATEGORIES:
        assert np.count_nonzero(sample.category == category) == spill.counts[category]
        expected = untrained_bundle.rates[category] * pot
        assert abs(spill.counts[category] - expected) < 5 * np.sqrt(expected)
    assert sample.protons_on_target == POT
    total_rate = sum(untrained_bundle.rates.values())
    assert sample.sum_of_weights / POT == pytest.approx(total_rate, rel=5 / np.sqrt(len(sample)))
    assert set(sample["ecut"].tolist()) == {10.0}


def test_no_muon_is_there_twice(single: Path) -> None:
    """Two chunks that shared their random numbers would repeat each other."""
    columns = columns_of([single])
    assert (
        np.unique(np.stack([columns[name] for name in ("opx", "opy", "opz", "oz")]), axis=1).shape[1] == MUONS
    )


def test_any_stretch_is_a_fair_sample(single: Path) -> None:
    category = mf.read([single]).category
    whole = np.bincount(category, minlength=5)[1:] / len(category)
    start = np.bincount(category[:5000], minlength=5)[1:] / 5000
    np.testing.assert_allclose(start, whole, atol=5 * np.sqrt(0.25 / 5000))


def test_the_file_says_what_it_is(untrained_bundle: Bundle, single: Path) -> None:
    metadata = metadata_of(single)
    assert metadata["model"] == {"name": "untrained", "identity": untrained_bundle.identity}
    assert metadata["seed"] == 5
    assert metadata["protons_on_target"] == pytest.approx(MUONS / sum(untrained_bundle.rates.values()))
    assert "before beam smearing" in metadata["smearing"]
    assert metadata["training_n_eff"].keys() == metadata["judged"].keys() == {"1", "2", "3", "4"}
    assert min(metadata["training_n_eff"].values()) > 1
    assert metadata["muons"] == MUONS
    assert metadata["units"] == {"position": "m", "momentum": "GeV"}
    assert "before smearing" in uproot.open(single)["pythia8-Geant4"].title


@pytest.mark.parametrize("format", ["rntuple", "parquet", "hdf5", "npy"])
def test_other_formats(untrained_bundle: Bundle, single: Path, tmp_path: Path, format: str) -> None:
    path = tmp_path / f"spill.{format}"
    generate_files(untrained_bundle, path, muons=MUONS, seed=5, threads=1, format=format)
    expected = columns_of([single])
    if format in ("rntuple", "parquet"):
        found = mf.read([path])["pz"]
        assert not mf.read([path]).events_known
    elif format == "hdf5":
        with h5py.File(path) as file:
            found = file["pz"][:]
    else:
        found = np.load(path)[:, 2]
        assert json.loads((tmp_path / "spill.npy.json").read_text())["muforge"]["seed"] == 5
    np.testing.assert_array_equal(found, expected["opz"])
    metadata = metadata_of(path)
    assert metadata["model"]["identity"] == untrained_bundle.identity
    assert metadata["units"]["position"] == ("cm" if format == "parquet" else "m")


@pytest.mark.parametrize("format", ["flat", "parquet"])
def test_files_are_split_at_a_size(
    untrained_bundle: Bundle, single: Path, tmp_path: Path, format: str
) -> None:
    largest = 1.7e6 if format == "flat" else 2.5e6
    out = tmp_path / f"s.{format}"
    spill = generate_files(untrained_bundle, out, muons=MUONS, seed=5, max_size=largest, format=format)
    assert len(spill.files) == 3
    assert sorted(tmp_path.iterdir()) == [spill.manifest, *spill.files]
    assert max(file.stat().st_size for file in spill.files) <= largest
    np.testing.assert_array_equal(mf.read(list(spill.files))["px"], mf.read([single])["px"])
    again = generate_files(
        untrained_bundle, out, muons=MUONS, seed=5, max_size=1e9, format=format, force=True
    )
    assert again.files == (out,)


def remove(file: Path) -> None:
    file.unlink()
    sidecar(file).unlink(missing_ok=True)


@pytest.mark.parametrize("format", ["flat", "npy"])
def test_finished_shards_are_kept(untrained_bundle: Bundle, tmp_path: Path, format: str) -> None:
    out = tmp_path / "spill.x"
    first = generate_files(untrained_bundle, out, muons=MUONS, seed=5, shards=3, format=format)
    before = {file: file.read_bytes() for file in first.files}
    remove(first.files[1])
    old = first.files[0].stat().st_mtime_ns
    again = generate_files(untrained_bundle, out, muons=MUONS, seed=5, shards=3, format=format)
    assert again.kept == (first.files[0], first.files[2])
    assert first.files[0].stat().st_mtime_ns == old
    assert {file: file.read_bytes() for file in again.files} == before
    with pytest.raises(OutputError, match="exists already"):
        generate_files(untrained_bundle, out, muons=MUONS, seed=5, shards=3, format=format)
    remove(first.files[1])
    with pytest.raises(OutputError, match="exists already"):
        generate_files(untrained_bundle, out, muons=MUONS, seed=6, shards=3, format=format)


def test_an_interrupt_keeps_whole_shards_only(
    untrained_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = chunk_module.make_chunk

    def interrupted(bundle: Bundle, engine: Engine, plan: Plan, chunk: int) -> Any:
        if chunk == 2:
            raise KeyboardInterrupt
        return real(bundle, engine, plan, chunk)

    from muforge.spill import stream

    monkeypatch.setattr(stream, "make_chunk", interrupted)
    with pytest.raises(Interrupted, match="finished shards are kept"):
        generate_files(untrained_bundle, tmp_path / "s.root", muons=MUONS, seed=5, shards=2, threads=1)
    assert [path.name for path in tmp_path.iterdir()] == ["s_000.root"]
    monkeypatch.setattr(stream, "make_chunk", real)
    spill = generate_files(untrained_bundle, tmp_path / "s.root", muons=MUONS, seed=5, shards=2, threads=1)
    assert len(spill.kept) == 1
    assert len(mf.read(list(spill.files))) == MUONS


def test_a_kill_leaves_nothing_under_the_name(untrained_bundle: Bundle, tmp_path: Path, single: Path) -> None:
    out = tmp_path / "s.root"
    code = (
        "import sys, time\n"
        "from muforge.spill import stream, generate\n"
        "real = stream.make_chunk\n"
        "def slow(bundle, engine, plan, chunk):\n"
        "    if chunk == 2:\n"
        "        print('here', flush=True); time.sleep(60)\n"
        "    return real(bundle, engine, plan, chunk)\n"
        "stream.make_chunk = slow\n"
        f"generate.generate_files(sys.argv[1], sys.argv[2], muons={MUONS}, seed=5, threads=1)\n"
    )
    command = [sys.executable, "-c", code, str(untrained_bundle.directory), str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGKILL)
    assert not out.exists()
    generate_files(untrained_bundle, out, muons=MUONS, seed=5, threads=1)
    assert out.read_bytes() == single.read_bytes()
    assert list(tmp_path.iterdir()) == [out]


def test_a_full_disk_is_named(
    untrained_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: FlatWriter, block: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(FlatWriter, "_extend", full)
    with pytest.raises(OutputError, match=r"s\.root: no space left on the disk"):
        generate_files(untrained_bundle, tmp_path / "s.root", muons=100)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_keeps_finished_shards(
    untrained_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = FlatWriter._extend

    def nearly_full(self: FlatWriter, block: Any) -> None:
        if self.path.name == "s_001.root":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(self, block)

    out = tmp_path / "s.root"
    monkeypatch.setattr(FlatWriter, "_extend", nearly_full)
    with pytest.raises(OutputError, match=r"s_001\.root: no space left on the disk"):
        generate_files(untrained_bundle, out, muons=MUONS, seed=5, shards=2)
    assert [path.name for path in tmp_path.iterdir()] == ["s_000.root"]
    monkeypatch.setattr(FlatWriter, "_extend", real)
    spill = generate_files(untrained_bundle, out, muons=MUONS, seed=5, shards=2)
    assert [path.name for path in spill.kept] == ["s_000.root"]
    assert sum(spill.counts.values()) == MUONS


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"pot": -1.0}, ConfigError, "--pot -1: must be a positive number"),
        ({"muons": 100, "shards": 2}, ConfigError, "--shards 2: must be from 1 to 1 for 100 muons"),
        ({"muons": 100, "shards": 0}, ConfigError, "--shards 0"),
        ({"muons": 100, "format": "csv"}, ConfigError, "format 'csv': must be one of"),
        ({"muons": 100, "compression": "lzma"}, ConfigError, "compression 'lzma'"),
        ({"muons": 100, "seed": -1}, ConfigError, "seed -1"),
    ],
)
def test_bad_options_are_named(
    untrained_bundle: Bundle, tmp_path: Path, options: dict[str, Any], error: type[MuforgeError], message: str
) -> None:
    with pytest.raises(error, match=message):
        generate_files(untrained_bundle, tmp_path / "s.root", **options)
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_the_way_is_kept(untrained_bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "s.root"
    path.write_text("thesis")
    with pytest.raises(OutputError, match="exists already"):
        generate_files(untrained_bundle, path, muons=100)
    with pytest.raises(OutputError, match="is a directory"):
        generate_files(untrained_bundle, tmp_path, muons=100, force=True)
    assert path.read_text() == "thesis"
    assert generate_files(untrained_bundle, path, muons=100, force=True).files == (path,)


def test_few_protons_give_no_muons(untrained_bundle: Bundle) -> None:
    with pytest.raises(ConfigError, match="this spill has no muons"):
        mf.generate(untrained_bundle, pot=1e-9)
    assert generate_module.generate is mf.generate
