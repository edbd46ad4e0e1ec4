"""A file of muons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from muforge.about.judged import Judged
from muforge.errors import InputFileError
from muforge.files import sha256
from muforge.formats import describe
from muforge.formats.metadata import METADATA_KEY, ecut_in_title
from muforge.problem import first_problem


@dataclass(frozen=True)
class Model:
    """Name of a bundle, and the SHA-256 of its `bundle.json`."""

    name: str
    identity: str


@dataclass(frozen=True)
class Simulation:
    """Energy of the protons, and cut on that of the muons, in GeV."""

    energy: float
    ecut: float


@dataclass(frozen=True)
class Origin:
    """How muforge made the muons of a file, by the fields of its metadata; None is not stated.

    Arguments:
        protons_on_target: Of the whole spill, where the file is one of its `shards`.
        muons: Of the whole spill; with pairs it is `muons_drawn`, before the other muons of decays are added.
        training_n_eff: Effective size of the simulated muons that the model learned from, by category. What is
            generated knows no more.
        judged: By category; None where the model was not judged.
    """

    muforge_version: str
    model: Model | None = None
    simulation: Simulation | None = None
    seed: int | None = None
    protons_on_target: float | None = None
    muons: int | dict[int, int] | None = None
    muons_drawn: int | dict[int, int] | None = None
    pairs: bool | None = None
    variations: int | None = None
    shard: int | None = None
    shards: int | None = None
    training_n_eff: dict[int, float] = field(default_factory=dict)
    judged: dict[int, Judged | None] = field(default_factory=dict)
    ecut: float | None = None
    modelled: tuple[str, ...] | None = None
    not_modelled: tuple[str, ...] | None = None
    smearing: str | None = None
    units: dict[str, str] | None = None


@dataclass(frozen=True)
class FileAbout:
    """What a file says of itself.

    Arguments:
        path: As given.
        format: Name of the format.
        bytes: Size.
        sha256: None if it was not asked for.
        entries: Rows, or events of a production.
        columns: As the file calls them, to their unit: "" for a pure number, None if it is not known.
        weights_protons_on_target: Protons that the sum of weights stands for, if stated.
        events_known: Whether the file says which muons share a proton.
        ecut: Energy cut of the production in GeV, if stated.
        title: For people.
        origin: How muforge made the muons; None if it did not, or does not say.
    """

    path: str
    format: str
    bytes: int
    sha256: str | None
    entries: int
    columns: dict[str, str | None]
    weights_protons_on_target: float | None
    events_known: bool
    ecut: float | None
    title: str
    origin: Origin | None
    kind: Literal["file of muons"] = "file of muons"


def about_file(path: Path, *, checksum: bool = True) -> FileAbout:
    """What the file says of itself.

    Raises:
        InputFileError: It is missing, empty, damaged, of no format of muforge, or its metadata are not as muforge
            writes them.
    """
    info = describe(path)
    origin = _origin(path, info.metadata)
    return FileAbout(
        path=str(path),
        format=info.format,
        bytes=path.stat().st_size,
        sha256=sha256(path) if checksum else None,
        entries=info.entries,
        columns=info.columns,
        weights_protons_on_target=info.protons_on_target,
        events_known=info.events_known,
        ecut=_ecut(origin) or ecut_in_title(info.title),
        title=info.title,
        origin=origin,
    )


def _origin(path: Path, metadata: Mapping[str, Any]) -> Origin | None:
    if "muforge_version" not in metadata:
        return None
    try:
        return TypeAdapter(Origin).validate_python(metadata)
    except ValidationError as error:
        raise InputFileError(f"{path}: its metadata '{METADATA_KEY}': {first_problem(error)}") from None


def _ecut(origin: Origin | None) -> float | None:
    if origin is None:
        return None
    return origin.ecut if origin.simulation is None else origin.simulation.ecut
