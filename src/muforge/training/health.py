"""Mode collapse and vanishing gradients, seen in the history of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from muforge.errors import TrainingError

Verdict = Literal["healthy", "collapsed", "vanishing gradient"]

LAST = 3
"""Rows that the verdict is of: a generator that moves from mode to mode is seen only now and then."""

COLLAPSED = 0.35
"""Part of the null's coverage below which a generator has collapsed. One that still has the scale of a column wrong, so
that all muons are on one side of its median, covers 0.5, which is common early in a training; of two columns, 0.25."""

PERFECT = 0.99
"""Share of muons told right, of the real ones and of the generated ones, from which a discriminator is perfect: a batch
of 50 then holds less than one muon that tells the generator where to go. Healthy ones tell 0.4 to 0.85 right."""


@dataclass(frozen=True)
class Health:
    """What a history says of its training.

    Arguments:
        verdict: One of three. Where both are seen it is the vanishing gradient, of which a collapse follows.
        why: The numbers behind it.
    """

    verdict: Verdict
    why: str

    def __str__(self) -> str:
        return f"{self.verdict}: {self.why}"


def health(history: Sequence[Mapping[str, Any]]) -> Health:
    """The verdict on the last rows of a run's history.

    Coverage is in every history. How much a discriminator tells right is there with `model.diagnostics`; without it,
    and of critics, which tell nothing right or wrong, vanishing gradients are not seen.

    Arguments:
        history: Rows of the monitor.

    Raises:
        TrainingError: There are no rows, or they have no coverage.

    References:
        Marshall, GANs and VAEs testing (2018), section 13
        Che et al., Mode regularized generative adversarial networks | https://arxiv.org/abs/1612.02136
        Arjovsky, Bottou, Towards principled methods for training GANs | https://arxiv.org/abs/1701.04862
    """
    if not history:
        raise TrainingError("the training history has no rows")
    coverage, null = (_mean(history, name) for name in ("coverage", "null_coverage"))
    if coverage is None or null is None:
        raise TrainingError("the training history has no coverage: it was written by an older version")
    of_coverage = (
        f"generated muons are where {100 * coverage:.0f}% of the real ones are (null: {100 * null:.0f}%)"
    )
    told = [_mean(history, f"d_accuracy_{side}") for side in ("real", "generated")]
    right = [share for share in told if share is not None]
    if len(right) == len(told) and min(right) >= PERFECT:
        first, last = history[0]["g_gradient_norm"], history[-1]["g_gradient_norm"]
        return Health(
            "vanishing gradient",
            f"the discriminator tells {100 * right[0]:.1f}% of real and {100 * right[1]:.1f}% of generated muons "
            f"right, the generator's gradient went from {first:.2g} to {last:.2g}; {of_coverage}",
        )
    return Health("collapsed" if coverage < COLLAPSED * null else "healthy", of_coverage)


def _mean(history: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = [row.get(name) for row in history[-LAST:]]
    return None if None in values else float(np.mean(values))  # type: ignore[arg-type]
