"""The ranks of a training: processes that train one model together, each on its stretch of every batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import torch

from muforge.errors import ConfigError
from muforge.models.device import available_device

if TYPE_CHECKING:
    from muforge.training.config import RunConfig, TrainingConfig
    from muforge.training.state import Machinery

T = TypeVar("T")

SIZE = "WORLD_SIZE"
"""The variable of the environment that says how many ranks there are, which torchrun sets."""


class Ranks:
    """This process among those that train together. An object of this very class is alone, for which nothing is done.

    All ranks call the same methods in the same order. Rank 0 leads: it alone writes files, judges and speaks.
    """

    rank = 0
    size = 1

    @property
    def leads(self) -> bool:
        """Whether this is rank 0."""
        return self.rank == 0

    def stretch(self, rows: int) -> slice:
        """The own ones of the rows of a batch, whose number the ranks divide."""
        own = rows // self.size
        return slice(self.rank * own, (self.rank + 1) * own)

    def device(self, name: str) -> torch.device:
        """The own device, by the name in a configuration; raises `ConfigError` if it is not available."""
        return available_device(name)

    def bind(self, machinery: Machinery) -> None:
        """Begin a training: weights are those of rank 0 now, and the gradients of each step are averaged."""

    def seed(self, seed: int, category: int, step: int) -> None:
        """Give torch's generators the numbers of a step, other ones on every rank."""

    def any(self, wanted: bool) -> bool:
        """Whether any rank wanted something; of several, whether one did before the step that was last."""
        return wanted

    def once(self, make: Callable[[], T]) -> T:
        """What rank 0 makes, told to all; the others wait for it."""
        return make()

    def mean(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """The mean over ranks of each number."""
        return dict(numbers)

    def leave(self) -> None:
        """When all is done, end the process if it is one of several."""


ALONE = Ranks()


@contextmanager
def joined() -> Iterator[Ranks]:
    """The ranks that torchrun has started, of which this process is one; alone where it has not.

    Raises:
        ConfigError: The environment is not that of torchrun, or the processes cannot be connected.
        OtherRankFailed: In the place of any other exception, on all ranks but the first that fails.
    """
    if os.environ.get(SIZE, "1") == "1":
        yield ALONE
        return
    from muforge.training.connected import connected

    with connected(os.environ) as ranks:
        yield ranks


def check_shares(config: RunConfig, ranks: Ranks) -> None:
    """Raise `ConfigError` if the ranks do not divide the batch of one of a run's trainings."""
    rows_of: dict[str, tuple[TrainingConfig, Callable[[int], int]]] = {
        "training": (config.training, config.model.rows_per_step)
    }
    if config.teacher is not None:
        rows_of["teacher.training"] = config.teacher.training, config.teacher.model.rows_per_step
    if config.completion is not None:
        rows_of["completion.training"] = config.completion.training, _all_of_them
        rows_of["completion.pairs"] = config.completion.pairs, _all_of_them
    for name, (training, rows_per_step) in rows_of.items():
        batch = training.batch_size
        if rows_per_step(batch) % ranks.size:
            larger = next(
                size for size in range(batch, 3 * ranks.size * batch) if not rows_per_step(size) % ranks.size
            )
            raise ConfigError(
                f"{name}.batch_size {batch}: {ranks.size} processes cannot share its {rows_per_step(batch)} rows "
                f"of data equally; {larger} is possible"
            )


def _all_of_them(batch_size: int) -> int:
    return batch_size
