"""Reads a flat ntuple with the calls of FairShip's MuonBackGenerator: `python fairship_reader.py ROOT_FILE NPY`.

A script of its own, so that ROOT's signal handlers and warnings stay out of the tests' process. Writes a
float32 array of shape (entries, 17) in the order of `COLUMNS`, a column not bound being NaN.
"""

from __future__ import annotations

import sys
from array import array

EXIT_NO_ROOT = 77
# fmt: off
COLUMNS = [
    "id", "px", "py", "pz", "x", "y", "z", "opx", "opy", "opz", "ox", "oy", "oz",
    "pythiaid", "parentid", "w", "ecut",
]
BOUND_BY_FAIRSHIP = [
    "id", "parentid", "pythiaid", "ecut", "w", "ox", "oy", "oz", "opx", "opy", "opz",
]
# fmt: on


def main(source: str, target: str, names: list[str]) -> None:
    try:
        import ROOT
    except ImportError:
        sys.exit(EXIT_NO_ROOT)
    import numpy as np

    file = ROOT.TFile.Open(source)
    if not file or file.IsZombie():
        sys.exit("cannot open")
    tree = file.Get("pythia8-Geant4")
    if not tree.InheritsFrom("TTree"):
        sys.exit(f"a {tree.ClassName()}, not a TTree")
    if tree.GetListOfLeaves().GetSize() < 17:
        sys.exit("fewer than 17 leaves")
    buffers = {name: array("f", [0.0]) for name in names}
    for name, buffer in buffers.items():
        status = tree.SetBranchAddress(name, buffer)
        if status < 0:
            sys.exit(f"SetBranchAddress of '{name}' gives {status}")
    rows = np.full((tree.GetEntries(), len(COLUMNS)), np.nan, np.float32)
    for entry in range(tree.GetEntries()):
        if tree.GetEntry(entry) <= 0:
            sys.exit(f"cannot read entry {entry}")
        for name, buffer in buffers.items():
            rows[entry, COLUMNS.index(name)] = buffer[0]
    np.save(target, rows)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
