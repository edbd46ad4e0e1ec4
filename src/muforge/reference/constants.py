"""The table of constants, `tables/constants.yaml`: every number with its source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from muforge.errors import ConfigError

AVOGADRO = 6.02214076e23
"""Per mol, exact (SI, 2019)."""

CM2_PER_MILLIBARN = 1e-27
CM_PER_NANOSECOND = 29.9792458
"""Speed of light, exact (SI, 1983)."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str


class Particle(_Entry):
    """Mass in GeV and c tau in cm (None for a particle that does not decay, or at once)."""

    name: str
    mass: float = Field(gt=0)
    c_tau: float | None = Field(default=None, gt=0)


class Element(_Entry):
    """Z, and the standard atomic weight A in g/mol."""

    Z: int = Field(gt=0)
    A: float = Field(gt=0)


class Material(_Entry):
    """Composition in atoms per formula unit, density in g/cm3, radiation length in cm."""

    elements: dict[str, int]
    density: float = Field(gt=0)
    radiation_length: float = Field(gt=0)


class Number(_Entry):
    """Any other number, with its unit."""

    value: float
    unit: str = "1"


class CollisionRow(BaseModel):
    """For a nucleus of A nucleons; the slopes are per mb of the hadron-nucleon cross-section."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    A: int = Field(gt=0)
    offset: float = Field(ge=0)
    slope: float = Field(ge=0)
    slope_low: float = Field(ge=0)


class Collisions(_Entry):
    """Mean number of hadron-nucleon collisions in a hadron-nucleus one, by nucleus, in order of A."""

    rows: tuple[CollisionRow, ...]


class Constants(BaseModel):
    """All constants. `branching_ratios` are by parent and channel, `numbers` by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sources: dict[str, str]
    particles: dict[int, Particle]
    elements: dict[str, Element]
    materials: dict[str, Material]
    branching_ratios: dict[int, dict[str, Number]] = {}
    numbers: dict[str, Number] = {}
    collisions: Collisions

    @model_validator(mode="after")
    def _sources_are_listed(self) -> Self:
        unknown = self.sources_used() - set(self.sources)
        if unknown:
            raise ValueError(f"unknown sources {sorted(unknown)}")
        return self

    def sources_used(self) -> set[str]:
        """Keys of the sources that entries name."""
        entries: list[_Entry] = [*self.particles.values(), *self.elements.values(), *self.materials.values()]
        entries += [number for channels in self.branching_ratios.values() for number in channels.values()]
        entries += [*self.numbers.values(), self.collisions]
        return {entry.source.split(":")[0] for entry in entries}


def table_text(name: str) -> str:
    """The text of a file in `muforge/reference/tables`."""
    return files("muforge.reference").joinpath("tables", name).read_text(encoding="utf-8")


@cache
def constants() -> Constants:
    """The table, read once."""
    import yaml

    return Constants.model_validate(yaml.safe_load(table_text("constants.yaml")))


def mass(pdg: int) -> float:
    """Mass in GeV of a particle or antiparticle.

    Raises:
        ConfigError: The particle is not in the table.
    """
    return _particle(pdg).mass


def c_tau(pdg: int) -> float:
    """c tau in cm.

    Raises:
        ConfigError: The particle, or its lifetime, is not in the table.
    """
    value = _particle(pdg).c_tau
    if value is None:
        raise ConfigError(f"particle {pdg}: its lifetime is not in the table of constants")
    return value


def branching_ratio(pdg: int, channel: str) -> float:
    """Branching ratio of a parent (PDG code of the particle, not the antiparticle) into a named channel."""
    return constants().branching_ratios[pdg][channel].value


def number(name: str) -> float:
    """A number of the table by its name."""
    return constants().numbers[name].value


def material(name: str) -> Material:
    """A material by its name.

    Raises:
        ConfigError: There is no such material.
    """
    entry: Material = _known("material", name, constants().materials)
    return entry


def _particle(pdg: int) -> Particle:
    entry: Particle = _known("particle", abs(pdg), constants().particles)
    return entry


def _known(what: str, key: Any, table: Mapping[Any, Any]) -> Any:
    if key not in table:
        listed = ", ".join(str(name) for name in table)
        raise ConfigError(f"{what} {key}: unknown; known are {listed}")
    return table[key]
