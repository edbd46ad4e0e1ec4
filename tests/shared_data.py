"""Data that lies beside the checkout on some machines; tests that need it skip where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("MUFORGE_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def reference_files() -> list[Path]:
    """The six files of the 1.58 M muon reference sample."""
    files = sorted((SHARED / "reference").glob("muons_*.root"))
    if not files:
        pytest.skip(f"the reference sample is not at {SHARED / 'reference'} (set MUFORGE_SHARED)")
    return files


def fairship_file() -> Path:
    """A file written by FairShip itself in 2020: 1,000 events of a mu- gun."""
    file = SHARED / "real" / "fairship_cbmsim_2020_muon_gun.root"
    if not file.exists():
        pytest.skip(f"the FairShip file is not at {file} (set MUFORGE_SHARED)")
    return file
