"""The look of every figure: mplhep's ROOT style at a size that suits several panels, and one set of colours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.style
import mplhep

REAL = "#3f3f46"
REAL_FILL = "#d4d4d8"
GENERATED = "#e42536"
NULL = "#5790fc"
FURTHER = ("#f89c20", "#964a8b", "#9c9ca1", "#7a21dd")
"""With `GENERATED` and `NULL`, the colours of Petroff, arXiv:2107.02270, told apart by colour-blind readers."""

_SIZES: dict[str, Any] = {
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "figure.titlesize": 13,
    "axes.linewidth": 0.9,
    "lines.linewidth": 1.3,
    "xtick.major.size": 6,
    "xtick.minor.size": 3,
    "ytick.major.size": 6,
    "ytick.minor.size": 3,
    "xtick.major.pad": 4,
    "svg.hashsalt": "muforge",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Figures made or saved inside the block have the house's look; the user's settings come back after it."""
    with matplotlib.style.context([mplhep.style.ROOT, _SIZES]):
        yield
