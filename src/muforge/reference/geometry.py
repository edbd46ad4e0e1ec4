"""Targets as named data: a stack of slabs along the beam, in the frame whose z = 0 is the target's front face."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from muforge.errors import ConfigError
from muforge.reference.constants import constants, material
from muforge.reference.named import named

VACUUM = "vacuum"
VACUUM_INDEX = -1
DEFAULT_TARGET = "ship-2018"


class Slab(BaseModel):
    """A slab perpendicular to the beam.

    Arguments:
        material: A material of the table of constants, or `vacuum`.
        length: Along the beam, in cm.
        start: z of its front face in cm; None puts it directly behind the slab before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    material: str
    length: float = Field(gt=0)
    start: float | None = None


class Geometry(BaseModel):
    """Target and hadron absorber.

    Arguments:
        name: For people, and for the metadata of what is made with it.
        target: Slabs of the target, from z = 0 on; gaps between them are empty.
        absorber: Slabs behind it, without limit in x and y.
        radius: Of the target's slabs, in cm.
        surroundings: Material beside the target.

    Raises:
        pydantic.ValidationError: Slabs overlap, a length is not positive, or a material is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    name: str
    target: tuple[Slab, ...] = Field(min_length=1)
    absorber: tuple[Slab, ...] = ()
    radius: float = Field(gt=0)
    surroundings: str = VACUUM

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        self._placed()
        for name in (self.surroundings, *(slab.material for slab in (*self.target, *self.absorber))):
            if name != VACUUM:
                try:
                    material(name)
                except ConfigError as error:
                    raise ValueError(str(error)) from None
        return self

    def _placed(self) -> list[tuple[float, float, Slab]]:
        """Front face, back face and slab, gaps filled with vacuum."""
        placed: list[tuple[float, float, Slab]] = []
        end = 0.0
        for number, slab in enumerate((*self.target, *self.absorber), start=1):
            start = end if slab.start is None else slab.start
            if start < end:
                raise ValueError(
                    f"slab {number} ({slab.material}) starts at {start:g} cm, inside the slab before it, "
                    f"which ends at {end:g} cm"
                )
            if start > end:
                placed.append((end, start, Slab(material=VACUUM, length=start - end)))
            end = start + slab.length
            placed.append((start, end, slab))
        return placed

    @property
    def materials(self) -> tuple[str, ...]:
        """The materials in it, in the order of the table of constants; kernels number them so."""
        used = {self.surroundings, *(slab.material for slab in (*self.target, *self.absorber))}
        return tuple(name for name in constants().materials if name in used)

    @property
    def target_end(self) -> float:
        """z of the target's back face, cm."""
        return next(end for _, end, slab in self._placed() if slab is self.target[-1])

    def stack(self) -> Stack:
        """The same as arrays, for the compiled kernels."""
        placed = self._placed()
        index = {name: number for number, name in enumerate(self.materials)} | {VACUUM: VACUUM_INDEX}
        target_end = self.target_end
        return Stack(
            np.array([0.0, *(end for _, end, _ in placed)]),
            np.array([index[slab.material] for *_, slab in placed], np.int64),
            np.array([self.radius if end <= target_end else np.inf for _, end, _ in placed]),
            index[self.surroundings],
        )


class Stack(NamedTuple):
    """A geometry as arrays.

    Arguments:
        edges: z of the slabs' faces in cm, shape (n + 1,), rising from 0.
        material: Index into `Geometry.materials` of each slab, or -1 for vacuum, shape (n,).
        radius: Of each slab in cm, infinite for the absorber, shape (n,).
        surroundings: Index of the material beyond the radius, or -1.
    """

    edges: NDArray[np.float64]
    material: NDArray[np.int64]
    radius: NDArray[np.float64]
    surroundings: int


def geometry(name: str | Path = DEFAULT_TARGET) -> Geometry:
    """A target that the package knows by name, or one from a YAML file.

    Raises:
        ConfigError: No such target or file, or its content is not a possible target.
    """
    return named("target", name, _files(), Geometry)


def known_targets() -> tuple[str, ...]:
    """The names of the targets in the package."""
    return tuple(_files())


def _files() -> dict[str, Traversable]:
    folder = files("muforge.reference").joinpath("tables")
    found = {Path(file.name): file for file in sorted(folder.iterdir(), key=lambda file: file.name)}
    return {
        path.stem: file for path, file in found.items() if path.suffix == ".yaml" and path.stem != "constants"
    }
