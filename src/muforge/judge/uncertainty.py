"""Uncertainty: how far replicas of a generator spread, cell by cell, and whether the truth lies within that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.errors import ConfigError
from muforge.judge.binning import bin_of, equal_weight_edges
from muforge.judge.checks import check_categories, one_category
from muforge.judge.quantities import quantities, values
from muforge.judge.replicas import Groups
from muforge.judge.result import Findings
from muforge.judge.tails import P_EDGES, PT_EDGES, p_pt_cell
from muforge.rng import Purpose, stream
from muforge.sample import Sample

Floats = NDArray[np.float64]

CELLS = 20
"""Of equal weight, in each quantity."""

FEWEST = 25.0
"""Effective events of the real sample that a cell needs to be counted in the coverage."""

P_PT = "p, pt"

_PLACE = 13


@dataclass(frozen=True)
class Uncertainty:
    """Statistical and systematic errors of the generated shares in cells, and the coverage of the real ones.

    The systematic error of a cell is the standard deviation of its share over replicas: models trained again on
    resampled events with other seeds. What the finite size of the replicas' samples adds to it is subtracted. The
    coverage is the share of cells in which generated and real shares differ by less than one standard deviation of
    both samples and the systematic error together: 68.3% if the errors are right. Cells of one quantity are
    correlated, and all see the same muons, so the coverage fluctuates more than that of as many independent cells.

    Details: `replicas`; `coverage` with `cells`, `within`, and `without_systematic`, the share within the statistical
    errors alone; and `quantities`, by name `edges` (inner ones; `p_edges` and `pt_edges` for cells of both), and for
    each cell `real`, `generated`, `real_error`, `generated_error`, `systematic` and `pull`, None where a cell has too
    few real muons.

    References:
        Butter et al., GANplifying event samples | https://arxiv.org/abs/2008.06545
        Bieringer et al., Calibrating Bayesian generative machine learning for Bayesiamplification |
        https://arxiv.org/abs/2408.00838
    """

    seed: int = 0
    family: ClassVar[str] = "uncertainty"

    def __call__(self, real: Sample, generated: Sample, replicas: Sequence[Sample]) -> Findings:
        """Compare shares in cells.

        Arguments:
            real: Held-out real muons.
            generated: Of the generator itself.
            replicas: A sample of each replica, of the same category.

        Raises:
            ConfigError: There are fewer than two replicas.
            SampleError: A sample is of another category, or all muons are of one event.
        """
        if len(replicas) < 2:
            raise ConfigError(f"{len(replicas)} replicas: a spread needs at least two")
        category = one_category(real)
        check_categories(
            {"real": real, "generated": generated} | {f"replica {n}": s for n, s in enumerate(replicas, 1)}
        )
        groups = {
            name: Groups(sample, stream(self.seed, Purpose.BOOTSTRAP, _PLACE, place))
            for place, (name, sample) in enumerate({"real": real, "generated": generated}.items())
        }
        found: dict[str, dict[str, Any]] = {}
        for name in quantities(category):
            column = values(real, name)
            edges = equal_weight_edges(column, real.weight, CELLS)
            if len(edges):
                places = [bin_of(values(each, name), edges) for each in (real, generated, *replicas)]
                found[name] = {"edges": edges.tolist()} | _compared(groups, places, replicas, len(edges) + 1)
        cells = (len(P_EDGES) - 1) * (len(PT_EDGES) - 1)
        places = [p_pt_cell(each) for each in (real, generated, *replicas)]
        found[P_PT] = {"p_edges": list(P_EDGES), "pt_edges": list(PT_EDGES)} | _compared(
            groups, places, replicas, cells
        )
        return Findings([], {"replicas": len(replicas), "coverage": _coverage(found), "quantities": found})


def _compared(
    groups: dict[str, Groups], places: Sequence[NDArray[np.intp]], replicas: Sequence[Sample], cells: int
) -> dict[str, list[float | None]]:
    real, generated = (
        groups[name].shares(place, cells) for name, place in zip(groups, places[:2], strict=True)
    )
    shares = np.array([_shares(each, place, cells) for each, place in zip(replicas, places[2:], strict=True)])
    mean = shares.mean(axis=0)
    sampling = mean * (1 - mean) * np.mean([1 / each.n_eff for each in replicas])
    systematic = np.sqrt(np.maximum(shares.var(axis=0, ddof=1) - sampling, 0))
    statistical = real.variance + generated.variance
    total = np.sqrt(statistical + systematic**2)
    enough = real.value**2 > FEWEST * real.variance
    pulls = np.divide(generated.value - real.value, total, out=np.zeros(cells), where=total > 0)
    return {
        "real": real.value.tolist(),
        "generated": generated.value.tolist(),
        "real_error": np.sqrt(real.variance).tolist(),
        "generated_error": np.sqrt(generated.variance).tolist(),
        "systematic": systematic.tolist(),
        "pull": [float(pull) if used else None for pull, used in zip(pulls, enough, strict=True)],
    }


def _shares(sample: Sample, place: NDArray[np.intp], cells: int) -> Floats:
    inside = place >= 0
    content = np.bincount(place[inside], sample.weight[inside], cells)
    return np.asarray(content / sample.sum_of_weights)


def _coverage(found: dict[str, dict[str, Any]]) -> dict[str, float | int]:
    pulls, bare = [], []
    for cells in found.values():
        columns = (cells[name] for name in ("pull", "real_error", "generated_error", "systematic"))
        for pull, real, generated, systematic in zip(*columns, strict=True):
            if pull is not None:
                statistical = real**2 + generated**2
                pulls.append(abs(pull))
                bare.append(abs(pull) * np.sqrt((statistical + systematic**2) / statistical))
    cells_counted = len(pulls)
    within = float(np.mean(np.array(pulls) < 1)) if pulls else 0.0
    return {
        "cells": cells_counted,
        "within": within,
        "without_systematic": float(np.mean(np.array(bare) < 1)) if bare else 0.0,
    }
