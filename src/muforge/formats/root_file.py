"""Opening ROOT files for reading, and what is in them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from muforge.errors import InputFileError
from muforge.formats.reading import reading, starts_with

MAGIC = b"root"
TREE_CLASSES = frozenset({"TTree", "TNtuple", "TNtupleD"})
RNTUPLE_CLASSES = frozenset({"ROOT::RNTuple"})

_LARGE_FILE_VERSION = 1_000_000
"""From this version number on, offsets in a ROOT file's header have 64 bits (ROOT's TFile documentation)."""


@contextmanager
def open_root(path: Path) -> Iterator[Any]:
    """The file opened by uproot without caches, so that memory holds no more than is being read.

    Raises:
        InputFileError: The file is truncated, or damaged where the block reads it.
    """
    import uproot

    with reading(path):
        _check_length(path)
        with path.open("rb") as handle, uproot.open(handle, object_cache=None, array_cache=None) as file:
            yield file


def _check_length(path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(20)
    version = int.from_bytes(header[4:8], "big")
    (end,) = struct.unpack_from(">q" if version >= _LARGE_FILE_VERSION else ">i", header, 12)
    size = path.stat().st_size
    if size < end:
        raise InputFileError(f"{path}: truncated, has {size} of {end} bytes")


def classes(file: Any) -> dict[str, str]:
    """Name of each top-level object (without its cycle) to its ROOT class."""
    return {str(name).partition(";")[0]: str(kind) for name, kind in file.classnames(recursive=False).items()}


def has_object(path: Path, name: str, kinds: frozenset[str]) -> bool:
    """Whether this is a ROOT file with an object of this name, of one of these classes, at its top level."""
    if not starts_with(path, MAGIC):
        return False
    with open_root(path) as file:
        return classes(file).get(name) in kinds


def title(file: Any, name: str) -> str:
    """Title of a top-level object, or "" if there is none.

    Read from its key, where ROOT keeps a copy, so that the class of the object need not be known.
    """
    return str(file.key(name).fTitle or "") if name in classes(file) else ""


def require_branches(path: Path, tree: Any, names: Sequence[str]) -> None:
    """Raise `InputFileError` unless the tree has every one of these branches (or sub-branches)."""
    present = {branch.name for branch in tree.itervalues(recursive=True)}
    missing = [name for name in names if name not in present]
    found = [branch.name for branch in tree.branches]
    refuse_missing(path, missing, ("branch", "branches"), f"tree '{tree.name}'", found)


def refuse_missing(
    path: Path, missing: Sequence[str], words: tuple[str, str], where: str, found: Iterable[str]
) -> None:
    """Raise `InputFileError` if there are missing names.

    Arguments:
        path: The file.
        missing: What should be there.
        words: What the file calls one of them, and several.
        where: The object that lacks them.
        found: What it has.
    """
    if missing:
        word, verb = (words[0], "is") if len(missing) == 1 else (words[1], "are")
        listed = ", ".join(f"'{name}'" for name in missing)
        raise InputFileError(
            f"{path}: {word} {listed} {verb} missing from {where}, which has {', '.join(found)}"
        )


def steps(tree: Any, names: Sequence[str], entries: int, library: str) -> Iterator[Mapping[str, Any]]:
    """The named branches, `entries` tree entries at a time; an empty tree gives one empty step."""
    if tree.num_entries == 0:
        yield tree.arrays(filter_name=list(names), library=library)
    else:
        yield from tree.iterate(filter_name=list(names), step_size=entries, library=library)
