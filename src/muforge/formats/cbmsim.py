"""Full-simulation productions of FairShip: `cbmsim` trees, of 2018 to 2020 and from 2025 on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.errors import InputFileError
from muforge.formats.metadata import ecut_in_title, protons_in_title
from muforge.formats.protocol import Chunk, FileInfo
from muforge.formats.root_file import TREE_CLASSES, has_object, open_root, require_branches, steps, title
from muforge.formats.sift import Sieve, sift
from muforge.sample import COLUMNS, MU_MINUS

TREE = "cbmsim"
TRACKS = "MCTrack"
PLANES = ("PlaneHAPoint", "vetoPoint")
"""Hits at the plane behind the hadron absorber: from 2025 on, and before. Where a file has both, `vetoPoint`
is the veto detector, so the first one found is taken."""

TRACK_MEMBERS: Mapping[str, str] = {
    "start_x": "fStartX",
    "start_y": "fStartY",
    "start_z": "fStartZ",
    "px": "fPx",
    "py": "fPy",
    "pz": "fPz",
    "weight": "fW",
    "start_t": "fStartT",
}
HIT_MEMBERS: Mapping[str, str] = {
    "plane_x": "fX",
    "plane_y": "fY",
    "plane_z": "fZ",
    "plane_px": "fPx",
    "plane_py": "fPy",
    "plane_pz": "fPz",
}
PDG_CODE, MOTHER, TRACK_ID = "fPdgCode", "fMotherId", "fTrackID"

CHUNK_BYTES = 64 * 2**20
"""Uncompressed bytes of the branches read that a chunk may hold, since a file does not say how many muons an
entry has and a shower can have many thousands of tracks."""


class CbmsimReader:
    """Reads every muon of the plane behind the hadron absorber, with the start of its track.

    A muon is a hit with |PDG code| = 13; its start vertex, momentum, time and weight are those of
    `MCTrack[fTrackID]` of the same entry, and its mother is that track's mother (PDG code 0 if it has none).
    A track that hits the plane twice is there twice. `event` is the tree entry.

    A hit whose track id is not that of a track of its entry, or whose PDG code is not the track's, is a
    damaged record and is left out as a fault. The branches must be split (FairRoot's default, for the
    TClonesArray of 2018 as for the std::vector of 2025).
    """

    name = "cbmsim"

    def recognises(self, path: Path) -> bool:
        return has_object(path, TREE, TREE_CLASSES)

    def describe(self, path: Path) -> FileInfo:
        with open_root(path) as file:
            tree = file[TREE]
            plane = _checked_plane(path, tree)
            header = title(file, "FileHeader")
            metadata = {"plane": plane, "title": header, "ecut": ecut_in_title(header)}
            return FileInfo(
                self.name,
                tree.num_entries,
                protons_in_title(header),
                metadata=metadata,
                columns=_units(plane),
                title=header,
            )

    def chunks(self, path: Path, rows: int) -> Iterator[Chunk]:
        with open_root(path) as file:
            tree = file[TREE]
            plane = _checked_plane(path, tree)
            names = _branches(plane)
            ecut = ecut_in_title(title(file, "FileHeader"))
            first = 0
            for events in steps(tree, names, _entries_per_chunk(tree, names, rows), "ak"):
                yield _chunk(events, plane, first, ecut)
                first += len(events)


def _checked_plane(path: Path, tree: Any) -> str:
    """The plane's branch, once it is sure that all members to be read are there."""
    plane = _plane(path, tree)
    for branch in (TRACKS, plane):
        if branch in tree.keys(recursive=False) and not tree[branch].branches:
            raise InputFileError(
                f"{path}: branch '{branch}' of tree '{TREE}' is not split into its members, which cannot be "
                "read; write it with ROOT's default split level"
            )
    require_branches(path, tree, _branches(plane))
    return plane


def _plane(path: Path, tree: Any) -> str:
    present = tree.keys(recursive=False)
    for plane in PLANES:
        if plane in present:
            return plane
    wanted = " nor ".join(f"'{plane}'" for plane in PLANES)
    raise InputFileError(
        f"{path}: neither {wanted} is a branch of tree '{TREE}', which has {', '.join(present)}"
    )


def _branches(plane: str) -> list[str]:
    tracks = [f"{TRACKS}.{member}" for member in (PDG_CODE, MOTHER, *TRACK_MEMBERS.values())]
    hits = [f"{plane}.{member}" for member in (PDG_CODE, TRACK_ID, *HIT_MEMBERS.values())]
    return tracks + hits


def _units(plane: str) -> dict[str, str | None]:
    members = [(TRACKS, TRACK_MEMBERS), (plane, HIT_MEMBERS)]
    units = {f"{branch}.{each[name]}": COLUMNS[name].unit for branch, each in members for name in each}
    return {branch: units.get(branch, "") for branch in _branches(plane)}


def _entries_per_chunk(tree: Any, names: list[str], rows: int) -> int:
    size = sum(int(tree[name].uncompressed_bytes) for name in names)
    per_entry = max(1, size // max(1, int(tree.num_entries)))
    return max(1, min(rows, CHUNK_BYTES // per_entry))


def _chunk(events: Any, plane: str, first: int, ecut: float | None) -> Chunk:
    tracks, hits = _Jagged(events, TRACKS), _Jagged(events, plane)
    hit = np.flatnonzero(np.abs(hits[PDG_CODE]) == MU_MINUS)
    event = hits.entry[hit]
    sieve = Sieve(first + event)

    track_id = hits[TRACK_ID][hit]
    sieve.reject((track_id < 0) | (track_id >= tracks.counts[event]), "track id out of range")
    rows = sieve.narrow()
    hit, event, track_id = hit[rows], event[rows], track_id[rows]

    track = tracks.offsets[event] + track_id
    pdg = hits[PDG_CODE][hit]
    sieve.reject(pdg != tracks[PDG_CODE][track], "hit and track disagree on the PDG code")

    raw = {"pdg": pdg, "event": first + event, "parent_pdg": _parent(tracks, track, event)}
    raw |= {name: tracks[member][track] for name, member in TRACK_MEMBERS.items()}
    raw |= {name: hits[member][hit] for name, member in HIT_MEMBERS.items()}
    if ecut is not None:
        raw["ecut"] = np.full(len(hit), ecut)
    return Chunk(sift(raw, sieve, labels=_labels(raw, plane)), len(events), sieve.rejections)


def _parent(tracks: _Jagged, track: NDArray[Any], event: NDArray[Any]) -> NDArray[Any]:
    mother = tracks[MOTHER][track]
    known = (mother >= 0) & (mother < tracks.counts[event])
    return np.where(known, tracks[PDG_CODE][np.where(known, tracks.offsets[event] + mother, track)], 0)


def _labels(raw: Mapping[str, Any], plane: str) -> dict[str, str]:
    labels = {name: name for name in raw}
    labels |= {name: f"{TRACKS}.{member}" for name, member in TRACK_MEMBERS.items()}
    labels |= {name: f"{plane}.{member}" for name, member in HIT_MEMBERS.items()}
    return labels


class _Jagged:
    """The lists of a branch, one an entry, as flat arrays: object k of entry e is at offsets[e] + k."""

    def __init__(self, events: Any, branch: str) -> None:
        import awkward as ak

        self._events = events
        self._branch = branch
        self.counts: NDArray[np.int64] = ak.to_numpy(ak.num(events[f"{branch}.{PDG_CODE}"], axis=1))
        self.offsets = np.cumsum(self.counts) - self.counts

    @property
    def entry(self) -> NDArray[np.int64]:
        """The entry of each object."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def __getitem__(self, member: str) -> NDArray[Any]:
        import awkward as ak

        flat: NDArray[Any] = ak.to_numpy(ak.flatten(self._events[f"{self._branch}.{member}"], axis=1))
        if len(flat) != self.counts.sum():
            raise ValueError(
                f"branch '{self._branch}.{member}' has {len(flat)} values, expected {self.counts.sum()}"
            )
        return flat
