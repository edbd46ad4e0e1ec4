"""Directories that an export may write."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from muforge.errors import OutputError
from muforge.files import check_output_directory


def check_own_directory(out: Path, names: Collection[str], *, force: bool) -> None:
    """Raise `OutputError` unless `out` is new, or `force` is given and it holds nothing but files of these names."""
    check_output_directory(out)
    if not out.exists():
        return
    others = sorted(file.name for file in out.iterdir() if file.name not in names)
    if others:
        raise OutputError(f"{out}: exists already and holds '{others[0]}'; choose another name")
    if not force:
        raise OutputError(f"{out}: exists already; choose another name or give --force")
