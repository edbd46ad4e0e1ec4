"""`Result`: one figure of merit beside its null; `Findings`: what one test gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Protocol, Self

from muforge.sample import Sample


@dataclass(frozen=True)
class Result:
    """A figure of merit between generated and real muons, and the same between other real muons and these.

    Arguments:
        family: Short name of the test, such as `one_dimensional`.
        name: Of the figure, in words.
        of: The column, pair or region that it is about; empty if about all.
        value: Of the generated muons.
        error: Standard error of `value`, over events; None if not defined.
        null: The figure with other real muons in the place of the generated ones.
        null_error: Standard error of `null`.
        p_value: Probability of a `value` at least as far from a perfect generator's, if generated and real muons
            were of one distribution; None for figures that do not test this.
        n_eff: Effective sample size of the smaller of the two samples compared.
        perfect: The value for an infinite sample of a perfect generator.
    """

    family: str
    name: str
    of: str
    value: float
    error: float | None
    null: float | None
    null_error: float | None
    p_value: float | None
    n_eff: float
    perfect: float

    def __post_init__(self) -> None:
        for name in ("value", "error", "null", "null_error", "p_value", "n_eff"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{self.family}, {self.name} of '{self.of}': {name} is {number}")

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The result that `to_dict` was taken of."""
        return cls(**content)


@dataclass(frozen=True)
class Findings:
    """What one test says.

    Arguments:
        results: Its figures of merit.
        details: JSON-able content for the report, as documented by the test; empty where the figures say it all.
    """

    results: Sequence[Result]
    details: Mapping[str, Any] = field(default_factory=dict)


class FigureOfMerit(Protocol):
    """A test between generated and real muons.

    It is called with samples of one category, of positive weight, and the null of as many rows as the generated one.
    """

    family: ClassVar[str]

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings: ...
