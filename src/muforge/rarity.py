"""How rare muons are among muons like them, as the absolute value of a standard normal number."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from muforge.rng import Purpose, stream

REFERENCE_POINTS = 5000
NEIGHBOURS = 10


class Rarity:
    """Ranks points by their mean distance to near neighbours among reference points.

    The rank among all muons, by weight, is mapped to |N(0, 1)|: 0 is the most common muon, 2 is exceeded by the rarest
    4.6%, 3 by the rarest 0.27%.

    Arguments:
        matrix: Points in network space, shape (n, d).
        weight: Shape (n,).
        seed: Of the choice of reference points.

    References:
        Loftsgaarden, Quesenberry, A nonparametric estimate of a multivariate density function |
        https://doi.org/10.1214/aoms/1177700079
        Ahdida et al., Fast simulation of muons produced at the SHiP experiment using generative adversarial networks |
        https://arxiv.org/abs/1909.04451
    """

    def __init__(self, matrix: NDArray[np.float32], weight: ArrayLike, seed: int) -> None:
        from scipy.spatial import KDTree

        w = np.asarray(weight, np.float64)
        upto = np.cumsum(w)
        rng = stream(seed, Purpose.RARITY)
        chosen = np.searchsorted(upto / upto[-1], rng.random(REFERENCE_POINTS), side="right")
        self._scale = _spread(matrix, w)
        self._tree = KDTree(np.unique(matrix[chosen] / self._scale, axis=0))
        self._sorted, self._upto = self._ranks(self._distance(matrix), w)

    def of(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """The rarity of points of shape (n, d), shape (n,), not negative; beyond the physical bounds the largest."""
        from scipy.special import ndtri

        place = np.searchsorted(self._sorted, self._distance(matrix), side="left")
        rank = self._upto[np.minimum(place, len(self._upto) - 1)]
        return np.asarray(ndtri((1 + rank) / 2), np.float32)

    def _distance(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """The mean distance to near neighbours, infinite beyond the physical bounds.

        A point that is a reference point itself is not its own neighbour, unless there is no other.
        """
        inside = np.isfinite(matrix).all(axis=1)
        out = np.full(len(matrix), np.inf)
        nearest = range(1, min(NEIGHBOURS + 1, self._tree.n) + 1)
        distance, _ = self._tree.query(matrix[inside] / self._scale, k=nearest)
        others = distance[:, 1:] if len(nearest) > 1 else distance
        itself = distance[:, 0] == 0
        out[inside] = np.where(itself, others.mean(axis=1), distance[:, :NEIGHBOURS].mean(axis=1))
        return out

    @staticmethod
    def _ranks(
        distance: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Distances in rising order, and the share of muons that are nearer, half of each one's own included."""
        order = np.argsort(distance, kind="stable")
        w = weight[order]
        return distance[order], (np.cumsum(w) - w / 2) / w.sum()


def _spread(matrix: NDArray[np.float32], weight: NDArray[np.float64]) -> NDArray[np.float32]:
    """The weighted standard deviation of every column, shape (d,)."""
    mean = np.average(matrix, axis=0, weights=weight)
    variance = np.average((matrix - mean) ** 2, axis=0, weights=weight)
    return np.where(variance > 0, np.sqrt(variance), 1.0).astype(np.float32)
