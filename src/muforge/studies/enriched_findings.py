"""What each way to enrich a region gave, over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, inf
from statistics import fmean
from typing import Any

from muforge.studies.enriched import Gap, Judged, Measured, RealMuons
from muforge.studies.enriching import TITLES
from muforge.studies.spread import SIGNIFICANT, Spread


@dataclass(frozen=True, eq=False)
class Found:
    """A method on a region, by seed.

    Arguments:
        method: A name of `TITLES`.
        seconds: Of CPU for its trainings.
        measured: What its muons give; nothing where nobody knows which are inside.
        gaps: Of its model of dangerous muons, where there is one with a density.
    """

    method: str
    seconds: tuple[float, ...]
    measured: tuple[Measured, ...]
    gaps: tuple[Gap, ...]

    @property
    def title(self) -> str:
        """Of the method."""
        return TITLES[self.method]

    def spread(self, name: str) -> Spread | None:
        """Of a number of `Measured`, over seeds; None where no seed has one."""
        values = [getattr(each, name) for each in self.measured]
        return _spread([each for each in values if each is not None])

    def judged(self, where: str) -> Spread | None:
        """Excess AUC `inside` or `outside`, over seeds; None where there are too few muons."""
        return _spread([each.excess_auc for each in self._judged(where)])

    def event_error(self, where: str) -> float:
        """Of an AUC, over events."""
        return fmean(each.error for each in self._judged(where))

    def _judged(self, where: str) -> list[Judged]:
        judged = [getattr(each, f"judged_{where}") for each in self.measured]
        return [each for each in judged if each is not None]


@dataclass(frozen=True, eq=False)
class OfRegion:
    """All methods on a region.

    Arguments:
        real: Its muons.
        found: Those that could be measured, the plain flow first.
        left_out: Why not, by method.
        drawn: What figures are drawn from, by method.
    """

    real: RealMuons
    found: tuple[Found, ...]
    left_out: Mapping[str, str]
    drawn: dict[str, Any]

    def gain(self, found: Found) -> Spread:
        """N_eff inside per muon made, over the share of real muons inside, which is what it is without enrichment."""
        return Spread.of([each.n_eff_inside / self.real.share for each in found.measured])

    def agrees(self, found: Found) -> bool:
        """Whether weighted yield and BDT inside are as expected, as far as training and held-out events can tell."""
        ratio, judged = found.spread("ratio"), found.judged("inside")
        if ratio is None:
            return False
        error = max(self.real.expected[1], fmean(each.ratio_error for each in found.measured))
        if abs(ratio.mean - 1) > SIGNIFICANT * hypot(error, _known(ratio)):
            return False
        if judged is None:
            return True
        return judged.mean < SIGNIFICANT * hypot(found.event_error("inside"), _known(judged))


def _spread(values: Sequence[float]) -> Spread | None:
    return Spread.of(values) if values else None


def _known(spread: Spread) -> float:
    """The standard error over seeds; none of one seed."""
    return 0.0 if spread.error == inf else spread.error
