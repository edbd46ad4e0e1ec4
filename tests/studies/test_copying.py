from __future__ import annotations

import numpy as np

from muforge.sample import Sample
from muforge.studies.copying import nearer_to_training
from tests.muons import make_sample

TRAINING, HELD_OUT = make_sample(6000, category=4, seed=1), make_sample(3000, category=4, seed=2)


def _moved(sample: Sample, by: float) -> Sample:
    rng = np.random.default_rng(5)
    columns = {
        name: column * np.float32(1 + by * rng.standard_normal(len(column)))
        if name in ("px", "py", "pz")
        else column
        for name, column in sample.columns.items()
    }
    return Sample(columns, protons_on_target=sample.protons_on_target)


def test_other_muons_are_as_near_to_both() -> None:
    assert abs(nearer_to_training(make_sample(3000, category=4, seed=3), TRAINING, HELD_OUT) - 0.5) < 0.03


def test_wrong_muons_are_as_near_to_both() -> None:
    wrong = make_sample(3000, category=4, seed=3)
    middle = {name: np.full_like(wrong[name], np.median(wrong[name])) for name in ("px", "py", "pz")}
    assert (
        abs(nearer_to_training(_moved(Sample(wrong.columns | middle), 0.1), TRAINING, HELD_OUT) - 0.5) < 0.05
    )


def test_copies_with_a_little_noise_are_seen() -> None:
    # Of half of the training muons there is none among as many as the held-out ones.
    assert nearer_to_training(_moved(TRAINING, 0.001), TRAINING, HELD_OUT) > 0.65
