"""Batches of rows drawn in proportion to their weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from muforge.rng import Purpose, stream
from muforge.training.ranks import ALONE, Ranks

STEPS_PER_BLOCK = 1024


class WeightedBatches:
    """Rows of a matrix, drawn with replacement with probabilities in proportion to their weights.

    The rows of 1024 steps are drawn at once, by inverting the cumulative weights at sorted uniform numbers
    and shuffling, which costs each batch next to nothing even for millions of rows. Every block has its own
    random stream, so the batch of a step depends on nothing that came before.

    Arguments:
        matrix: Shape (n, d), float32.
        weight: Shape (n,), not negative, not all zero.
        rows: Rows in a batch.
        seed: The user's seed.
        category: Part of the address of the random numbers.
        device: Where batches are put.
        ranks: Those that share each batch.
    """

    def __init__(
        self,
        matrix: NDArray[np.float32],
        weight: ArrayLike,
        rows: int,
        *,
        seed: int,
        category: int,
        device: torch.device | str = "cpu",
        ranks: Ranks = ALONE,
    ) -> None:
        self._matrix = matrix
        cumulative = np.cumsum(np.asarray(weight, np.float64))
        self._cumulative = cumulative / cumulative[-1]
        self.rows = rows
        self.address = seed, category
        self._own = ranks.stretch(rows)
        self._device = device
        self._block_number = -1
        self._block: Tensor = torch.empty(0)

    def at(self, step: int) -> Tensor:
        """The batch of a step, counted from zero, shape (rows, d); of several ranks, the own stretch of it."""
        block, place = divmod(step, STEPS_PER_BLOCK)
        if block != self._block_number:
            drawn = self.draw(block).reshape(STEPS_PER_BLOCK, self.rows)[:, self._own]
            self._block = torch.from_numpy(self._matrix[drawn]).to(self._device)
            self._block_number = block
        return self._block[place]

    def draw(self, block: int) -> NDArray[np.intp]:
        """The row numbers of a block of steps, shape (1024 * rows,)."""
        seed, category = self.address
        rng = stream(seed, Purpose.BATCH, category, block)
        uniform = np.sort(rng.random(STEPS_PER_BLOCK * self.rows))
        drawn = np.searchsorted(self._cumulative, uniform, side="right")
        return rng.permutation(drawn)


@dataclass(frozen=True, eq=False)
class Rows:
    """Encoded muons, shape (n, columns), and their weights, shape (n,)."""

    matrix: NDArray[np.float32]
    weight: NDArray[np.float64]

    def batches(
        self, rows: int, *, seed: int, category: int, device: torch.device, ranks: Ranks = ALONE
    ) -> WeightedBatches:
        """Batches of so many rows, drawn by weight."""
        return WeightedBatches(
            self.matrix, self.weight, rows, seed=seed, category=category, device=device, ranks=ranks
        )
