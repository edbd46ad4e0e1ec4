"""The strong classifier: boosted trees with early stopping on all rows and all quantities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import ClassVar

import numpy as np

from muforge.judge.auc import Area, Scores, area, scores
from muforge.judge.boosted import Backend, Matrix, Rows, default_backend, train
from muforge.judge.checks import one_category
from muforge.judge.classifier_weights import calibrate, weight_details
from muforge.judge.combine import combine
from muforge.judge.quantities import matrix, quantities
from muforge.judge.replicas import events
from muforge.judge.result import Findings, Result
from muforge.judge.split import cut_in_two
from muforge.rng import Purpose, stream
from muforge.sample import Sample

STOPPING_SHARE = 0.2
"""Of the events of a training half, kept aside to tell when to stop."""

Halves = tuple[Sample, Sample]

_PLACE = 10
"""The note's test has the places below."""


@dataclass(frozen=True)
class StrongClassifier:
    """AUC on all rows, and its excess over that of the null.

    Each repeat cuts every sample in two by event, trains on one half (a fifth of its events tells when to stop) and
    tests on the other; both tests share the real halves. Values are means over repeats. Repeats are of the same muons,
    so their errors do not average out: the error is the mean of each one's error over events. P-values hold for the
    classifier that was trained, whatever it learned, since it is tested on other events; those of the repeats are
    combined.

    Details: `backend`, `columns`, `trees` of each repeat, and what `classifier_weights.weight_details` has.

    Arguments:
        repeats: Classifiers trained on each of the two tests.
        threads: None takes all that there are.
        backend: By default XGBoost where it is installed.

    References:
        Lopez-Paz, Oquab, Revisiting classifier two-sample tests | https://arxiv.org/abs/1610.06545
    """

    repeats: int = 3
    seed: int = 0
    threads: int | None = None
    backend: Backend | None = None
    family: ClassVar[str] = "strong_classifier"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Train and test; raises `SampleError` if a sample is of one event."""
        columns = quantities(one_category(real))
        backend = self.backend or default_backend()
        found: dict[str, list[_Test]] = {"generated": [], "null": []}
        for repeat in range(self.repeats):
            halves = {
                side: cut_in_two(sample, stream(self.seed, Purpose.JUDGE, repeat, _PLACE + number))
                for number, (side, sample) in enumerate(
                    {"real": real, "generated": generated, "null": null}.items()
                )
            }
            for number, (side, so_far) in enumerate(found.items()):
                generator = stream(self.seed, Purpose.JUDGE, repeat, _PLACE + len(halves) + number)
                so_far.append(self._test(halves["real"], halves[side], columns, generator, backend))
        first, of_null = found["generated"][0], found["null"][0]
        weights = {"real": first.real, "generated": first.other, "null": of_null.other}
        return Findings(
            self._results(found["generated"], found["null"], min(real.n_eff, generated.n_eff) / 2),
            {
                "backend": backend,
                "columns": list(columns),
                "trees": [test.trees for test in found["generated"]],
                **weight_details(weights),
            },
        )

    def _test(
        self,
        real: Halves,
        other: Halves,
        columns: Sequence[str],
        generator: np.random.Generator,
        backend: Backend,
    ) -> _Test:
        (real_rows, real_stop), (other_rows, other_stop) = (
            split_for_stopping(side[0], generator) for side in (real, other)
        )
        stop = training_rows(real_stop, other_stop, columns)
        trees = train(
            training_rows(real_rows, other_rows, columns),
            stop,
            random_state=int(generator.integers(2**31)),
            threads=self.threads,
            backend=backend,
        )
        outputs = [trees.probability(_matrix(side[1], columns)) for side in (real, other)]
        calibration = calibrate(trees.probability(stop.matrix), stop.is_real, stop.weight)
        return _Test(
            area(scores(real[1], outputs[0]), scores(other[1], outputs[1])),
            trees.number,
            scores(real[1], calibration.weights(outputs[0])),
            scores(other[1], calibration.weights(outputs[1])),
        )

    def _results(self, generated: Sequence[_Test], null: Sequence[_Test], n_eff: float) -> list[Result]:
        value, error = _mean(generated)
        null_value, null_error = _mean(null)
        auc = Result(
            family=self.family,
            name="ROC AUC",
            of="",
            value=value,
            error=error,
            null=null_value,
            null_error=null_error,
            p_value=combine([test.roc.p_value for test in generated]),
            n_eff=n_eff,
            perfect=0.5,
        )
        excess = replace(
            auc,
            name="excess AUC",
            value=value - null_value,
            error=float(np.hypot(error, null_error)),
            null=0.0,
            null_error=None,
            p_value=None,
            perfect=0.0,
        )
        return [auc, excess]


@dataclass(frozen=True, eq=False)
class _Test:
    """The AUC, the trees kept, and the calibrated weights of both test halves."""

    roc: Area
    trees: int
    real: Scores
    other: Scores


def _mean(tests: Sequence[_Test]) -> tuple[float, float]:
    return fmean(test.roc.value for test in tests), fmean(test.roc.error for test in tests)


def split_for_stopping(half: Sample, generator: np.random.Generator) -> tuple[Sample, Sample]:
    """The rows to learn from and those to stop by, without a common event."""
    distinct, index = np.unique(events(half), return_inverse=True)
    kept = max(1, round(STOPPING_SHARE * len(distinct)))
    aside = (generator.permutation(len(distinct)) < kept)[index]
    return half.select(~aside), half.select(aside)


def training_rows(real: Sample, other: Sample, columns: Sequence[str]) -> Rows:
    """Rows of both classes, each class with the same total weight, of mean one."""
    rows = len(real) + len(other)
    weight = np.concatenate([side.weight * (rows / 2 / side.sum_of_weights) for side in (real, other)])
    is_real = np.repeat(np.array([1, 0], np.int8), [len(real), len(other)])
    return Rows(np.concatenate([_matrix(side, columns) for side in (real, other)]), is_real, weight)


def _matrix(sample: Sample, columns: Sequence[str]) -> Matrix:
    return matrix(sample, columns).astype(np.float32)
