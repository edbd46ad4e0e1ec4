"""Muon shields as named data: blocks of magnetised iron behind the absorber."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import combinations
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from muforge.errors import ConfigError
from muforge.reference.constants import constants, material
from muforge.reference.geometry import VACUUM, VACUUM_INDEX
from muforge.reference.named import named

DEFAULT_SHIELD = "ship-2017"

STRONGEST = 5.0
"""Tesla, well beyond the saturation of iron: in steps of a tenth of the energy a muon then turns by less than 0.12."""

Interval = tuple[float, float]


class Region(BaseModel):
    """A rectangle of a block's material in a uniform vertical field."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    x: Interval = Field(description="Left and right end, cm.")
    y: Interval = Field(description="Lower and upper end, cm.")
    by: float = Field(default=0.0, ge=-STRONGEST, le=STRONGEST, description="Vertical field, tesla.")

    @field_validator("x", "y")
    @classmethod
    def _rises(cls, ends: Interval) -> Interval:
        if not ends[0] < ends[1]:
            raise ValueError(f"from {ends[0]:g} to {ends[1]:g} cm: the first end must be the lower one")
        return ends

    def meets(self, other: Region) -> bool:
        """Whether the two have more than an edge in common."""
        return all(own[0] < its[1] and its[0] < own[1] for own, its in ((self.x, other.x), (self.y, other.y)))


class Block(BaseModel):
    """A stretch of the shield: its material where there is a region, empty elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    material: str = Field(default="Fe", description="A material of the table of constants, or `vacuum`.")
    length: float = Field(gt=0, description="Along the beam, cm.")
    gap: float = Field(default=0.0, description="Empty space before it, cm.")
    regions: tuple[Region, ...] = Field(default=(), description="Where its material is, and in which field.")

    @field_validator("material")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name != VACUUM:
            try:
                material(name)
            except ConfigError as error:
                raise ValueError(str(error)) from None
        return name

    @model_validator(mode="after")
    def _regions_are_apart(self) -> Self:
        for (i, first), (j, second) in combinations(enumerate(self.regions, start=1), 2):
            if first.meets(second):
                raise ValueError(f"regions {i} and {j} overlap")
        return self


class Acceptance(BaseModel):
    """What a detector at the end of the shield sees."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    x: float = Field(gt=0, description="Half of its width, cm.")
    y: float = Field(gt=0, description="Half of its height, cm.")


class Shield(BaseModel):
    """Blocks one behind the other, the first behind the absorber; muons that come to its end are looked at there."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    name: str = Field(description="For people, and for the metadata of what is made with it.")
    blocks: tuple[Block, ...] = Field(min_length=1, description="From the absorber's back face on.")
    acceptance: Acceptance | None = Field(
        default=None,
        description="Of the detector at its end, centred on the beam axis; null sees every muon.",
    )

    @model_validator(mode="after")
    def _blocks_are_apart(self) -> Self:
        for number, block in enumerate(self.blocks, start=1):
            if block.gap < 0:
                before = f"block {number - 1}" if number > 1 else "the absorber"
                raise ValueError(f"block {number} ({block.material}) overlaps {before} by {-block.gap:g} cm")
        return self

    @property
    def materials(self) -> tuple[str, ...]:
        """The materials in it, in the order of the table of constants; kernels number them so."""
        used = {block.material for block in self.blocks}
        return tuple(name for name in constants().materials if name in used)

    @property
    def length(self) -> float:
        """From the absorber's back face to its end, cm."""
        return sum(block.gap + block.length for block in self.blocks)

    def magnets(self, front: float = 0.0) -> Magnets:
        """The same as arrays, for the compiled kernels.

        Arguments:
            front: z of its front face, cm.
        """
        index = {name: number for number, name in enumerate(self.materials)} | {VACUUM: VACUUM_INDEX}
        edges, layers = [front], list[Block]()
        for block in self.blocks:
            if block.gap > 0:
                layers.append(Block(material=VACUUM, length=block.gap))
                edges.append(edges[-1] + block.gap)
            layers.append(block)
            edges.append(edges[-1] + block.length)
        x, y = ([_planes(block, axis) for block in layers] for axis in ("x", "y"))
        shape = (len(layers), max(map(len, x)) - 1, max(map(len, y)) - 1)
        material_in = np.full(shape, VACUUM_INDEX, np.int64)
        field = np.zeros(shape)
        for number, block in enumerate(layers):
            for region in block.regions:
                cells = (number, _between(x[number], region.x), _between(y[number], region.y))
                material_in[cells] = index[block.material]
                field[cells] = region.by
        return Magnets(np.array(edges), _padded(x), _padded(y), material_in, field)


class Magnets(NamedTuple):
    """A shield as arrays: each layer along z is divided by planes of constant x and y into cells.

    Arguments:
        edges: z of the layers' faces in cm, shape (n + 1,), rising.
        x: Planes of each layer in cm, from minus infinity to infinity, shape (n, planes).
        y: The same in y.
        material: Index into `Shield.materials` of each cell, or -1 for vacuum, shape (n, cells in x, cells in y).
        field: Vertical field in tesla, of the same shape.
    """

    edges: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    material: NDArray[np.int64]
    field: NDArray[np.float64]


def shield(name: str | Path = DEFAULT_SHIELD) -> Shield:
    """A shield that the package knows by name, or one from a YAML file.

    Raises:
        ConfigError: No such shield or file, or its content is not a possible shield.
    """
    return named("shield", name, _files(), Shield)


def known_shields() -> tuple[str, ...]:
    """The names of the shields in the package."""
    return tuple(_files())


def _files() -> dict[str, Traversable]:
    folder = files("muforge.reference").joinpath("shields")
    return {Path(file.name).stem: file for file in sorted(folder.iterdir(), key=lambda file: file.name)}


def _planes(block: Block, axis: str) -> list[float]:
    ends = {end for region in block.regions for end in getattr(region, axis)}
    return [-np.inf, *sorted(ends), np.inf]


def _between(planes: list[float], ends: Interval) -> slice:
    return slice(planes.index(ends[0]), planes.index(ends[1]))


def _padded(planes: list[list[float]]) -> NDArray[np.float64]:
    out = np.full((len(planes), max(map(len, planes))), np.inf)
    for row, of_layer in zip(out, planes, strict=True):
        row[: len(of_layer)] = of_layer
    return out
