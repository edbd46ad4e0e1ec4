"""Ingestion against the plainest reading of the same branches."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import uproot

from muforge.bench.timing import in_turns, rates, ratio
from muforge.dataset.ingest import ingest
from muforge.dataset.workers import Progress

TURNS = 5


def measure(files: list[Path]) -> dict[str, Any]:
    """Muons per second of `ingest` (whole: checksums, split, Parquet) and of uproot reading the trees alone."""
    muons = 0

    def whole() -> None:
        nonlocal muons
        with tempfile.TemporaryDirectory() as folder:
            muons = ingest(files, Path(folder) / "ds", progress=ignore).muons_read

    def plain() -> None:
        for file in files:
            with uproot.open(file) as root:
                root["pythia8-Geant4"].arrays(library="np")

    times = in_turns({"ingest": whole, "uproot alone": plain}, TURNS)
    return {
        "muons": muons,
        "muons_per_second": rates(times, muons),
        "time_of_ingest_over_uproot_alone": ratio(times["uproot alone"], times["ingest"]),
    }


def ignore(_: Progress) -> None:
    """Progress that nobody watches."""
