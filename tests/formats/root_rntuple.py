"""Reads an RNTuple with ROOT, and lets ROOT write it again: `python root_rntuple.py ROOT_FILE NPZ COPY`.

A script of its own, so that ROOT's signal handlers and warnings stay out of the tests' process. NPZ gets every field
as an array of its own type, shape (entries,), as RDataFrame sees it, and in `order` the names of the fields as
RNTupleReader lists them; COPY is an RNTuple of the same fields with the encodings that ROOT chooses.
"""

from __future__ import annotations

import sys

EXIT_NO_ROOT = 77
NAME = "pythia8-Geant4"


def main(source: str, target: str, copy: str) -> None:
    try:
        import ROOT
    except ImportError:
        sys.exit(EXIT_NO_ROOT)
    import numpy as np

    reader = ROOT.RNTupleReader.Open(NAME, source)
    order = [str(field.GetFieldName()) for field in reader.GetDescriptor().GetTopLevelFields()]
    frame = ROOT.RDataFrame(NAME, source)
    columns = {name: np.asarray(values) for name, values in frame.AsNumpy(order).items()}
    np.savez(target, allow_pickle=False, order=order, **columns)
    options = ROOT.RDF.RSnapshotOptions()
    options.fOutputFormat = ROOT.RDF.ESnapshotOutputFormat.kRNTuple
    frame.Snapshot(NAME, copy, order, options)


if __name__ == "__main__":
    main(*sys.argv[1:])
