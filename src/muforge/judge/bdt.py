"""The 2018 note's figure of merit: can boosted trees tell generated muons from real ones?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import fmean, stdev
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from muforge.judge.auc import area, scores
from muforge.judge.classifier import ClassifierName, make_classifier
from muforge.judge.combine import combine
from muforge.judge.histograms import fill, overlap, reduced_chi2
from muforge.judge.replicas import Groups, Shares, compare_shares
from muforge.sample import Sample

BINS = 100
OUTPUT_EDGES = np.linspace(0.0, 1.0, BINS + 1)

Halves = tuple[Sample, Sample]


@dataclass(frozen=True, eq=False)
class BDTResult:
    """Figures of merit of one pair of samples, and the classifier's output on the test halves.

    The output is the classifier's probability that a muon is real: real muons are class 1, the others
    class 0, as in the note.

    Over several repeats figures are means, errors are standard deviations of the repeats (None with a single
    one), p-values are combined, and the output is that of the first. Each repeat draws the halves anew, by event,
    from the same muons: the error covers that draw and the training, not the finite size of the samples.

    Arguments:
        auc: Area under the ROC curve, weighted; 0.5 if nothing can be told apart.
        reduced_chi2: Between the two output distributions; None if fewer than two bins can be used.
        degrees_of_freedom: Of that chi2: bins used - 1.
        overlap: Of the two output distributions, from 0 to 1.
        auc_p_value: Probability of an AUC as high, if both samples were of one distribution; over events.
        reduced_chi2_p_value: The same of a chi2 as large, the 100 bins' variances taken over events.
        overlap_p_value: The same of an overlap as small.
        n_eff_real: Effective sample size of the real test half.
        n_eff_other: Effective sample size of the other test half.
        edges: Bin edges of the output, shape (101,).
        density_real: Output distribution of real muons, unit area, shape (100,).
        density_other: The same for the other sample.
        density_real_error: Standard error of `density_real`, entries taken as independent.
        density_other_error: The same for the other sample.
    """

    auc: float
    auc_error: float | None
    reduced_chi2: float | None
    reduced_chi2_error: float | None
    degrees_of_freedom: float
    overlap: float
    overlap_error: float | None
    auc_p_value: float
    reduced_chi2_p_value: float
    overlap_p_value: float
    n_eff_real: float
    n_eff_other: float
    edges: NDArray[np.float64]
    density_real: NDArray[np.float64]
    density_other: NDArray[np.float64]
    density_real_error: NDArray[np.float64]
    density_other_error: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values, arrays as lists."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: v.tolist() if isinstance(v, np.ndarray) else v for name, v in values.items()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The result that `to_dict` was taken of."""
        values: dict[str, Any] = dict(content)
        for name, value in values.items():
            if isinstance(value, list):
                values[name] = np.asarray(value, np.float64)
        return cls(**values)


def bdt_test(
    real: Halves, other: Halves, columns: Sequence[str], classifier: ClassifierName, random_state: int
) -> BDTResult:
    """Train a classifier on the first halves and look at its output on the second ones.

    Weights enter training and every figure; in training both classes have the same total.

    Arguments:
        real: Training and test half of the real muons, without a common event.
        other: The same of the sample to be told from them.
        columns: What the classifier sees.
        random_state: Of the classifier.

    References:
        Weisser, Williams, Machine learning and multivariate goodness of fit | https://arxiv.org/abs/1612.07186
    """
    trees = make_classifier(classifier, random_state)
    trees.fit(*_training_set(real[0], other[0], columns))
    outputs = [_probability_real(trees, side[1], columns) for side in (real, other)]
    return evaluate_output(outputs[0], real[1], outputs[1], other[1], np.random.default_rng(random_state))


def evaluate_output(
    output_real: NDArray[np.float64],
    real: Sample,
    output_other: NDArray[np.float64],
    other: Sample,
    generator: np.random.Generator,
) -> BDTResult:
    """The figures of merit of a classifier's output.

    Arguments:
        output_real: In [0, 1], of each muon of `real`; so `output_other`.
        generator: Of the replicas that p-values are made with.

    Raises:
        SampleError: All muons of one side are of one event.
    """
    a = fill(output_real, real.weight, OUTPUT_EDGES)
    b = fill(output_other, other.weight, OUTPUT_EDGES)
    chi2, degrees_of_freedom = reduced_chi2(a, b)
    roc = area(scores(real, output_real), scores(other, output_other))
    chi2_p_value, overlap_p_value = _p_values((real, output_real), (other, output_other), generator)
    return BDTResult(
        auc=roc.value,
        auc_error=None,
        auc_p_value=roc.p_value,
        reduced_chi2_p_value=chi2_p_value,
        overlap_p_value=overlap_p_value,
        reduced_chi2=chi2,
        reduced_chi2_error=None,
        degrees_of_freedom=degrees_of_freedom,
        overlap=overlap(a, b),
        overlap_error=None,
        n_eff_real=real.n_eff,
        n_eff_other=other.n_eff,
        edges=OUTPUT_EDGES,
        density_real=a.density,
        density_other=b.density,
        density_real_error=a.density_error,
        density_other_error=b.density_error,
    )


def average(results: Sequence[BDTResult]) -> BDTResult:
    """One result from repeats: means, standard deviations as errors, the output of the first."""
    first = results[0]
    chi2 = [result.reduced_chi2 for result in results if result.reduced_chi2 is not None]
    chi2_defined = len(chi2) == len(results)
    return BDTResult(
        auc=fmean(result.auc for result in results),
        auc_error=_spread([result.auc for result in results]),
        reduced_chi2=fmean(chi2) if chi2_defined else None,
        reduced_chi2_error=_spread(chi2) if chi2_defined else None,
        degrees_of_freedom=fmean(result.degrees_of_freedom for result in results),
        overlap=fmean(result.overlap for result in results),
        overlap_error=_spread([result.overlap for result in results]),
        auc_p_value=combine([result.auc_p_value for result in results]),
        reduced_chi2_p_value=combine([result.reduced_chi2_p_value for result in results]),
        overlap_p_value=combine([result.overlap_p_value for result in results]),
        n_eff_real=fmean(result.n_eff_real for result in results),
        n_eff_other=fmean(result.n_eff_other for result in results),
        edges=first.edges,
        density_real=first.density_real,
        density_other=first.density_other,
        density_real_error=first.density_real_error,
        density_other_error=first.density_other_error,
    )


def _training_set(
    real: Sample, other: Sample, columns: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float64]]:
    rows = np.concatenate([real.matrix(columns), other.matrix(columns)])
    is_real = np.repeat(np.array([1, 0], np.int8), [len(real), len(other)])
    half_of_rows = len(rows) / 2
    weight = np.concatenate([side.weight * (half_of_rows / side.sum_of_weights) for side in (real, other)])
    return rows, is_real, weight


def _probability_real(trees: Any, sample: Sample, columns: Sequence[str]) -> NDArray[np.float64]:
    return np.asarray(trees.predict_proba(sample.matrix(columns))[:, 1], np.float64)


def _p_values(
    real: tuple[Sample, NDArray[np.float64]],
    other: tuple[Sample, NDArray[np.float64]],
    generator: np.random.Generator,
) -> tuple[float, float]:
    """Of chi2 and overlap between two outputs, over events."""
    a, multipliers_a = _output_shares(*real, generator)
    b, multipliers_b = _output_shares(*other, generator)
    variance = a.variance + b.variance
    used = variance > 0

    def chi2(difference: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((difference[:, used] ** 2 / variance[used]).sum(axis=1))

    def missing(difference: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.abs(difference).sum(axis=1) / 2)

    tests = [compare_shares(a, b, multipliers_a, multipliers_b, statistic) for statistic in (chi2, missing)]
    return tests[0].p_value, tests[1].p_value


def _output_shares(
    sample: Sample, output: NDArray[np.float64], generator: np.random.Generator
) -> tuple[Shares, NDArray[np.float64]]:
    """Shares of the weight in the bins of the output, and multipliers of their fluctuations."""
    groups = Groups(sample, generator)
    bin_of_row = np.minimum((output * BINS).astype(np.intp), BINS - 1)
    return groups.shares(bin_of_row, BINS), groups.multipliers(generator)


def _spread(values: Sequence[float]) -> float | None:
    return stdev(values) if len(values) > 1 else None
