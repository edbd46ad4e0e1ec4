"""What a comparison of generated with real muons gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from muforge.judge.bdt import BDTResult
from muforge.judge.classifier import ClassifierName
from muforge.judge.table import table


@dataclass(frozen=True, eq=False)
class Comparison:
    """The test of generated muons and, where other real muons were given, its null.

    Arguments:
        generated: Generated muons against real ones.
        null: Real muons of other events in the place of the generated ones: what a perfect generator gets.
        classifier: Name of the classifier.
        columns: The columns that it saw.
        repeats: Number of draws that the figures are means of.
    """

    generated: BDTResult
    null: BDTResult | None
    classifier: ClassifierName
    columns: tuple[str, ...]
    repeats: int

    @property
    def excess_auc(self) -> float | None:
        """AUC of generated muons above that of the null; None without a null."""
        return None if self.null is None else self.generated.auc - self.null.auc

    def to_dict(self) -> dict[str, Any]:
        """JSON-able content."""
        return {
            "classifier": self.classifier,
            "columns": list(self.columns),
            "repeats": self.repeats,
            "excess_auc": self.excess_auc,
            "generated": self.generated.to_dict(),
            "null": None if self.null is None else self.null.to_dict(),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The comparison that `to_dict` was taken of."""
        null = content["null"]
        return cls(
            BDTResult.from_dict(content["generated"]),
            None if null is None else BDTResult.from_dict(null),
            content["classifier"],
            tuple(content["columns"]),
            content["repeats"],
        )

    def table(self) -> list[tuple[str, str, str]]:
        """Rows of (figure, generated, null) as text, ready to print; `n/a` where there is no value."""
        return table(self.generated, self.null)
