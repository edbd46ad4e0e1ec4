from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from muforge.errors import InputFileError
from muforge.formats import read, reader_for
from muforge.formats.flat import FlatReader
from muforge.formats.ntuple import BRANCHES, NTUPLE, SOURCES
from muforge.formats.protocol import Chunk, Rejection
from muforge.sample import VARIATIONS, Sample
from tests.shared_data import reference_files

REQUIRED_BRANCHES = ["id", "w", "ox", "oy", "oz", "opx", "opy", "opz"]
IN_METRES = {"x", "y", "z", "ox", "oy", "oz"}


def ntuple(rows: int, dtype: type = np.float32) -> dict[str, NDArray[Any]]:
    """Branches of a flat ntuple with distinct values: value of branch k in row r is k + r / 8."""
    branches: dict[str, NDArray[Any]] = {
        name: (k + np.arange(rows) / 8).astype(dtype) for k, name in enumerate(BRANCHES)
    }
    branches["id"] = np.where(np.arange(rows) % 2, -13, 13).astype(dtype)
    branches["parentid"] = np.full(rows, -211, dtype)
    return branches


def write_tree(path: Path, branches: Mapping[str, NDArray[Any]], title: str = "") -> Path:
    import uproot

    with uproot.recreate(path) as file:
        types = {name: np.dtype((values.dtype, values.shape[1:])) for name, values in branches.items()}
        tree = file.mktree(NTUPLE, types, title=title)
        tree.extend(dict(branches))
    return path


def one_chunk(path: Path) -> Chunk:
    (chunk,) = FlatReader().chunks(path, 1000)
    return chunk


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_come_from_their_branches(tmp_path: Path, dtype: type) -> None:
    branches = ntuple(5, dtype)
    branches["dangerous"] = np.array([0, 1, 1, 0, 1], dtype)
    branches["oz"][0] = 0.1  # not a multiple of 1/8, so that float32 and float64 differ
    path = write_tree(tmp_path / "muons.root", branches)
    assert reader_for(path).name == "flat"
    sample = one_chunk(path).sample
    for name in sample.names:
        if name != "event":
            branch = SOURCES[name]
            scale = 100 if branch in IN_METRES else 1
            expected = (branches[branch].astype(np.float64) * scale).astype(sample[name].dtype)
            np.testing.assert_array_equal(sample[name], expected, err_msg=name)
    assert set(sample.names) == set(SOURCES) - {"start_t", "origin", "decay", *VARIATIONS}


@pytest.mark.parametrize("kind", ["TNtuple", "TNtupleD"])
def test_ntuples_of_root_are_read(root_files: Path, kind: str) -> None:
    path = root_files / f"{kind}.root"
    assert FlatReader().describe(path).protons_on_target == 5000
    chunk = one_chunk(path)
    assert chunk.sample["pdg"].tolist() == [13, -13]
    assert chunk.sample["start_x"].tolist() == [1000, 1012.5]
    assert chunk.sample["weight"].tolist() == [15, 15.125]
    assert chunk.rejections == (Rejection("not a muon", 1, (2,), fault=False),)


def test_without_event_branch_each_row_is_an_event(tmp_path: Path) -> None:
    path = write_tree(tmp_path / "muons.root", ntuple(5))
    chunks = list(FlatReader().chunks(path, 2))
    assert [chunk.sample["event"].tolist() for chunk in chunks] == [[0, 1], [2, 3], [4]]
    assert not any(chunk.sample.events_known for chunk in chunks)
    assert not FlatReader().describe(path).events_known


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float64])
def test_event_and_origin_branches_are_read(tmp_path: Path, dtype: type) -> None:
    extra = {"event": np.array([7, 7, 2**24 + 1], dtype), "origin": np.array([1, 2, 3], np.int32)}
    path = write_tree(tmp_path / "muons.root", ntuple(3) | extra)
    sample = one_chunk(path).sample
    assert sample["event"].tolist() == [7, 7, 2**24 + 1]
    assert sample["origin"].tolist() == [1, 2, 3]
    assert sample.events_known
    assert FlatReader().describe(path).events_known


def test_only_the_required_branches_need_be_there(tmp_path: Path) -> None:
    required = {name: values for name, values in ntuple(3).items() if name in REQUIRED_BRANCHES}
    sample = one_chunk(write_tree(tmp_path / "muons.root", required)).sample
    assert sample.names == ("pdg", "start_x", "start_y", "start_z", "px", "py", "pz", "weight", "event")


@pytest.mark.parametrize("missing", REQUIRED_BRANCHES)
def test_a_missing_branch_is_named(tmp_path: Path, missing: str) -> None:
    branches = ntuple(3)
    del branches[missing]
    path = write_tree(tmp_path / "muons.root", branches)
    message = rf"muons\.root: branch '{missing}' is missing from tree 'pythia8-Geant4'"
    with pytest.raises(InputFileError, match=message):
        list(FlatReader().chunks(path, 10))
    with pytest.raises(InputFileError, match=message):
        FlatReader().describe(path)


def test_a_branch_of_text_or_arrays_is_refused(tmp_path: Path) -> None:
    path = write_tree(tmp_path / "arrays.root", ntuple(3) | {"opx": np.zeros((3, 2), np.float32)})
    with pytest.raises(InputFileError, match=r"branch 'opx' is of type float\[2\], expected one number"):
        list(FlatReader().chunks(path, 10))
    with pytest.raises(InputFileError, match=r"branch 'opx' is of type .*, expected one number"):
        FlatReader().describe(write_text_branch(tmp_path / "text.root"))


def write_text_branch(path: Path) -> Path:
    import awkward as ak
    import uproot

    with uproot.recreate(path) as file:
        branches = ntuple(2) | {"opx": ak.Array(["a", "b"])}
        file.mktree(NTUPLE, branches)
    return path


@pytest.mark.parametrize(
    ("branch", "value", "reason"),
    [
        ("oz", np.nan, "branch 'oz' is not finite"),
        ("opx", np.inf, "branch 'opx' is not finite"),
        ("ox", 1e39, "branch 'ox' is not finite"),
        ("x", -np.inf, "branch 'x' is not finite"),
        ("w", np.nan, "branch 'w' is not finite"),
        ("w", -1.0, "branch 'w' is negative"),
        ("id", np.nan, "branch 'id' is not finite"),
        ("parentid", 0.5, "branch 'parentid' is not a whole number of 32 bits"),
        ("parentid", 2.0**31, "branch 'parentid' is not a whole number of 32 bits"),
    ],
)
def test_bad_rows_are_faults_with_branch_and_entry(
    tmp_path: Path, branch: str, value: float, reason: str
) -> None:
    branches = ntuple(6, np.float64)
    branches[branch][[1, 4]] = value
    chunk = one_chunk(write_tree(tmp_path / "muons.root", branches))
    assert chunk.rejections == (Rejection(reason, 2, (1, 4)),)
    assert chunk.sample["event"].tolist() == [0, 2, 3, 5]
    assert chunk.entries == 6


def test_entries_of_bad_rows_count_from_the_start_of_the_file(tmp_path: Path) -> None:
    branches = ntuple(10)
    branches["oy"][7] = np.nan
    rejections = [c.rejections for c in FlatReader().chunks(write_tree(tmp_path / "a.root", branches), 4)]
    assert rejections == [(), (Rejection("branch 'oy' is not finite", 1, (7,)),), ()]


def test_rows_that_are_no_muons_are_left_out_without_fault(tmp_path: Path) -> None:
    branches = ntuple(4)
    for values in branches.values():
        values[3] = 0
    branches["id"][1] = 211
    chunk = one_chunk(write_tree(tmp_path / "muons.root", branches))
    assert chunk.rejections == (Rejection("not a muon", 2, (1, 3), fault=False),)
    assert chunk.sample["event"].tolist() == [0, 2]


def test_weights_of_zero_are_read(tmp_path: Path) -> None:
    chunk = one_chunk(write_tree(tmp_path / "muons.root", ntuple(2) | {"w": np.zeros(2, np.float32)}))
    assert chunk.sample.weight.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("title", "expected"),
    [("", None), ("POT = 1000000000 with ecut=10.0", 1e9), ("x, POT=2.5e+13", 2.5e13), ("POT = 0", None)],
)
def test_protons_on_target_come_from_the_title(tmp_path: Path, title: str, expected: float | None) -> None:
    path = write_tree(tmp_path / "muons.root", ntuple(2), title)
    assert FlatReader().describe(path).protons_on_target == expected


@pytest.mark.parametrize("text", ["not json", "[1]", '{"weights_protons_on_target": -1}'])
def test_metadata_of_another_shape_are_an_error(tmp_path: Path, text: str) -> None:
    import uproot

    path = write_tree(tmp_path / "muons.root", ntuple(2))
    with uproot.update(path) as file:
        file["muforge"] = text
    with pytest.raises(InputFileError, match=r"muons\.root: .*metadata"):
        FlatReader().describe(path)


def test_an_empty_tree_gives_one_empty_chunk(tmp_path: Path) -> None:
    path = write_tree(tmp_path / "muons.root", ntuple(0))
    chunk = one_chunk(path)
    assert (chunk.entries, len(chunk.sample), chunk.rejections) == (0, 0, ())


def test_the_reference_sample_has_the_counts_of_its_categories() -> None:
    counts = np.zeros(5, int)
    entries = 0
    for path in reference_files():
        reader = reader_for(path)
        assert reader.describe(path).events_known
        for chunk in reader.chunks(path, 200_000):
            assert chunk.rejections == ()
            entries += chunk.entries
            counts += np.bincount(chunk.sample.category, minlength=5)
    assert counts.tolist() == [0, 127_230, 126_826, 699_935, 627_986]
    assert entries == counts.sum()


def test_a_reference_file_equals_a_plain_read_of_it() -> None:
    import uproot

    path = reference_files()[0]
    sample: Sample = read(path)
    with uproot.open(path) as file:
        for name in sample.names:
            values = file[NTUPLE][SOURCES[name]].array(library="np").astype(np.float64)
            scale = 100 if SOURCES[name] in IN_METRES else 1
            expected = (values * scale).astype(sample[name].dtype)
            np.testing.assert_array_equal(sample[name], expected, err_msg=name)
