"""What a simulation is asked for."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from muforge.reference.constants import mass
from muforge.reference.geometry import Geometry, geometry
from muforge.reference.origin import Origin

LOWEST_BEAM, HIGHEST_BEAM = 20.0, 7000.0


class Boosts(BaseModel):
    """How many times more often than in nature each source makes muons, each of the inverse weight.

    Boosted muons of one parent are alternative histories of it: they never occurred together. With equal boosts all
    weights are equal; beauty, whose muons are few but of large transverse momentum, has a larger one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    pion: float = Field(default=4000.0, gt=0)
    kaon: float = Field(default=4000.0, gt=0)
    k_long: float = Field(default=4000.0, gt=0)
    k_short: float = Field(default=4000.0, gt=0)
    hyperon: float = Field(default=4000.0, gt=0)
    dimuon: float = Field(default=4000.0, gt=0)
    conversion: float = Field(default=4000.0, gt=0)
    charm: float = Field(default=4000.0, gt=0)
    beauty: float = Field(default=4.0e5, gt=0)
    charmonium: float = Field(default=4000.0, gt=0)
    drell_yan: float = Field(default=4000.0, gt=0)

    def of_decay(self, pdg: int) -> float:
        """Of the muonic decays of a hadron."""
        names = {211: "pion", 321: "kaon", 130: "k_long", 310: "k_short"}
        code = abs(pdg)
        name = names.get(code, "hyperon" if code > 1000 else "dimuon")
        return float(getattr(self, name))

    def of_hard(self, origin: Origin) -> float:
        """Of a hard process."""
        return float(getattr(self, origin.name.lower()))


class SimulationConfig(BaseModel):
    """A simulation, but for its seed and its number of protons.

    Arguments:
        target: Geometry of target and absorber.
        energy: Of the protons, GeV.
        ecut: Kinetic energy in GeV that muons have at production, and, with `exit` "cut", at the absorber's end.
        exit: Which muons are kept at the absorber's end: those above `ecut`, as FairShip books them, or all
            that reach it ("none").
        boosts: Of each source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    target: Geometry = Field(default_factory=geometry)
    energy: float = Field(default=400.0, ge=LOWEST_BEAM, le=HIGHEST_BEAM)
    ecut: float = Field(default=10.0, ge=1.0)
    exit: Literal["cut", "none"] = "cut"
    boosts: Boosts = Boosts()

    @model_validator(mode="after")
    def _protons_are_above_the_cut(self) -> Self:
        if self.energy - mass(2212) <= self.ecut:
            raise ValueError(f"ecut {self.ecut:g} GeV: protons of {self.energy:g} GeV make no such muon")
        return self

    @property
    def least_at_end(self) -> float:
        """Kinetic energy in GeV of the slowest muon that is kept."""
        return self.ecut if self.exit == "cut" else SLOWEST_MUON

    def resolved(self) -> dict[str, Any]:
        """As JSON content."""
        return self.model_dump(mode="json")


SLOWEST_MUON = 0.1
"""Kinetic energy in GeV to which a muon is followed without a cut at the absorber's end."""
