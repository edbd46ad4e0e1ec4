"""Figures of merit as rows of text: figure, generated, null."""

from __future__ import annotations

from collections.abc import Callable

from muforge.judge.bdt import BDTResult

NOT_DEFINED = "n/a"

_FIGURES: tuple[tuple[str, Callable[[BDTResult], str]], ...] = (
    ("ROC AUC", lambda r: measured(r.auc, r.auc_error, decimals=4)),
    ("reduced chi2", lambda r: measured(r.reduced_chi2, r.reduced_chi2_error, decimals=2)),
    ("d.o.f. of chi2", lambda r: f"{r.degrees_of_freedom:.0f}"),
    ("overlap", lambda r: measured(r.overlap, r.overlap_error, decimals=4)),
    ("N_eff, real", lambda r: f"{r.n_eff_real:.0f}"),
    ("N_eff, other", lambda r: f"{r.n_eff_other:.0f}"),
)


def measured(value: float | None, error: float | None, *, decimals: int) -> str:
    """A figure with its error, e.g. `0.6123 ± 0.0021`, or without it; `n/a` where there is no value."""
    if value is None:
        return NOT_DEFINED
    text = f"{value:.{decimals}f}"
    return text if error is None else f"{text} ± {error:.{decimals}f}"


def table(generated: BDTResult, null: BDTResult | None) -> list[tuple[str, str, str]]:
    """Rows of (figure, generated, null); `n/a` throughout the last column where there is no null."""
    return [(name, show(generated), NOT_DEFINED if null is None else show(null)) for name, show in _FIGURES]
