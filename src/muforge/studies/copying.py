"""Has a generator learnt its training muons by heart? Told from whether it is good at all."""

from __future__ import annotations

import numpy as np

from muforge.judge.checks import one_category
from muforge.judge.split import at_most
from muforge.judge.standardise import NormalScores
from muforge.rng import Purpose, stream
from muforge.sample import Sample, features

QUERIES = 20_000
"""Generated muons whose neighbours are looked for."""

_PLACE = 20


def nearer_to_training(generated: Sample, training: Sample, held_out: Sample, seed: int = 0) -> float:
    """Probability that a generated muon's nearest neighbour is a training muon, among as many held-out ones.

    It is 1/2 for a generator that knows nothing of the training muons but their distribution, however wrong it is: one
    that makes too many common muons is near to both kinds. Distances are those of the judge's test of memorisation, in
    normal scores of the columns that are learnt.

    Arguments:
        generated: Muons of one category.
        training: What the generator learnt from.
        held_out: Muons of other events.
        seed: Of the choice of muons.

    References:
        Meehan, Chaudhuri, Dasgupta, A non-parametric test to detect data-copying | https://arxiv.org/abs/2004.05675
    """
    from scipy.spatial import cKDTree

    rng = stream(seed, Purpose.SUBSAMPLE, _PLACE)
    each = min(len(training), len(held_out))
    scale = NormalScores.fit(held_out, features(one_category(held_out)))
    asked = at_most(QUERIES, generated, rng)
    to_training, to_held_out = (
        np.asarray(cKDTree(scale.transform(at_most(each, side, rng))).query(scale.transform(asked))[0])
        for side in (training, held_out)
    )
    nearer = (to_training < to_held_out) + (to_training == to_held_out) / 2
    return float(np.average(nearer, weights=asked.weight))
