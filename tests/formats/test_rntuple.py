from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

import muforge as mf
from muforge.errors import ConfigError, InputFileError, OutputError, SampleError
from muforge.formats import metadata_of, read, reader_for, write
from muforge.formats.flat import FlatWriter
from muforge.formats.ntuple import NTUPLE
from muforge.formats.protocol import Rejection
from muforge.formats.rntuple import RNTupleReader, RNTupleWriter
from muforge.sample import VARIATIONS, Sample
from tests.formats import fairship_reader, root_rntuple
from tests.formats.muons import assert_same, some_muons
from tests.formats.test_flat_writer import TickingTime, expected_branches


def with_variations(sample: Sample, number: int) -> Sample:
    added = {
        name: np.linspace(0.5, 1.5 + k, len(sample), dtype=np.float32)
        for k, name in enumerate(VARIATIONS[:number])
    }
    return Sample(
        sample.columns | added,
        protons_on_target=sample.protons_on_target,
        events_known=sample.events_known,
    )


def layout(path: Path) -> list[tuple[str, str]]:
    with uproot.open(path) as file:
        return [(field.name, field.typename) for field in file[NTUPLE].fields]


def fields_of(path: Path) -> dict[str, NDArray[Any]]:
    with uproot.open(path) as file:
        arrays: dict[str, NDArray[Any]] = file[NTUPLE].arrays(library="np")
    return arrays


def write_fields(path: Path, fields: Mapping[str, Any], description: str = "") -> Path:
    with uproot.recreate(path) as file:
        file.mkrntuple(NTUPLE, dict(fields), description=description)
    return path


def required_fields(rows: int) -> dict[str, NDArray[Any]]:
    fields = {name: np.ones(rows) for name in ("ox", "oy", "oz", "opx", "opy", "opz", "w")}
    return {"id": np.full(rows, 13.0)} | fields


@pytest.mark.parametrize("z_offset", [0.0, -70.845])
def test_the_17_fields_are_written_in_order(tmp_path: Path, z_offset: float) -> None:
    sample, path = some_muons(100), tmp_path / "muons.root"
    write(sample, path, "rntuple", z_offset=z_offset)
    with uproot.open(path) as file:
        assert file.classnames()[f"{NTUPLE};1"] == "ROOT::RNTuple"
    assert layout(path) == [(name, "float") for name in fairship_reader.COLUMNS]
    written = fields_of(path)
    for name, values in expected_branches(sample, z_offset).items():
        np.testing.assert_array_equal(written[name], values, err_msg=name)


def test_a_sample_comes_back_as_from_a_flat_file(tmp_path: Path) -> None:
    sample = with_variations(some_muons(1000, pot=5e7), 3)
    options: dict[str, Any] = {"event_columns": True, "variations": 3}
    write(sample, tmp_path / "flat.root", "flat", **options)
    write(sample, tmp_path / "muons.root", "rntuple", **options)
    assert reader_for(tmp_path / "muons.root").name == "rntuple"
    back = mf.read([tmp_path / "muons.root"])
    assert back.names == sample.names
    assert back.protons_on_target == 5e7
    assert back.events_known
    assert_same(back, read(tmp_path / "flat.root"))


def test_the_event_and_variation_fields_come_last(tmp_path: Path) -> None:
    path = tmp_path / "muons.root"
    write(with_variations(some_muons(10), 2), path, "rntuple", event_columns=True, variations=2)
    added = [
        ("event", "std::int32_t"),
        ("origin", "std::int32_t"),
        ("decay", "std::int32_t"),
        ("time", "float"),
    ]
    added += [("variation_1", "float"), ("variation_2", "float")]
    assert layout(path)[17:] == added


def test_unknown_events_stay_unknown(tmp_path: Path) -> None:
    sample = some_muons(10)
    write(sample, tmp_path / "without.root", "rntuple")
    sample.events_known = False
    write(sample, tmp_path / "with.root", "rntuple", event_columns=True)
    for name in ("without.root", "with.root"):
        assert not read(tmp_path / name).events_known
        assert not RNTupleReader().describe(tmp_path / name).events_known


def test_the_metadata_and_title_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "muons.root"
    metadata = {"weights_protons_on_target": 123.5, "model": "gan", "smearing": "before"}
    with RNTupleWriter(path, metadata=metadata, title="made-up muons") as writer:
        writer.write(some_muons(3))
    info = RNTupleReader().describe(path)
    assert (info.format, info.protons_on_target, info.entries, info.metadata) == (
        "rntuple",
        123.5,
        3,
        metadata,
    )
    assert metadata_of(path) == metadata
    with uproot.open(path) as file:
        assert file[NTUPLE].description == "made-up muons"
        assert json.loads(str(file["muforge"])) == metadata


def test_no_muons_give_an_rntuple_without_entries(tmp_path: Path) -> None:
    path = tmp_path / "muons.root"
    write(some_muons(0), path, "rntuple", event_columns=True)
    (chunk,) = RNTupleReader().chunks(path, 100)
    assert (chunk.entries, len(chunk.sample), chunk.rejections) == (0, 0, ())
    assert RNTupleReader().describe(path).entries == 0
    assert read(path).names == some_muons(0).names


@pytest.mark.parametrize("compression", ["lz4", "zstd", "zlib", "none"])
def test_each_compression_gives_the_same_muons(tmp_path: Path, compression: Any) -> None:
    sample, path = some_muons(20_000, optional=False), tmp_path / "muons.root"
    with RNTupleWriter(path, compression=compression) as writer:
        writer.write(sample)
    with uproot.open(path) as file:
        used = file.file.compression
    assert ("none" if used is None else type(used).__name__.lower()) == compression
    uncompressed = 17 * 4 * len(sample)
    assert (path.stat().st_size < 0.6 * uncompressed) == (compression != "none")
    written = fields_of(path)
    np.testing.assert_array_equal(written["w"], sample.weight.astype(np.float32))
    np.testing.assert_array_equal(written["opz"], sample["pz"])
    assert not written["ecut"].any()


def test_clusters_and_bytes_do_not_depend_on_the_pieces(tmp_path: Path) -> None:
    sample = some_muons(1000)
    for name, rows in {"whole.root": 1000, "pieces.root": 77, "single.root": 1}.items():
        with RNTupleWriter(tmp_path / name, rows_per_cluster=30, event_columns=True) as writer:
            for start in range(0, 1000, rows):
                writer.write(sample.select(slice(start, start + rows)))
    with uproot.open(tmp_path / "pieces.root") as file:
        assert [cluster.num_entries for cluster in file[NTUPLE].cluster_summaries] == [30] * 33 + [10]
    whole = (tmp_path / "whole.root").read_bytes()
    assert (tmp_path / "pieces.root").read_bytes() == whole
    assert (tmp_path / "single.root").read_bytes() == whole


def test_files_of_different_times_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import uproot.writing._cascade
    import uproot.writing._cascadentuple

    TickingTime.moment = start = datetime(2030, 1, 2, 3, 4, 5)
    clock = SimpleNamespace(datetime=TickingTime)
    monkeypatch.setattr(uproot.writing._cascade, "datetime", clock)
    monkeypatch.setattr(uproot.writing._cascadentuple, "datetime", clock)
    for name in ("one.root", "another.root"):
        write(some_muons(50), tmp_path / name, "rntuple")
    assert (TickingTime.moment - start).seconds > 30
    assert (tmp_path / "one.root").read_bytes() == (tmp_path / "another.root").read_bytes()


@pytest.mark.parametrize("rows", [1, 7, 30, 64, 1000])
def test_chunks_have_at_most_the_rows_asked_for(tmp_path: Path, rows: int) -> None:
    sample, path = some_muons(1000), tmp_path / "muons.root"
    write(sample, path, "rntuple", rows_per_cluster=30)
    chunks = list(RNTupleReader().chunks(path, rows))
    assert max(chunk.entries for chunk in chunks) == {1: 1, 7: 7, 30: 30, 64: 60, 1000: 1000}[rows]
    joined = Sample.concatenate(chunk.sample for chunk in chunks)
    np.testing.assert_array_equal(joined["event"], np.arange(1000))
    np.testing.assert_array_equal(joined["px"], sample["px"])


def peak_of_writing(path: Path, pieces: int) -> int:
    """Bytes of Python and numpy memory."""
    piece = some_muons(10_000, optional=False)
    tracemalloc.start()
    with RNTupleWriter(path, rows_per_cluster=10_000) as writer:
        for _ in range(pieces):
            writer.write(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_muons(tmp_path: Path) -> None:
    peak_of_writing(tmp_path / "first.root", 1)
    few, many = (peak_of_writing(tmp_path / f"{pieces}.root", pieces) for pieces in (5, 50))
    assert many < 2 * few  # ten times as much if blocks were kept


def test_bad_rows_are_faults_with_field_and_entry(tmp_path: Path) -> None:
    fields = required_fields(6)
    fields["oz"][[1, 4]] = np.nan
    fields["id"][5] = 211
    path = write_fields(tmp_path / "muons.root", fields)
    (chunk,) = RNTupleReader().chunks(path, 100)
    assert set(chunk.rejections) == {
        Rejection("field 'oz' is not finite", 2, (1, 4)),
        Rejection("not a muon", 1, (5,), fault=False),
    }
    assert chunk.sample["event"].tolist() == [0, 2, 3]
    assert chunk.sample["start_x"].tolist() == [100, 100, 100]


def test_protons_on_target_come_from_the_description(tmp_path: Path) -> None:
    path = write_fields(tmp_path / "muons.root", required_fields(2), "POT = 1000000000 with ecut=10.0")
    assert RNTupleReader().describe(path).protons_on_target == 1e9


def test_missing_fields_are_named(tmp_path: Path) -> None:
    path = write_fields(tmp_path / "muons.root", {"id": np.float32, "w": np.float32})
    message = (
        r"muons\.root: fields 'ox', 'oy', 'oz', 'opx', 'opy', 'opz' are missing from RNTuple 'pythia8-Geant4', "
        "which has id, w"
    )
    for look in (RNTupleReader().describe, read):
        with pytest.raises(InputFileError, match=message):
            look(path)


@pytest.mark.parametrize(
    ("kind", "named"), [("string", "std::string"), ("var * float32", r"std::vector<float>"), ("bool", "bool")]
)
def test_a_field_of_another_kind_is_refused(tmp_path: Path, kind: str, named: str) -> None:
    types = dict.fromkeys(required_fields(0), "float64") | {"opx": kind}
    path = write_fields(tmp_path / "muons.root", types)
    with pytest.raises(
        InputFileError, match=rf"field 'opx' is of type {named}, expected one number an entry"
    ):
        RNTupleReader().describe(path)


def test_numbers_beyond_32_bits_are_refused(tmp_path: Path) -> None:
    sample = some_muons(10)
    large = Sample(sample.columns | {"decay": np.full(10, 2**31)})
    with pytest.raises(SampleError, match="column 'decay': 2147483648"):
        write(large, tmp_path / "muons.root", "rntuple", event_columns=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writer", [FlatWriter, RNTupleWriter])
def test_a_variation_that_the_sample_lacks_is_named(tmp_path: Path, writer: Any) -> None:
    with (
        pytest.raises(SampleError, match="column 'variation_2': not in this sample"),
        writer(tmp_path / "muons.root", variations=2) as file,
    ):
        file.write(with_variations(some_muons(10), 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compression": "rar"}, "compression 'rar': must be one of lz4, zstd, zlib, none"),
        ({"rows_per_cluster": 0}, "rows per cluster 0: must be at least 1"),
        ({"z_offset": float("inf")}, "z offset inf"),
    ],
)
def test_bad_options_are_named(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RNTupleWriter(tmp_path / "muons.root", **options)


def test_a_disk_that_fills_up_between_clusters_is_named(small_disk: Path) -> None:
    written = []

    def write_on() -> None:
        with RNTupleWriter(small_disk / "muons.root", rows_per_cluster=5000) as writer:
            for count in range(20):
                writer.write(some_muons(5000))
                written.append(count)

    with pytest.raises(OutputError, match=r"disk/muons\.root: no space left on the disk"):
        write_on()
    assert 0 < len(written) < 20
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_one_line(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "muons.root"
    write(some_muons(1000), path, "rntuple", rows_per_cluster=100)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(InputFileError, match=r"^[^\n]*muons\.root: (truncated, has|cannot be read)[^\n]*$"):
        read(path)


def test_damage_anywhere_gives_one_line_or_muons(tmp_path: Path) -> None:
    path, damaged = tmp_path / "muons.root", tmp_path / "damaged.root"
    write(some_muons(50, optional=False), path, "rntuple", event_columns=True)
    content = path.read_bytes()
    errors = []
    for position in range(4, len(content), len(content) // 200):
        damaged.write_bytes(content[:position] + bytes([content[position] ^ 0xA5]) + content[position + 1 :])
        try:
            read(damaged)
        except InputFileError as error:
            errors.append(str(error))
    assert len(errors) > 20
    assert all(error.startswith(f"{damaged}: ") and "\n" not in error for error in errors)


def test_root_reads_and_writes_the_same_muons(tmp_path: Path) -> None:
    sample = with_variations(some_muons(500), 1)
    path, dump, copy = tmp_path / "muons.root", tmp_path / "read.npz", tmp_path / "copy.root"
    write(sample, path, "rntuple", z_offset=-50.0, rows_per_cluster=40, event_columns=True, variations=1)
    command = [sys.executable, "-W", "ignore", root_rntuple.__file__, str(path), str(dump), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == root_rntuple.EXIT_NO_ROOT:
        pytest.skip("PyROOT (the package 'root') is not installed")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    seen = np.load(dump)
    names = [*fairship_reader.COLUMNS, "event", "origin", "decay", "time", "variation_1"]
    assert seen["order"].tolist() == names
    expected = expected_branches(sample, z_offset=-50.0)
    expected |= {name: sample[name] for name in ("event", "origin", "decay", "variation_1")}
    expected["time"] = sample["start_t"]
    for name in names:
        dtype = np.int32 if name in ("event", "origin", "decay") else np.float32
        assert seen[name].dtype == dtype
        np.testing.assert_array_equal(seen[name], expected[name].astype(dtype), err_msg=name)
    assert RNTupleReader().recognises(copy)
    assert_same(read(copy), read(path))
