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
    "p": "$p$",
    "pt": "$p_T$",
    "phi": r"azimuth of $\vec{p}$",
    "r": "start $r$",
    "angle": r"azimuth of $\vec{p}$ $-$ of vertex",
    "plane_x": "plane $x$",
    "plane_y": "plane $y$",
    "plane_z": "plane $z$",
    "plane_px": "plane $p_x$",
    "plane_py": "plane $p_y$",
    "plane_pz": "plane $p_z$",
}


DERIVED_UNITS: Mapping[str, str] = {"p": "GeV", "pt": "GeV", "phi": "rad", "r": "cm", "angle": "rad"}


def unit(column: str) -> str:
    """Unit of a column or of a quantity derived from columns; empty if it has none."""
    return DERIVED_UNITS[column] if column in DERIVED_UNITS else COLUMNS[column].unit


def symbol(column: str) -> str:
    """Short name of a column, e.g. `$p_x$`."""
    return SYMBOLS.get(column, column.replace("_", " "))


def axis_label(column: str) -> str:
    """Short name and unit, e.g. `$p_x$ [GeV]`."""
    return f"{symbol(column)} [{unit(column)}]" if unit(column) else symbol(column)


def density_label(column: str) -> str:
    """Label of a probability density, e.g. `probability density [1/GeV]`."""
    return f"probability density [1/{unit(column)}]" if unit(column) else "probability density"
