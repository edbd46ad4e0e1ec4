"""`maximise`: a conditional density trained by maximum likelihood, in a directory of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from muforge.models.conditional import ConditionalModel
from muforge.models.precision import torch_settings
from muforge.training.batches import Rows
from muforge.training.config import TrainingConfig
from muforge.training.directory import About, RunDirectory
from muforge.training.ema import EMA
from muforge.training.loop import ProgressCallback, train
from muforge.training.ranks import ALONE, Ranks
from muforge.training.state import Best, Machinery, Progress

ROWS_PER_PASS = 4096


def maximise(
    model: ConditionalModel,
    training: Rows,
    validation: Rows,
    *,
    config: TrainingConfig,
    about: About,
    directory: Path | None,
    device: torch.device,
    progress: ProgressCallback,
    should_stop: Callable[[], bool],
    ranks: Ranks = ALONE,
) -> Best:
    """The model's network, averaged, at the step with the best likelihood of the validation rows.

    Arguments:
        model: On the device.
        training, validation: Rows; of the latter, those with a finite density count.
        config: Of the training.
        about: What the run is of.
        directory: Where the run is kept, or gone on with if it is there; None keeps nothing.
        device: Of the training.
        progress: Called after every step.
        should_stop: Asked before every step.
        ranks: Those that train it together; they divide the batch.

    Raises:
        Interrupted, TrainingError: As `muforge.training.loop.train`.
    """
    run = RunDirectory(directory, resume=True, ranks=ranks)
    run.begin(about)
    now = Progress() if run.last is None else Progress.from_state(run.last["progress"])
    machinery = Machinery(model, model.optimisers(), EMA(model.network, config.ema_decay), device)
    if run.last is not None:
        machinery.restore(run.last["machinery"])
    seed = about.config.training.seed
    batches = training.batches(
        config.batch_size, seed=seed, category=about.category, device=device, ranks=ranks
    )

    def monitor() -> None:
        average = machinery.ema.average
        value = nll(average, validation, device)
        now.history.append({"step": now.step, "validation_nll": value, **now.take_mean_losses()})
        best = now.better(value, {name: each.cpu() for name, each in average.state_dict().items()})
        if best is not None:
            run.save_best(about, best)
        run.save_history(now.history)

    with torch_settings(threads=config.threads, matmul_precision="highest"):
        train(
            machinery,
            batches,
            config,
            now,
            monitor=monitor,
            checkpoint=lambda: run.save_last(about, now.state(), machinery.state()),
            progress=progress,
            should_stop=should_stop,
            ranks=ranks,
        )
    assert now.best is not None
    return now.best


def nll(network: nn.Module, rows: Rows, device: torch.device) -> float:
    """Minus the weighted mean log density of the rows within bounds."""
    inside = np.isfinite(rows.matrix).all(axis=1)
    with torch.inference_mode():
        parts = [
            network.log_prob(part.to(device)).cpu()  # type: ignore[operator]
            for part in torch.split(torch.from_numpy(rows.matrix[inside]), ROWS_PER_PASS)
        ]
    return float(-np.average(torch.cat(parts).numpy().astype(np.float64), weights=rows.weight[inside]))
