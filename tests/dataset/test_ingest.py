from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot
from numpy.typing import NDArray

import muforge as mf
from muforge.dataset import scan as scan_module
from muforge.dataset import workers
from muforge.dataset.ingest import ingest
from muforge.dataset.manifest import SPLITS, Content, FileRecord, Manifest
from muforge.dataset.scan import scan
from muforge.dataset.store import Dataset
from muforge.errors import DatasetError, InputFileError, Interrupted, OutputError
from muforge.formats.ntuple import BRANCHES
from muforge.sample import CATEGORIES, Sample
from tests.dataset.production import write_flat
from tests.muons import make_sample
from tests.shared_data import fairship_file, reference_files


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"prod_{number}.root" for number in range(3)]
    for number, path in enumerate(paths):
        write_flat(path, 400 + 4 * number, seed=number)
    return paths


def watch_scan(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are read from now on."""
    read: list[Path] = []

    def watched(path: Path, *rest: Any, **more: Any) -> FileRecord:
        read.append(path)
        return scan(path, *rest, **more)

    monkeypatch.setattr(workers, "scan", watched)
    return read


def contents(dataset: Dataset) -> dict[int, dict[str, Any]]:
    return {c: pq.read_table(dataset.directory / f"category-{c}.parquet").to_pydict() for c in CATEGORIES}


def test_every_muon_is_in_its_category(files: list[Path], tmp_path: Path) -> None:
    result = ingest(files, tmp_path / "ds")
    assert result.complete
    assert result.files_read == 3
    assert result.muons_read == 400 + 404 + 408
    for category in CATEGORIES:
        stored = result.dataset.load(category)
        samples = [make_sample(400 + 4 * n, seed=n) for n in range(3)]
        expected = np.concatenate([s["pz"][s.category == category] for s in samples])
        np.testing.assert_array_equal(stored["pz"], expected)
        assert set(stored.category.tolist()) == {category}
        record = result.dataset.manifest.categories[category]
        assert record.kept.muons == len(expected) == sum(record.split.values())
        assert record.kept.sum_of_weights == pytest.approx(stored.sum_of_weights)
        assert record.kept.n_eff == pytest.approx(stored.n_eff)
        assert record.kept.ranges["pz"].minimum == expected.min()
        assert record.kept.ranges["pz"].maximum == expected.max()


def test_relative_weights_and_the_largest(files: list[Path], tmp_path: Path) -> None:
    """By the largest of the whole data set, whatever the largest of a file."""
    light = make_sample(40)
    light = Sample({**light.columns, "weight": np.full(40, 0.5)})
    mf.write(light, tmp_path / "light.root", event_columns=True)
    dataset = ingest([*files, tmp_path / "light.root"], tmp_path / "ds").dataset
    assert dataset.manifest.largest_weight == 100
    table = pq.read_table(dataset.directory / "category-4.parquet")
    np.testing.assert_allclose(table["relative_weight"], table["weight"].to_numpy() / 100, rtol=1e-6)
    assert table["relative_weight"].to_numpy().max() == 1
    assert table["relative_weight"].to_numpy().min() == np.float32(0.005)


def test_the_split_keeps_events_together(files: list[Path], tmp_path: Path) -> None:
    dataset = ingest(files, tmp_path / "ds").dataset
    where: dict[int, set[str]] = {}
    for category in CATEGORIES:
        parts = [len(dataset.load(category, split)) for split in SPLITS]
        assert sum(parts) == len(dataset.load(category))
        for split in SPLITS:
            for event in dataset.load(category, split)["event"].tolist():
                where.setdefault(event, set()).add(split)
    assert len(where) == sum(-(-muons // 3) for muons in (400, 404, 408))
    assert {len(splits) for splits in where.values()} == {1}


def test_the_result_does_not_depend_on_the_number_of_processes(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = ingest(files, tmp_path / "one", jobs=1).dataset
    monkeypatch.setattr(workers, "_SMALL_INPUT_BYTES", 0)
    together = ingest(files, tmp_path / "two", jobs=2).dataset
    assert contents(alone) == contents(together)
    assert alone.manifest.categories == together.manifest.categories
    assert (tmp_path / "one" / "dataset.json").read_bytes() == (
        tmp_path / "two" / "dataset.json"
    ).read_bytes()


def test_finished_files_are_not_read_again(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "ds"
    whole = contents(ingest(files, tmp_path / "whole").dataset)
    ingest(files[:2], out)
    read = watch_scan(monkeypatch)
    result = ingest(files, out)
    assert read == files[2:]
    assert result.files_read == 1
    assert contents(result.dataset) == whole
    again = ingest(files, out)
    assert read == files[2:]
    assert again.files_read == 0
    assert contents(again.dataset) == whole


def test_an_interrupted_run_goes_on(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "ds"

    def interrupted(path: Path, *rest: Any, **more: Any) -> FileRecord:
        if path == files[1]:
            raise KeyboardInterrupt
        return scan(path, *rest, **more)

    monkeypatch.setattr(workers, "scan", interrupted)
    with pytest.raises(Interrupted, match="run the same command"):
        ingest(files, out)
    read = watch_scan(monkeypatch)
    result = ingest(files, out)
    assert read == files[1:]
    assert contents(result.dataset) == contents(ingest(files, tmp_path / "whole").dataset)
    assert sorted(p.name for p in out.iterdir()) == [
        *(f"category-{c}.parquet" for c in CATEGORIES),
        "dataset.json",
    ]


def test_a_killed_run_goes_on(files: list[Path], tmp_path: Path) -> None:
    """SIGKILL while the second file is read: the first is kept, the same command ends well."""
    out = tmp_path / "ds"
    code = (
        "import sys, time\n"
        "from muforge.dataset import workers\n"
        "from muforge.dataset.ingest import ingest\n"
        "real = workers.scan\n"
        "def slow(path, *rest, **more):\n"
        "    if path.name == 'prod_1.root':\n"
        "        print('here', flush=True); time.sleep(60)\n"
        "    return real(path, *rest, **more)\n"
        "workers.scan = slow\n"
        "ingest(sys.argv[2:], sys.argv[1])\n"
    )
    command = [sys.executable, "-c", code, str(out), *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGKILL)
    assert not (out / "dataset.json").exists()
    result = ingest(files, out)
    assert result.files_read == 2
    assert contents(result.dataset) == contents(ingest(files, tmp_path / "whole").dataset)


def test_damaged_files_are_named_and_the_rest_goes_on(files: list[Path], tmp_path: Path) -> None:
    good = files[0].read_bytes()
    (tmp_path / "empty.root").write_bytes(b"")
    (tmp_path / "text.root").write_text("not a tree")
    (tmp_path / "cut.root").write_bytes(good[: len(good) // 2])
    bad = [tmp_path / name for name in ("empty.root", "text.root", "cut.root", "absent.root")]
    result = ingest([*files, *bad], tmp_path / "ds", protons_on_target=7e6)
    assert not result.complete
    reasons = {Path(fault.path).name: fault.reason for fault in result.faults}
    assert reasons["empty.root"] == "the file is empty"
    assert reasons["text.root"] == "not a ROOT or Parquet file"
    assert reasons["absent.root"] == "no such file"
    assert set(reasons) == {path.name for path in bad}
    assert sum(r.kept.muons for r in result.dataset.manifest.categories.values()) == 400 + 404 + 408
    assert result.dataset.protons_on_target == pytest.approx(3e6)
    assert result.files_read == 3
    again = ingest([*files, *bad], tmp_path / "ds", protons_on_target=7e6)
    assert again.faults == result.faults
    assert again.files_read == 0


def test_a_mended_file_is_taken_up(files: list[Path], tmp_path: Path) -> None:
    good = files[2].read_bytes()
    files[2].write_bytes(good[:500])
    assert len(ingest(files, tmp_path / "ds").faults) == 1
    files[2].write_bytes(good)
    result = ingest(files, tmp_path / "ds")
    assert result.complete
    assert contents(result.dataset) == contents(ingest(files, tmp_path / "whole").dataset)


def write_rows(path: Path, **changes: Any) -> None:
    """A flat ntuple of 8 muons with some columns replaced, written without a check."""
    columns = {name: np.linspace(1, 2, 8, dtype=np.float32) for name in BRANCHES}
    columns["id"] = np.tile(np.array([13, -13], np.float32), 4)
    columns["parentid"] = np.full(8, 211, np.float32)
    columns |= {name: np.asarray(values, np.float32) for name, values in changes.items()}
    with uproot.recreate(path) as file:
        file.mktree("pythia8-Geant4", dict.fromkeys(columns, "f4"))
        file["pythia8-Geant4"].extend(columns)


def test_damaged_rows_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "rows.root"
    px = np.ones(8)
    px[3] = np.nan
    write_rows(path, opx=px, w=[1, 1, 1, 1, 1, -1, 1, 1], id=[13, -13, 13, -13, 13, -13, 13, 0])
    result = ingest([path], tmp_path / "ds")
    (record,) = result.dataset.manifest.files
    found = {(r.rows, r.first_entries, r.fault) for r in record.rejected}
    assert found == {(1, (3,), True), (1, (5,), True), (1, (7,), False)}
    assert record.faulty_rows == 2
    assert not result.complete
    with pytest.raises(InputFileError, match=r"rows\.root: .*opx.* entry 3"):
        ingest([path], tmp_path / "strict", strict=True)


@pytest.mark.parametrize("name", ["clones.root", "vectors.root"])
def test_a_track_id_out_of_range_is_named(root_files: Path, tmp_path: Path, name: str) -> None:
    """Of both layouts of cbmsim, as ROOT writes them."""
    result = ingest([root_files / name], tmp_path / "ds")
    assert not result.complete
    (record,) = result.dataset.manifest.files
    assert record.format == "cbmsim"
    assert ("track id out of range", 3, (2, 2, 2)) in {
        (r.reason, r.rows, r.first_entries) for r in record.rejected
    }
    assert {category: r.kept.muons > 0 for category, r in result.dataset.manifest.categories.items()}[4]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"w": np.zeros(8)}, "all 8 weights are zero"),
        ({"w": -np.ones(8)}, "no muons"),
        ({"w": np.full(8, np.nan)}, "no muons"),
        ({"id": np.full(8, 211)}, "no muons"),
    ],
)
def test_a_file_without_usable_muons_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = tmp_path / "bad.root"
    write_rows(path, **changes)
    with pytest.raises(InputFileError, match=rf"bad\.root: {message}"):
        ingest([path], tmp_path / "ds")
    assert not (tmp_path / "ds" / "dataset.json").exists()


def test_one_coordinate_zero_is_counted_as_off_axis(tmp_path: Path) -> None:
    path = tmp_path / "odd.root"
    write_rows(path, ox=np.zeros(8), oy=[0, 0, 1, 1, 1, 1, 0, 0])
    manifest = ingest([path], tmp_path / "ds").dataset.manifest
    assert manifest.files[0].one_coordinate_zero == 4
    assert {c: r.kept.muons for c, r in manifest.categories.items()} == {1: 2, 2: 2, 3: 2, 4: 2}


def test_a_single_muon(tmp_path: Path) -> None:
    path = tmp_path / "single.root"
    write_rows(path, id=[13, *np.zeros(7)])
    result = ingest([path], tmp_path / "ds")
    assert len(result.dataset.load(4)) == 1
    with pytest.raises(DatasetError, match="category 1 has no muons"):
        result.dataset.load(1)
    assert any("category 1: no muons" in warning for warning in result.warnings)


def test_files_without_event_numbers_say_so(tmp_path: Path) -> None:
    path = tmp_path / "plain.root"
    write_flat(path, 100, events=False)
    result = ingest([path], tmp_path / "ds")
    assert not result.dataset.manifest.events_known
    assert any("no event numbers" in warning for warning in result.warnings)
    sample = result.dataset.load(3)
    assert not sample.events_known
    assert np.unique(sample["event"]).size == len(sample)


def test_the_target_stops_the_reading(files: list[Path], tmp_path: Path) -> None:
    result = ingest(files, tmp_path / "ds", target=150)
    manifest = result.dataset.manifest
    assert {r.kept.muons for r in manifest.categories.values()} == {150}
    assert manifest.not_needed == (str(files[2]),)
    assert manifest.categories[1].read.muons == 100 + 101
    assert result.dataset.protons_on_target == pytest.approx(5e13 * 2 / 3)
    whole = ingest(files[:2], tmp_path / "both").dataset
    assert result.dataset.rate(3) == pytest.approx(whole.rate(3) * 2 / 2 * (5e13 / (5e13 * 2 / 3)))
    np.testing.assert_array_equal(result.dataset.load(3)["px"], whole.load(3)["px"][:150])
    assert ingest(files, tmp_path / "ds", target=150).files_read == 0
    other_order = [files[1], files[0], files[2]]
    turned = ingest(other_order, tmp_path / "ds", target=150)
    fresh = ingest(other_order, tmp_path / "fresh", target=150)
    assert contents(turned.dataset) == contents(fresh.dataset)


def test_blacklist(files: list[Path], tmp_path: Path) -> None:
    result = ingest(files, tmp_path / "ds", blacklist=["*_1.root"])
    assert result.dataset.manifest.blacklisted == (str(files[1]),)
    assert result.muons_read == 400 + 408
    with pytest.raises(InputFileError, match="all 3 are on the blacklist"):
        ingest(files, tmp_path / "no", blacklist=["*"])


def test_protons_on_target(tmp_path: Path, files: list[Path]) -> None:
    stated = [tmp_path / f"stated_{n}.root" for n in range(2)]
    for n, path in enumerate(stated):
        mf.write(make_sample(40, seed=n, protons_on_target=1e6 * (n + 1)), path, event_columns=True)
    told = ingest(stated, tmp_path / "told").dataset
    assert told.manifest.protons_on_target.source == "stated by the files"
    assert told.protons_on_target == 3e6
    assumed = ingest(files, tmp_path / "assumed")
    assert assumed.dataset.protons_on_target == 5e13
    assert any("give --pot" in warning for warning in assumed.warnings)
    given = ingest(files, tmp_path / "given", protons_on_target=1e9).dataset
    assert given.rate(4) == pytest.approx(given.manifest.categories[4].read.sum_of_weights / 1e9)
    with pytest.raises(DatasetError, match="does not state its protons on target"):
        ingest([*files, *stated], tmp_path / "mixed")


def test_weights_and_protons_that_cannot_belong_together(tmp_path: Path) -> None:
    """Weights per spill of 5e13 in a file that states the protons that were simulated, 6.5e10."""
    sample = make_sample(400)
    spill = 7e10 / sample.sum_of_weights
    scaled = Sample({**sample.columns, "weight": spill * sample.weight}, protons_on_target=6.5e10)
    mf.write(scaled, tmp_path / "spill.root", event_columns=True)
    wrong = ingest([tmp_path / "spill.root"], tmp_path / "wrong")
    assert any("1.1 muons per proton on target" in w and "give --pot" in w for w in wrong.warnings)
    right = ingest([tmp_path / "spill.root"], tmp_path / "right", protons_on_target=5e13)
    assert right.warnings == ()


def test_the_same_muons_are_not_counted_twice(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="given twice"):
        ingest([files[0], files[0]], tmp_path / "ds")
    copy = tmp_path / "copy.root"
    copy.write_bytes(files[0].read_bytes())
    result = ingest([files[0], copy], tmp_path / "ds")
    assert (result.files_read, result.muons_read) == (1, 400)
    assert sum(r.kept.muons for r in result.dataset.manifest.categories.values()) == 400
    assert "the same content as" in result.faults[0].reason


def test_what_is_in_the_way_is_kept(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        ingest(files, tmp_path / "file")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x")
    with pytest.raises(OutputError, match="is not a data set"):
        ingest(files, tmp_path / "thesis", force=True)
    ingest(files, tmp_path / "ds")
    with pytest.raises(DatasetError, match="seed = 0, now 1"):
        ingest(files, tmp_path / "ds", seed=1)
    with pytest.raises(DatasetError, match=r"holds muons of .*prod_2\.root"):
        ingest(files[:2], tmp_path / "ds")
    assert ingest(files[:2], tmp_path / "ds", force=True).files_read == 2
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "x"


def test_strict_stops_at_the_first_damaged_file(files: list[Path], tmp_path: Path) -> None:
    files[1].write_bytes(b"")
    with pytest.raises(InputFileError, match=r"prod_1\.root: the file is empty"):
        ingest(files, tmp_path / "ds", strict=True)
    assert not (tmp_path / "ds" / "dataset.json").exists()


def test_a_full_disk_leaves_nothing_half_written(files: list[Path], tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(small)], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("needs the right to mount a small tmpfs")
    try:
        with pytest.raises(OutputError, match="no space left"):
            ingest(files, small / "ds")
        assert not (small / "ds" / "dataset.json").exists()
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("content", ["{", "{}", '{"schema_version": 99}'])
def test_a_damaged_manifest_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(DatasetError, match=r"dataset\.json: not a data set manifest of schema version 1"):
        Dataset.open(tmp_path)


def test_a_data_set_that_lacks_a_file(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such data set"):
        Dataset.open(tmp_path / "nothing")
    ingest(files, tmp_path / "ds")
    (tmp_path / "ds" / "category-2.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DatasetError, match=r"category-2\.parquet: damaged"):
        Dataset.open(tmp_path / "ds").load(2)
    (tmp_path / "ds" / "category-2.parquet").unlink()
    with pytest.raises(DatasetError, match=r"category-2\.parquet: missing"):
        Dataset.open(tmp_path / "ds")


def test_a_manifest_cannot_lead_out_of_the_data_set(files: list[Path], tmp_path: Path) -> None:
    ingest(files, tmp_path / "ds")
    manifest = tmp_path / "ds" / "dataset.json"
    manifest.write_text(manifest.read_text().replace('"category-2.parquet"', '"../category-2.parquet"'))
    with pytest.raises(DatasetError, match=r"file name '\.\./category-2\.parquet' leaves the data set"):
        Dataset.open(tmp_path / "ds")


def test_manifest_is_what_schema_promises(files: list[Path], tmp_path: Path) -> None:
    dataset = ingest(files, tmp_path / "ds").dataset
    assert Manifest.load(dataset.directory) == dataset.manifest
    for record, path in zip(dataset.manifest.files, files, strict=True):
        assert record.identity.bytes == path.stat().st_size
        assert len(record.sha256) == 64


def test_reference_sample(tmp_path: Path) -> None:
    dataset = ingest(reference_files(), tmp_path / "ds").dataset
    counts = {category: record.kept.muons for category, record in dataset.manifest.categories.items()}
    assert counts == {1: 127_230, 2: 126_826, 3: 699_935, 4: 627_986}
    assert all(record.one_coordinate_zero == 0 for record in dataset.manifest.files)


def test_fairship_file(tmp_path: Path) -> None:
    path = fairship_file()
    with uproot.open(path) as file:
        pdg = file["cbmsim/vetoPoint/vetoPoint.fPdgCode"].array(library="np")
    expected = sum(int((np.abs(event) == 13).sum()) for event in pdg)
    dataset = ingest([path], tmp_path / "ds").dataset
    stored = {c: r.kept.muons for c, r in dataset.manifest.categories.items()}
    assert sum(stored.values()) == expected > 0


def test_memory_is_bounded_by_the_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest sample held at a time is a chunk, however long the file."""
    path = tmp_path / "long.root"
    write_flat(path, 5000)
    monkeypatch.setattr(scan_module, "ROWS_PER_CHUNK", 700)
    seen: list[int] = []
    real = Content.of

    def content(columns: Mapping[str, NDArray[Any]]) -> Content:
        seen.append(len(columns["weight"]))
        return real(columns)

    monkeypatch.setattr(Content, "of", content)
    result = ingest([path], tmp_path / "ds")
    read, merged = seen[: 4 * 8], seen[4 * 8 :]
    assert sum(read) == sum(merged) == 5000
    assert max(read) <= 700
    assert len(result.dataset.load(1)) == 1250
