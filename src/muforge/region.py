"""Regions of muons, such as the dangerous ones: by momentum, by a column, or by a file of muons that are in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from muforge.errors import SampleError
from muforge.sample import Sample

Interval = tuple[float, float]

_KEY = ("px", "py", "pz", "start_z")
"""Columns whose float32 bits tell a muon from all others."""


class Window(BaseModel):
    """A rectangle of momentum and transverse momentum, its lower ends inside."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    p: Interval = Field(description="momentum, from and below [GeV]")
    pt: Interval = Field(description="transverse momentum, from and below [GeV]")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        for name, (low, high) in (("p", self.p), ("pt", self.pt)):
            if not low < high:
                raise ValueError(f"{name} from {low:g} to {high:g} GeV: must rise")
        return self

    def contains(self, sample: Sample) -> NDArray[np.bool_]:
        """Of each muon whether it is inside, shape (n,)."""
        px, py, pz = (sample[name].astype(np.float64) for name in ("px", "py", "pz"))
        pt = np.hypot(px, py)
        p = np.hypot(pt, pz)
        return (self.p[0] <= p) & (p < self.p[1]) & (self.pt[0] <= pt) & (pt < self.pt[1])


class Region(BaseModel):
    """Muons of interest: by default the dangerous ones of the 2018 note.

    References:
        Marshall, GANs and VAEs testing (2018), section 12 and figure 5
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    windows: tuple[Window, ...] = Field(
        default=(Window(p=(25, 60), pt=(2.4, 3.7)), Window(p=(125, 245), pt=(2, 2.8))),
        description="in any of them, unless a column or a file says so",
    )
    column: str | None = Field(
        default=None, description="column of the data that is not 0 for muons inside, e.g. 'dangerous'"
    )
    survivors: Path | None = Field(
        default=None,
        description="file of the muons inside, e.g. those that come through a shield, with their start as in the data",
    )

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if self.column is not None and self.survivors is not None:
            raise ValueError(f"column '{self.column}' and survivors {self.survivors}: give one of them")
        if self.is_rule and not self.windows:
            raise ValueError("no windows, no column and no file: a region is one of them")
        return self

    @property
    def is_rule(self) -> bool:
        """Whether any muon's momentum tells if it is inside, a generated one's too."""
        return self.column is None and self.survivors is None

    def contains(self, sample: Sample) -> NDArray[np.bool_]:
        """Of each muon whether it is inside, shape (n,).

        Raises:
            SampleError: The sample lacks the column.
            InputFileError: The file of survivors cannot be read.
        """
        if self.column is not None:
            return np.asarray(sample[self.column] != 0)
        if self.survivors is not None:
            from muforge.formats import read

            return np.isin(_keys(sample), _keys(read(self.survivors)))
        inside = np.zeros(len(sample), np.bool_)
        for window in self.windows:
            inside |= window.contains(sample)
        return inside

    def require_muons(self, sample: Sample, whose: str) -> NDArray[np.bool_]:
        """As `contains`; raises `SampleError` if no muon with weight is inside.

        Arguments:
            sample: Muons.
            whose: What they are called in the message.
        """
        inside = self.contains(sample)
        if not sample.weight[inside].any():
            raise SampleError(f"{whose}: none of {len(sample):,} muons is in the region {self.text}")
        return inside

    @property
    def text(self) -> str:
        """The rule in words."""
        if self.column is not None:
            return f"where '{self.column}' is not 0"
        if self.survivors is not None:
            return f"of {self.survivors}"
        return " or ".join(
            f"p {each.p[0]:g} to {each.p[1]:g} GeV with pT {each.pt[0]:g} to {each.pt[1]:g} GeV"
            for each in self.windows
        )


NOTE_REGION = Region()


def _keys(sample: Sample) -> NDArray[Any]:
    columns = np.stack([sample[name].astype(np.float32) for name in _KEY], axis=1)
    return np.ascontiguousarray(columns).view(np.dtype((np.void, columns.dtype.itemsize * len(_KEY))))[:, 0]
