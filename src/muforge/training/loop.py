"""The training loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi
from typing import Any

from muforge.errors import Interrupted
from muforge.training.batches import WeightedBatches
from muforge.training.config import TrainingConfig
from muforge.training.ranks import ALONE, Ranks
from muforge.training.state import Machinery, Progress

ProgressCallback = Callable[[int, int, Mapping[str, float]], None]
"""Called after each step with its number from 1, the number of steps, and its losses."""


def train(
    machinery: Machinery,
    batches: WeightedBatches,
    config: TrainingConfig,
    now: Progress,
    *,
    monitor: Callable[[], None],
    checkpoint: Callable[[], None],
    progress: ProgressCallback,
    should_stop: Callable[[], bool],
    ranks: Ranks = ALONE,
) -> None:
    """Train from where `now` stands to the last step, or until the figure of merit no longer improves.

    Arguments:
        machinery: What is trained.
        batches: Of real vectors.
        config: Steps and intervals.
        now: Updated in place.
        monitor: Judges the model and notes the verdict in `now`.
        checkpoint: Saves everything.
        progress: Called after every step.
        should_stop: Asked before every step.
        ranks: Those that train together; `batches` are shared by them. Rank 0 judges and saves.

    Raises:
        Interrupted: `should_stop` of any rank said so; a checkpoint was saved.
        TrainingError: Losses or weights are not finite; the last checkpoint is from before.
    """

    def by_the_first(action: Callable[[], None]) -> None:
        """Rank 0 acts; then all stand where it stands."""

        def act() -> dict[str, Any]:
            action()
            return now.state()

        now.loss_sums = ranks.mean(now.loss_sums)
        now.follow(ranks.once(act))

    ranks.bind(machinery)
    while not finished(now, config):
        if ranks.any(should_stop()):
            by_the_first(checkpoint)
            raise Interrupted(f"interrupted after step {now.step} of {config.steps}")
        step = now.step + 1
        if config.schedule == "cosine":
            machinery.scale_learning_rate(cosine(now.step, config.steps))
        ranks.seed(*batches.address, now.step)
        losses = machinery.model.training_step(batches.at(now.step), machinery.optimisers)
        machinery.ema.update(step)
        progress(step, config.steps, now.count(step, losses))
        if _due(step, config.monitor_every) or step == config.steps:
            machinery.require_finite(step)
            by_the_first(monitor)
        if _due(step, config.checkpoint_every) or finished(now, config):
            machinery.require_finite(step)
            by_the_first(checkpoint)


def cosine(step: int, steps: int) -> float:
    """The factor of a learning rate that falls from 1 to 0 over a run.

    References:
        Loshchilov, Hutter, SGDR | https://arxiv.org/abs/1608.03983
    """
    return (1 + cos(pi * step / steps)) / 2


def finished(now: Progress, config: TrainingConfig) -> bool:
    """Whether the last step is done or the figure of merit has not improved for `patience` monitor calls."""
    return now.step >= config.steps or stopped_early(now, config)


def stopped_early(now: Progress, config: TrainingConfig) -> bool:
    """Whether patience is exhausted."""
    return 0 < config.patience <= now.stale


def _due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0
