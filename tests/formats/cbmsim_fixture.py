"""Writes `cbmsim` files with ROOT itself: run as `python cbmsim_fixture.py DIRECTORY`.

A script of its own, so that ROOT's signal handlers and warnings stay out of the tests' process.
"""

from __future__ import annotations

import os
import shutil
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXIT_NO_ROOT = 77
TITLE = "POT = 1000000000 with ecut=10.0 diMu100.0 X100.0"
NAN = float("nan")

CLASSES = """
#include <vector>
#include "TObject.h"
#include "TVector3.h"
class ShipMCTrack : public TObject {
 public:
  Int_t fPdgCode = 0, fMotherId = -1;
  Double32_t fPx = 0, fPy = 0, fPz = 0, fM = 0, fStartX = 0, fStartY = 0, fStartZ = 0, fStartT = 0, fW = 0;
  Int_t fProcID = 0, fNPoints = 0;
  ClassDef(ShipMCTrack, 8);
};
class FairMCPoint : public TObject {
 public:
  Int_t fTrackID = -1;
  UInt_t fEventId = 0;
  Double32_t fPx = 0, fPy = 0, fPz = 0, fTime = 0, fLength = 0, fELoss = 0;
  Int_t fDetectorID = 0;
  Double32_t fX = 0, fY = 0, fZ = 0;
  ClassDef(FairMCPoint, 4);
};
class vetoPoint : public FairMCPoint {
 public:
  Int_t fPdgCode = 0;
  TVector3 fLpos, fLmom;
  ClassDef(vetoPoint, 2);
};
#ifdef __CLING__
#pragma link C++ class ShipMCTrack+;
#pragma link C++ class FairMCPoint+;
#pragma link C++ class vetoPoint+;
#pragma link C++ class std::vector<ShipMCTrack>+;
#pragma link C++ class std::vector<vetoPoint>+;
#endif
"""


@dataclass(frozen=True)
class Track:
    pdg: int
    mother: int
    start: tuple[float, float, float, float]  # x, y, z [cm], t [ns]
    p: tuple[float, float, float]
    weight: float


@dataclass(frozen=True)
class Hit:
    track: int
    pdg: int
    x: tuple[float, float, float] = (1.5, -2.5, 645.1)
    p: tuple[float, float, float] = (0.1, 0.2, 9.9)


ON_AXIS = Track(-13, -1, (0.0, 0.0, -7084.5, 0.1), (0.3, -0.4, 12.1), 768.75)
PION = Track(211, -1, (0.0, 0.0, -7000.1, 0.2), (1.1, 0.0, 40.3), 768.75)
OFF_AXIS = Track(13, 1, (0.7, -1.3, -6990.2, 1.7), (-0.9, 0.8, 33.3), 7.6875)
HALF_AXIS = Track(13, 9, (0.0, 0.25, -6900.0, 2.5), (0.5, 0.6, 50.7), 9.37)
LOST = Track(-13, 0, (NAN, 0.0, -7000.0, 0.0), (0.0, 0.0, 20.0), 1.0)

EVENTS: list[tuple[list[Track], list[Hit]]] = [
    ([ON_AXIS, PION, OFF_AXIS], [Hit(2, 13), Hit(1, 211), Hit(0, -13, (9.0, 8.0, 645.1), (0.5, -0.6, 5.5))]),
    ([PION], []),
    ([PION, ON_AXIS], [Hit(-1, 13), Hit(2, -13), Hit(1, -13), Hit(-2, 13)]),
    ([HALF_AXIS], [Hit(0, 13), Hit(0, 13, (1.6, -2.4, 700.0))]),
    ([ON_AXIS], [Hit(0, 13)]),
    ([LOST, OFF_AXIS], [Hit(0, -13), Hit(1, 13)]),
]
"""Several muons in an event; none; track ids out of range; a track that hits twice, whose mother is out of range;
a hit of another charge than its track; a vertex that is not finite."""


def main(folder: Path) -> None:
    try:
        import ROOT
    except ImportError:
        sys.exit(EXIT_NO_ROOT)
    os.chdir(folder)
    Path("classes.C").write_text(CLASSES)
    if ROOT.gROOT.ProcessLine(".L classes.C+") != 0:
        sys.exit("the dictionary does not build")
    write_clones(ROOT, "clones.root", EVENTS)
    write_clones(ROOT, "empty.root", [])
    write_clones(ROOT, "bare.root", EVENTS, planes=())
    write_clones(ROOT, "tracks_only.root", EVENTS, planes=("vetoPoint",), tracks=())
    write_vectors(ROOT, "vectors.root", split=99)
    write_vectors(ROOT, "unsplit.root", split=0)
    for kind in ("TNtuple", "TNtupleD"):
        write_ntuple(ROOT, kind)


def write_clones(
    root: Any,
    name: str,
    events: list[tuple[list[Track], list[Hit]]],
    planes: tuple[str, ...] = ("vetoPoint",),
    tracks: tuple[str, ...] = ("MCTrack",),
) -> None:
    """The layout of 2018 to 2020, with no word on protons on target."""
    file = root.TFile(name, "RECREATE")
    tree = root.TTree("cbmsim", "/cbmroot")
    clones = {branch: root.TClonesArray("ShipMCTrack") for branch in tracks}
    clones |= {branch: root.TClonesArray("vetoPoint") for branch in planes}
    for branch, objects in clones.items():
        tree.Branch(branch, objects, 32000, 99)
    for made, hits in events:
        for branch, objects in clones.items():
            objects.Clear()
            items: Sequence[Track | Hit] = made if branch in tracks else hits
            for index, item in enumerate(items):
                fill(objects.ConstructedAt(index), item)
        tree.Fill()
    tree.Write()
    file.Close()


def write_vectors(root: Any, name: str, split: int) -> None:
    """The layout of 2025: vectors, the plane beside the veto detector, and a header."""
    file = root.TFile(name, "RECREATE")
    tree = root.TTree("cbmsim", "/cbmroot")
    vectors = {
        "MCTrack": root.std.vector("ShipMCTrack")(),
        "vetoPoint": root.std.vector("vetoPoint")(),
        "PlaneHAPoint": root.std.vector("vetoPoint")(),
    }
    for branch, vector in vectors.items():
        tree.Branch(branch, vector, 32000, split)
    for tracks, hits in EVENTS:
        contents: dict[str, Sequence[Track | Hit]] = {
            "MCTrack": tracks,
            "vetoPoint": [Hit(0, 13)] * 3,
            "PlaneHAPoint": hits,
        }
        for branch, vector in vectors.items():
            vector.clear()
            for item in contents[branch]:
                filled = root.ShipMCTrack() if isinstance(item, Track) else root.vetoPoint()
                fill(filled, item)
                vector.push_back(filled)
        tree.Fill()
    tree.Write()
    root.TNamed("FileHeader", TITLE).Write()
    root.TFolder("cbmroot", "Main Folder").Write()
    file.Close()


def fill(target: Any, item: Track | Hit) -> None:
    """Set the members of a ROOT object."""
    target.fPdgCode = item.pdg
    target.fPx, target.fPy, target.fPz = item.p
    if isinstance(item, Track):
        target.fMotherId = item.mother
        target.fStartX, target.fStartY, target.fStartZ, target.fStartT = item.start
        target.fW = item.weight
    else:
        target.fTrackID = item.track
        target.fX, target.fY, target.fZ = item.x


def write_ntuple(root: Any, kind: str) -> None:
    """Two muons and a buffer row; column k of row r is k + r / 8, but for `id` and `parentid`."""
    names = "id:px:py:pz:x:y:z:opx:opy:opz:ox:oy:oz:pythiaid:parentid:w:ecut"
    file = root.TFile(f"{kind}.root", "RECREATE")
    ntuple = getattr(root, kind)("pythia8-Geant4", "muons, POT = 5e3", names)
    root.SetOwnership(ntuple, False)  # closing the file deletes it
    code = "f" if kind == "TNtuple" else "d"
    columns = names.split(":")
    for row, pdg in enumerate((13, -13)):
        values = [index + row / 8 for index in range(len(columns))]
        values[0], values[columns.index("parentid")] = pdg, 211
        ntuple.Fill(array(code, values))
    ntuple.Fill(array(code, [0.0] * len(columns)))
    ntuple.Write()
    file.Close()


def has_compiler() -> bool:
    """Whether ROOT can build a dictionary on this machine."""
    return any(shutil.which(name) for name in ("g++", "c++", "clang++"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
