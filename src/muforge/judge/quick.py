"""The figures of merit that a training can afford every few thousand steps."""

from __future__ import annotations

from muforge.judge.classifier import ClassifierName
from muforge.judge.compare import compare
from muforge.judge.comparison import Comparison
from muforge.judge.one_dimensional import OneDimensional
from muforge.judge.result import Result
from muforge.sample import Sample

REPLICAS = 100
"""Enough for errors to a tenth."""


def quick_look(
    real: Sample,
    generated: Sample,
    null: Sample,
    *,
    classifier: ClassifierName = "histogram",
    size: int,
    repeats: int = 1,
    seed: int = 0,
    threads: int | None = None,
) -> tuple[Comparison, tuple[Result, ...]]:
    """The note's BDT test and the one-dimensional figures of merit; for the arguments see `compare`."""
    comparison = compare(
        real,
        generated,
        null=null,
        classifier=classifier,
        size=size,
        repeats=repeats,
        seed=seed,
        threads=threads,
    )
    return comparison, tuple(OneDimensional(seed=seed, replicas=REPLICAS)(real, generated, null).results)
