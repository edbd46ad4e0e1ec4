"""Generated muons against real ones, beside the same test of real muons against real ones: the null."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from muforge.errors import ConfigError, SampleError
from muforge.judge.bdt import BDTResult, average, bdt_test
from muforge.judge.checks import MIN_MUONS, check_categories, check_variation, weighted_muons
from muforge.judge.classifier import ClassifierName, check_classifier
from muforge.judge.comparison import Comparison
from muforge.judge.split import draw_halves
from muforge.rng import Purpose, stream
from muforge.sample import OFF_AXIS_FEATURES, Sample, features

SIZE = 50_000
"""Muons per side and half, as in the 2018 note."""

_SIDES = {"real": 0, "generated": 1, "null": 2}
_CLASSIFIER_SEED = len(_SIDES)


def compare(
    real: Sample,
    generated: Sample,
    *,
    null: Sample | None = None,
    columns: Sequence[str] | None = None,
    classifier: ClassifierName = "histogram",
    size: int = SIZE,
    repeats: int = 1,
    seed: int = 0,
    threads: int | None = None,
) -> Comparison:
    """Try to tell generated muons from real ones, and real ones from real ones, with boosted trees.

    Each sample is split by event into a half that trains the classifier and a half that tests it. The
    generated sample and the null are drawn to the same number of rows, and the real rows of both tests are
    the same, so that the two results can be set side by side.

    Arguments:
        real: Held-out real muons (validation or test events).
        generated: Generated muons.
        null: Real muons of other events than `real` (the training events).
        columns: What the classifier sees; by default what a generator of the category learns, or the six
            off-axis features where the samples hold several categories.
        classifier: `"histogram"`, or the note's own and slower `"reference"`.
        size: At most this many rows per side and half; a sample of less than twice as many is cut in two.
        repeats: Number of draws, for means and errors.
        seed: Of the draws. The same seed gives the same rows; figures can differ in the last digits between
            numbers of threads.
        threads: Of the histogram classifier; by default all that OpenMP takes.

    Raises:
        SampleError: A sample has fewer than `MIN_MUONS` muons of positive weight, is of a single event, lacks
            a column or is of other categories than `real`; or no column varies.
        ConfigError: An option is out of range.
    """
    _check_options(classifier, size, repeats, threads)
    samples = {"real": real, "generated": generated} | ({} if null is None else {"null": null})
    samples = {side: weighted_muons(side, sample) for side, sample in samples.items()}
    check_categories(samples)
    names = tuple(columns) if columns is not None else _default_columns(samples["real"])
    _check_columns(samples, names)
    results: dict[str, list[BDTResult]] = {side: [] for side in samples if side != "real"}
    with _thread_limit(threads):
        for repeat in range(repeats):
            halves = _halves(samples, size, seed, repeat)
            random_state = int(stream(seed, Purpose.JUDGE, repeat, _CLASSIFIER_SEED).integers(2**32))
            for side, so_far in results.items():
                so_far.append(bdt_test(halves["real"], halves[side], names, classifier, random_state))
    averages = {side: average(of_side) for side, of_side in results.items()}
    return Comparison(averages["generated"], averages.get("null"), classifier, names, repeats)


def _check_options(classifier: str, size: int, repeats: int, threads: int | None) -> None:
    check_classifier(classifier)
    if size < MIN_MUONS // 2:
        raise ConfigError(f"size {size}: must be at least {MIN_MUONS // 2} muons per side and half")
    if repeats < 1:
        raise ConfigError(f"repeats {repeats}: must be at least 1")
    if threads is not None and threads < 1:
        raise ConfigError(f"threads {threads}: must be at least 1")


def _default_columns(real: Sample) -> tuple[str, ...]:
    categories = np.unique(real.category)
    return features(int(categories[0])) if len(categories) == 1 else OFF_AXIS_FEATURES


def _check_columns(samples: Mapping[str, Sample], columns: Sequence[str]) -> None:
    if not columns:
        raise ConfigError("columns: none given, the BDT test needs at least one")
    for side, sample in samples.items():
        for name in columns:
            if name not in sample:
                raise SampleError(f"{side} sample has no column {name}")
    check_variation(samples, columns)


def _halves(
    samples: Mapping[str, Sample], size: int, seed: int, repeat: int
) -> dict[str, tuple[Sample, Sample]]:
    """Halves of every sample; null and generated are of one size, so that their figures are comparable."""
    others = min([size] + [len(sample) // 2 for side, sample in samples.items() if side != "real"])
    drawn = {}
    for side, sample in samples.items():
        generator = stream(seed, Purpose.JUDGE, repeat, _SIDES[side])
        try:
            drawn[side] = draw_halves(sample, size if side == "real" else others, generator)
        except SampleError as error:
            raise SampleError(f"{side} sample: {error}") from None
    return drawn


def _thread_limit(threads: int | None) -> Any:
    import sklearn.ensemble  # noqa: F401  (OpenMP must be loaded to be limited)
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=threads, user_api="openmp")
