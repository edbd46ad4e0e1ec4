"""A generator for FairShip: the header of a bundle and the class that is built on it."""

from __future__ import annotations

import shutil
from pathlib import Path

from muforge.bundle import Bundle
from muforge.export.cpp import header
from muforge.export.output import check_own_directory
from muforge.files import atomic_directory

HEADER = "muforge.hpp"
SOURCES = ("MuforgeGenerator.h", "MuforgeGenerator.cxx", "README.md")


def export_fairship(bundle: Bundle, out: Path, *, force: bool = False) -> Path:
    """Write a directory with the header and the generator's files, which FairShip is built with.

    Arguments:
        bundle: As for `export_cpp`.
        out: Where; it must not exist unless `force`, and then hold nothing but such files.

    Raises:
        ConfigError: The engine does not run one of the categories.
        OutputError: The directory exists, holds other files, or cannot be written.
    """
    check_own_directory(out, {HEADER, *SOURCES}, force=force)
    text = header(bundle)
    with atomic_directory(out) as partial:
        (partial / HEADER).write_text(text, encoding="ascii")
        for name in SOURCES:
            shutil.copyfile(_sources() / name, partial / name)
    return out


def _sources() -> Path:
    """Where the generator's files are: in the package, or beside it in the repository."""
    installed = Path(__file__).parent / "fairship"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "integrations" / "fairship"
