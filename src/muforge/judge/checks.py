"""What samples must be like to be judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from muforge.errors import SampleError
from muforge.sample import Sample

MIN_MUONS = 20
"""Per side: each half then has about the 10 entries that a single bin of chi2 needs."""


def weighted_muons(side: str, sample: Sample) -> Sample:
    """The muons of positive weight: the others change no figure but would count as entries."""
    kept = sample.require_muons(f"{side} sample").select(sample.weight > 0)
    if len(kept) < MIN_MUONS:
        raise SampleError(
            f"{side} sample: {len(kept)} muons of positive weight, the judge needs at least {MIN_MUONS}"
        )
    return kept


def check_categories(samples: Mapping[str, Sample]) -> None:
    """Raise `SampleError` if not all samples are of the categories of the real one."""
    present = {side: np.unique(sample.category).tolist() for side, sample in samples.items()}
    for side, categories in present.items():
        if categories != present["real"]:
            raise SampleError(
                f"samples of different categories: real has {_listed(present['real'])}, "
                f"{side} has {_listed(categories)}"
            )


def one_category(sample: Sample) -> int:
    """The category of a sample's muons; `SampleError` if they are of several."""
    categories = np.unique(sample.category).tolist()
    if len(categories) > 1:
        raise SampleError(f"categories {_listed(categories)} in one sample: judge them one by one")
    return int(categories[0])


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))


def check_variation(samples: Mapping[str, Sample], columns: Sequence[str]) -> None:
    """Raise `SampleError` if all muons of the real and another sample are equal in every column."""
    real = samples["real"]
    for side, sample in samples.items():
        if side != "real" and _constant(real, sample, columns):
            raise SampleError(
                f"columns {', '.join(columns)}: all muons of the real and the {side} sample have equal values"
            )


def _constant(a: Sample, b: Sample, columns: Sequence[str]) -> bool:
    return all(bool((sample[name] == a[name][0]).all()) for name in columns for sample in (a, b))
