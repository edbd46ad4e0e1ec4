"""How many muons a generator makes in the tails, beside real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.judge.binning import weighted_quantile
from muforge.judge.intervals import yield_in, yield_ratio
from muforge.judge.quantities import values
from muforge.judge.replicas import events
from muforge.sample import OFF_AXIS_FEATURES, Sample, features
from muforge.studies.spread import Spread

LEVELS = (0.95, 0.99, 0.999)

_ON_AXIS: Mapping[str, Callable[[Sample], NDArray[np.float64]]] = {
    "p": lambda sample: values(sample, "p"),
    "pT": lambda sample: values(sample, "pt"),
    "start_z": lambda sample: values(sample, "start_z"),
}
_OFF_AXIS: Mapping[str, Callable[[Sample], NDArray[np.float64]]] = {
    **_ON_AXIS,
    "|start_x|": lambda sample: np.abs(values(sample, "start_x")),
    "|start_y|": lambda sample: np.abs(values(sample, "start_y")),
}


@dataclass(frozen=True)
class TailYield:
    """The share of generated muons beyond a quantile, over that of real ones.

    Arguments:
        quantity: Of which the quantile is.
        level: Of the quantile.
        ratio: 1 for a perfect generator; 0 where there are no real muons.
        error: Half of its 68% interval, over events of the real and the generated muons.
    """

    quantity: str
    level: float
    ratio: float
    error: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return dict(vars(self))


def tail_quantities(category: int) -> tuple[str, ...]:
    """Names of the quantities whose upper tails are looked at."""
    return tuple(_quantities(category))


def tail_yields(real: Sample, generated: Sample, thresholds_from: Sample) -> list[TailYield]:
    """The yields beyond the quantiles of each quantity.

    Arguments:
        real: Test events.
        generated: Muons.
        thresholds_from: Whose quantiles are taken: training events, so that the real yields beyond them fluctuate too.
    """
    found = []
    for name, quantity in _quantities(int(real.category[0])).items():
        thresholds = weighted_quantile(quantity(thresholds_from), thresholds_from.weight, LEVELS)
        own, other = quantity(real), quantity(generated)
        for level, threshold in zip(LEVELS, thresholds.tolist(), strict=True):
            ratio = yield_ratio(
                yield_in(other > threshold, generated.weight, events(generated)),
                yield_in(own > threshold, real.weight, events(real)),
            )
            error = 0.0 if ratio.high is None else (ratio.high - ratio.low) / 2
            found.append(TailYield(name, level, ratio.ratio or 0.0, error))
    return found


def ratio_text(yields: Sequence[TailYield]) -> str:
    """Mean ± standard deviation of the same ratio over seeds, and in brackets its error over events."""
    error = float(np.mean([each.error for each in yields]))
    return f"{Spread.of([each.ratio for each in yields]).text(2)} [{error:.2f}]"


def distance_of_tails(yields: Sequence[TailYield]) -> float:
    """Mean absolute logarithm of the ratios: 0 for a perfect generator, 0.7 for tails wrong by a factor of two.

    An empty tail counts as one of a hundredth.
    """
    return float(np.mean([abs(np.log(max(each.ratio, _EMPTY))) for each in yields]))


_EMPTY = 0.01


def _quantities(category: int) -> Mapping[str, Callable[[Sample], NDArray[np.float64]]]:
    return _OFF_AXIS if features(category) == OFF_AXIS_FEATURES else _ON_AXIS
