from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from muforge.errors import InputFileError
from muforge.formats import cbmsim, reader_for
from muforge.formats.cbmsim import CbmsimReader
from muforge.formats.protocol import Chunk, Rejection
from muforge.sample import Sample
from tests.formats.cbmsim_fixture import EVENTS, TITLE, Hit, Track
from tests.shared_data import fairship_file

LAYOUTS = ["clones.root", "vectors.root"]


def all_chunks(path: Path, rows: int = 1000) -> list[Chunk]:
    reader = reader_for(path)
    assert isinstance(reader, CbmsimReader)
    return list(reader.chunks(path, rows))


def good_muons() -> list[tuple[int, Track, Hit]]:
    """Event, track and hit of each muon of the fixture that is no damaged record."""
    return [
        (event, tracks[hit.track], hit)
        for event, (tracks, hits) in enumerate(EVENTS)
        for hit in hits
        if abs(hit.pdg) == 13
        and 0 <= hit.track < len(tracks)
        and tracks[hit.track].pdg == hit.pdg
        and np.isfinite(tracks[hit.track].start).all()
    ]


def expected_columns() -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for event, track, hit in good_muons():
        siblings = EVENTS[event][0]
        mother = siblings[track.mother].pdg if 0 <= track.mother < len(siblings) else 0
        names = ("start_x", "start_y", "start_z", "start_t", "px", "py", "pz")
        row = dict(zip(names, (*track.start, *track.p), strict=True))
        row |= dict(zip(("plane_x", "plane_y", "plane_z"), hit.x, strict=True))
        row |= dict(zip(("plane_px", "plane_py", "plane_pz"), hit.p, strict=True))
        row |= {"pdg": hit.pdg, "event": event, "weight": track.weight, "parent_pdg": mother}
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return columns


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_muon_of_the_plane_is_read_with_the_start_of_its_track(root_files: Path, name: str) -> None:
    (chunk,) = all_chunks(root_files / name)
    expected = expected_columns()
    assert chunk.entries == len(EVENTS)
    assert set(expected) == set(chunk.sample.names) - {"ecut"}
    for column, values in expected.items():
        on_disk = np.array(values, np.float32 if isinstance(values[0], float) else np.int64)
        np.testing.assert_array_equal(chunk.sample[column], on_disk, err_msg=column)
    assert chunk.sample.events_known


def test_categories_follow_the_start_vertex(root_files: Path) -> None:
    (chunk,) = all_chunks(root_files / "clones.root")
    assert chunk.sample.category.tolist() == [4, 1, 1, 4, 4, 4]


@pytest.mark.parametrize("name", LAYOUTS)
def test_damaged_records_are_faults_with_their_entries(root_files: Path, name: str) -> None:
    (chunk,) = all_chunks(root_files / name)
    assert chunk.rejections == (
        Rejection("track id out of range", 3, (2, 2, 2)),
        Rejection("hit and track disagree on the PDG code", 1, (4,)),
        Rejection("branch 'MCTrack.fStartX' is not finite", 1, (5,)),
    )


@pytest.mark.parametrize("name", LAYOUTS)
def test_entries_go_on_over_chunks(root_files: Path, name: str) -> None:
    whole = all_chunks(root_files / name)[0]
    parts = all_chunks(root_files / name, rows=2)
    assert [part.entries for part in parts] == [2, 2, 2]
    joined = Sample.concatenate(part.sample for part in parts)
    for column in whole.sample.names:
        np.testing.assert_array_equal(joined[column], whole.sample[column], err_msg=column)
    assert [r for part in parts for r in part.rejections] == list(whole.rejections)


def test_a_chunk_holds_no_more_bytes_than_the_budget(
    root_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cbmsim, "CHUNK_BYTES", 1)
    assert [chunk.entries for chunk in all_chunks(root_files / "clones.root")] == [1] * len(EVENTS)


def test_the_title_of_the_header_gives_protons_and_cut(root_files: Path) -> None:
    info = CbmsimReader().describe(root_files / "vectors.root")
    assert (info.format, info.entries, info.events_known) == ("cbmsim", len(EVENTS), True)
    assert info.protons_on_target == 1e9
    assert info.metadata == {"plane": "PlaneHAPoint", "title": TITLE, "ecut": 10.0}
    (chunk,) = all_chunks(root_files / "vectors.root")
    assert chunk.sample["ecut"].tolist() == [10.0] * len(chunk.sample)


def test_a_file_without_header_says_nothing(root_files: Path) -> None:
    info = CbmsimReader().describe(root_files / "clones.root")
    assert info.protons_on_target is None
    assert info.metadata == {"plane": "vetoPoint", "title": "", "ecut": None}
    assert "ecut" not in all_chunks(root_files / "clones.root")[0].sample


def test_an_empty_tree_gives_one_empty_chunk(root_files: Path) -> None:
    (chunk,) = all_chunks(root_files / "empty.root")
    assert (chunk.entries, len(chunk.sample), chunk.rejections) == (0, 0, ())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bare.root", "bare.root: neither 'PlaneHAPoint' nor 'vetoPoint' is a branch of tree 'cbmsim'"),
        ("tracks_only.root", "branches 'MCTrack.fPdgCode', .* are missing from tree 'cbmsim'"),
        ("unsplit.root", "branch 'MCTrack' of tree 'cbmsim' is not split"),
    ],
)
def test_what_cannot_be_read_is_named(root_files: Path, name: str, message: str) -> None:
    with pytest.raises(InputFileError, match=message):
        CbmsimReader().describe(root_files / name)
    with pytest.raises(InputFileError, match=message):
        list(CbmsimReader().chunks(root_files / name, 10))


def independent_read(path: Path) -> dict[str, list[Any]]:
    """The muons at the plane of a FairShip file, by plain loops over its entries."""
    import uproot

    rows: dict[str, list[Any]] = {}
    with uproot.open(path) as file:
        tree = file["cbmsim"]
        members = ["PdgCode", "MotherId", "StartX", "StartY", "StartZ", "StartT", "Px", "Py", "Pz", "W"]
        track = {name: tree[f"MCTrack.f{name}"].array(library="np") for name in members}
        members = ["TrackID", "PdgCode", "X", "Y", "Z", "Px", "Py", "Pz"]
        hit = {name: tree[f"vetoPoint.f{name}"].array(library="np") for name in members}
        for event in range(tree.num_entries):
            for k, pdg in enumerate(hit["PdgCode"][event]):
                if abs(pdg) != 13:
                    continue
                row = {f"plane_{name.lower()}": hit[name][event][k] for name in members[2:]}
                index = hit["TrackID"][event][k]
                for name in ("StartX", "StartY", "StartZ", "StartT"):
                    row[f"start_{name[-1].lower()}"] = track[name][event][index]
                for name in ("Px", "Py", "Pz"):
                    row[name.lower()] = track[name][event][index]
                mother = track["MotherId"][event][index]
                row |= {"pdg": pdg, "event": event, "weight": track["W"][event][index]}
                row["parent_pdg"] = track["PdgCode"][event][mother] if mother >= 0 else 0
                for name, value in row.items():
                    rows.setdefault(name, []).append(value)
    return rows


def test_a_file_of_fairship_itself() -> None:
    path = fairship_file()
    expected = independent_read(path)
    chunks = all_chunks(path, rows=300)
    assert sum(chunk.entries for chunk in chunks) == CbmsimReader().describe(path).entries
    assert all(chunk.rejections == () for chunk in chunks)
    sample = Sample.concatenate(chunk.sample for chunk in chunks)
    assert set(sample.names) == set(expected)
    assert len(sample) == len(expected["pdg"]) > 0
    for name, values in expected.items():
        np.testing.assert_array_equal(sample[name], np.array(values, sample[name].dtype), err_msg=name)
