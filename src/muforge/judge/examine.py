"""`judge_category`: every figure of merit of generated muons of one category."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from muforge.errors import ConfigError
from muforge.judge.amplification import Amplification
from muforge.judge.anomalies import Anomalies
from muforge.judge.bounds import Bounds
from muforge.judge.checks import check_categories, check_variation, one_category, weighted_muons
from muforge.judge.classifier import ClassifierName
from muforge.judge.comb import Comb
from muforge.judge.correlation import Correlation
from muforge.judge.coverage import Coverage
from muforge.judge.frechet import Frechet
from muforge.judge.judgement import CategoryJudgement, SampleSize
from muforge.judge.kernel import Kernel
from muforge.judge.memorisation import Memorisation
from muforge.judge.note_classifier import NoteClassifier
from muforge.judge.one_dimensional import OneDimensional
from muforge.judge.pairs import Pairs
from muforge.judge.result import FigureOfMerit, Result
from muforge.judge.sliced_wasserstein import SlicedWasserstein
from muforge.judge.split import at_most, cut_in_two
from muforge.judge.strong_classifier import StrongClassifier
from muforge.judge.tails import Tails
from muforge.judge.uncertainty import Uncertainty
from muforge.judge.verdict import FAMILIES, decide
from muforge.rng import Purpose, stream
from muforge.sample import CATEGORY_TITLES, Sample, features

_SPLIT, _GENERATED, _NULL = 0, 1, 2
"""Places of the random numbers that cut the samples."""

Stage = Callable[[str, float], None]


def figures_of_merit(
    *, train: Sample | None, classifier: ClassifierName, repeats: int, seed: int, threads: int | None
) -> list[FigureOfMerit]:
    """All tests in the order of the report; that for memorisation only where the training muons are known."""
    tests: list[FigureOfMerit] = [
        NoteClassifier(classifier=classifier, repeats=repeats, seed=seed, threads=threads),
        StrongClassifier(repeats=repeats, seed=seed, threads=threads),
        Anomalies(seed=seed),
        OneDimensional(seed=seed),
        Comb(seed=seed),
        Pairs(seed=seed),
        Correlation(seed=seed),
        SlicedWasserstein(seed=seed),
        Frechet(seed=seed),
        Kernel(seed=seed),
        Tails(seed=seed),
        Bounds(),
        Coverage(seed=seed),
    ]
    return tests if train is None else [*tests, Memorisation(train, seed=seed)]


def judge_category(
    real: Sample,
    generated: Sample,
    *,
    null: Sample | None = None,
    train: Sample | None = None,
    members: Sequence[Sample] = (),
    replicas: Sequence[Sample] = (),
    classifier: ClassifierName = "histogram",
    repeats: int = 3,
    seed: int = 0,
    threads: int | None = None,
    stage: Stage = lambda test, done: None,
) -> CategoryJudgement:
    """Judge generated muons of one category by every figure of merit.

    The generated sample and the null are drawn to the same number of rows, so that the figures of the two can be set
    side by side.

    Arguments:
        real: Held-out real muons.
        generated: Muons to be judged.
        null: Real muons of other events than `real`; by default `train`, and without that half of the events of `real`.
        train: The muons that the generator was trained on, for the tests of memorisation and of what they support.
        members: Samples of an ensemble of generators, for the estimate of amplification.
        replicas: Samples of the generator trained again on resampled events, for its uncertainty.
        classifier: Of the note's test, as in `compare`.
        repeats: Classifiers trained by each test that trains some.
        seed: Of every random number.
        threads: Of the classifiers; by default all that OpenMP takes.
        stage: Called with the name of each test before it begins, and the share of tests that are done.

    Raises:
        SampleError: A sample has fewer than 20 muons of positive weight, is of a single event, or of another or
            several categories; or no column varies.
        ConfigError: An option is out of range.
    """
    if repeats < 1:
        raise ConfigError(f"repeats {repeats}: must be at least 1")
    if threads is not None and threads < 1:
        raise ConfigError(f"threads {threads}: must be at least 1")
    real, generated, null = _sides(real, generated, null if null is not None else train, seed)
    category = one_category(real)
    details: dict[str, dict[str, Any]] = {}
    results: list[Result] = []
    tests = figures_of_merit(train=train, classifier=classifier, repeats=repeats, seed=seed, threads=threads)
    for done, test in enumerate(tests):
        stage(FAMILIES[test.family], done / len(tests))
        findings = test(real, generated, null)
        results += findings.results
        if findings.details:
            details[test.family] = dict(findings.details)
    if members and train is not None:
        stage(FAMILIES[Amplification.family], 1.0)
        findings = Amplification(seed=seed)(train, members)
        results += findings.results
        details[Amplification.family] = dict(findings.details)
    if replicas:
        stage(FAMILIES[Uncertainty.family], 1.0)
        details[Uncertainty.family] = dict(Uncertainty(seed=seed)(real, generated, replicas).details)
    return CategoryJudgement(
        category=category,
        title=CATEGORY_TITLES[category],
        verdict=decide(results, features(category)),
        results=tuple(results),
        details=details,
        muons={
            name: SampleSize.of(sample)
            for name, sample in {"real": real, "generated": generated, "null": null}.items()
        },
    )


def _sides(real: Sample, generated: Sample, null: Sample | None, seed: int) -> tuple[Sample, Sample, Sample]:
    """The three samples, checked, generated muons and null of the same number of rows."""
    real, generated = weighted_muons("real", real), weighted_muons("generated", generated)
    if null is None:
        real, null = cut_in_two(real, stream(seed, Purpose.SUBSAMPLE, 0, _SPLIT))
    sides: Mapping[str, Sample] = {"real": real, "generated": generated, "null": weighted_muons("null", null)}
    check_categories(sides)
    check_variation(sides, features(one_category(real)))
    rows = min(len(generated), len(sides["null"]))
    return (
        real,
        at_most(rows, generated, stream(seed, Purpose.SUBSAMPLE, 0, _GENERATED)),
        at_most(rows, sides["null"], stream(seed, Purpose.SUBSAMPLE, 0, _NULL)),
    )
