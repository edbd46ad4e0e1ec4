"""The 2018 note's BDT test as a figure of merit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from muforge.judge.bdt import BDTResult
from muforge.judge.classifier import ClassifierName
from muforge.judge.compare import SIZE, compare
from muforge.judge.result import Findings, Result
from muforge.sample import Sample

_FIGURES = (("ROC AUC", "auc", 0.5), ("reduced chi2", "reduced_chi2", 1.0), ("overlap", "overlap", 1.0))


@dataclass(frozen=True)
class NoteClassifier:
    """AUC, reduced chi2 and overlap of the note's boosted trees.

    Details: `comparison`, a `Comparison` as a dictionary.

    Arguments:
        classifier: `"histogram"` or `"reference"`.
        size: Muons per side and half.
        repeats: Classifiers trained.
        seed: Of the draws.
        threads: As in `compare`.

    References:
        Marshall, GANs and VAEs testing (2018), section 4
    """

    classifier: ClassifierName = "histogram"
    size: int = SIZE
    repeats: int = 3
    seed: int = 0
    threads: int | None = None
    family: ClassVar[str] = "note_classifier"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Train and test, `repeats` times; for the arguments and what is raised see `compare`."""
        comparison = compare(
            real,
            generated,
            null=null,
            classifier=self.classifier,
            size=self.size,
            repeats=self.repeats,
            seed=self.seed,
            threads=self.threads,
        )
        assert comparison.null is not None
        found = [self._result(*figure, comparison.generated, comparison.null) for figure in _FIGURES]
        details = {"comparison": comparison.to_dict()}
        return Findings([result for result in found if result is not None], details)

    def _result(
        self, name: str, field: str, perfect: float, generated: BDTResult, null: BDTResult
    ) -> Result | None:
        value = getattr(generated, field)
        if value is None:
            return None
        return Result(
            family=self.family,
            name=name,
            of="",
            value=value,
            error=getattr(generated, f"{field}_error"),
            null=getattr(null, field),
            null_error=getattr(null, f"{field}_error"),
            p_value=getattr(generated, f"{field}_p_value"),
            n_eff=min(generated.n_eff_real, generated.n_eff_other),
            perfect=perfect,
        )
