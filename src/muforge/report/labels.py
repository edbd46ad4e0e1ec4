"""Names of columns as they are written on axes."""

from __future__ import annotations

from collections.abc import Mapping

from muforge.sample import COLUMNS

SYMBOLS: Mapping[str, str] = {
    "start_x": "start $x$",
    "start_y": "start $y$",
    "start_z": "start $z$",
    "start_t": "start $t$",
    "px": "$p_x$",
    "py": "$p_y$",
    "pz": "$p_z$",
    "plane_x": "plane $x$",
    "plane_y": "plane $y$",
    "plane_z": "plane $z$",
    "plane_px": "plane $p_x$",
    "plane_py": "plane $p_y$",
    "plane_pz": "plane $p_z$",
}


def symbol(column: str) -> str:
    """Short name of a column, e.g. `$p_x$`."""
    return SYMBOLS.get(column, column.replace("_", " "))


def axis_label(column: str) -> str:
    """Short name and unit, e.g. `$p_x$ [GeV]`."""
    unit = COLUMNS[column].unit
    return f"{symbol(column)} [{unit}]" if unit else symbol(column)


def density_label(column: str) -> str:
    """Label of a probability density, e.g. `probability density [1/GeV]`."""
    unit = COLUMNS[column].unit
    return f"probability density [1/{unit}]" if unit else "probability density"
