"""The judge's figures of merit of one category, without their distributions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """How well trees tell muons from simulated ones; an error is None where there was a single repeat."""

    auc: float
    auc_error: float | None
    reduced_chi2: float | None
    reduced_chi2_error: float | None
    overlap: float
    overlap_error: float | None


@dataclass(frozen=True)
class Judged:
    """Figures of generated muons and of their null; the fields are those of `Comparison.to_dict`."""

    classifier: str
    excess_auc: float | None
    generated: Figures
    null: Figures | None
