"""The columns that muon-shield optimisation codes read: GeV and metres, at the start vertex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.formats.units import to_metres
from muforge.sample import Sample

SHIELD_UNITS: Mapping[str, str] = {
    "px": "GeV",
    "py": "GeV",
    "pz": "GeV",
    "x": "m",
    "y": "m",
    "z": "m",
    "pdg": "",
    "weight": "",
}
"""Column to unit, in the order of the file."""

SHIELD_DTYPES: Mapping[str, np.dtype[Any]] = {
    name: np.dtype(np.int32 if name == "pdg" else np.float32) for name in SHIELD_UNITS
}


def shield_columns(sample: Sample, z_offset: float) -> dict[str, NDArray[Any]]:
    """The columns of `SHIELD_UNITS` as arrays of shape (n,): start momentum, start vertex, PDG code, weight.

    Arguments:
        sample: The muons.
        z_offset: Metres added to `z`.
    """
    columns = {
        "px": sample["px"],
        "py": sample["py"],
        "pz": sample["pz"],
        "x": to_metres(sample["start_x"]),
        "y": to_metres(sample["start_y"]),
        "z": to_metres(sample["start_z"], z_offset),
        "pdg": sample["pdg"],
        "weight": sample.weight,
    }
    return {name: columns[name].astype(dtype, copy=False) for name, dtype in SHIELD_DTYPES.items()}
