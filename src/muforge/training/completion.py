"""`fit_completion`: the columns of a category's muons besides their start, learnt by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from muforge.errors import RepresentationError
from muforge.models.completion import Completion, CompletionConfig
from muforge.models.on_scores import ADAM, BETA1
from muforge.models.optimisers import descend, make_optimiser
from muforge.models.precision import torch_settings
from muforge.models.protocol import Trainable
from muforge.representation.completion import CompletionRepresentation
from muforge.representation.physics import PhysicsRepresentationConfig
from muforge.sample import Sample
from muforge.trained_completion import TrainedCompletion, fresh_network
from muforge.training.batches import WeightedBatches
from muforge.training.config import CompletionRunConfig, RunConfig
from muforge.training.directory import About, RunDirectory, checksum, load_completion
from muforge.training.ema import EMA
from muforge.training.loop import ProgressCallback, finished, train
from muforge.training.seeds import seeded
from muforge.training.state import Machinery, Progress


class CompletionModel(Trainable):
    """A completion's network with its training step.

    Arguments:
        config: Sizes, learning rate and gradient clipping.
        network: What is trained.
    """

    def __init__(self, config: CompletionConfig, network: Completion) -> None:
        super().__init__()
        self.config = config
        self.network = network

    def optimisers(self) -> dict[str, Optimizer]:
        rate = self.config.learning_rate
        return {ADAM: make_optimiser("adam", self.parameters(), learning_rate=rate, beta1=BETA1)}

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        """One step on rows (n, given + scores + 1) of starts, scores and kinds."""
        given, scores, kind = torch.split(batch, [self.network.given, self.network.scores, 1], dim=1)
        loss = -self.network.log_prob(given, scores, kind[:, 0].long()).mean()
        return {"nll": descend(loss, optimisers[ADAM], clip=self.config.clip)}


def fit_completion(
    training: Sample,
    validation: Sample,
    category: int,
    config: RunConfig,
    own: CompletionRunConfig,
    directory: Path | None,
    device: torch.device,
    *,
    progress: ProgressCallback,
    should_stop: Callable[[], bool],
) -> TrainedCompletion:
    """Train the completion of one category, or go on with what is in `directory`.

    Arguments:
        training, validation: Muons with all the columns to learn; validation chooses the best step.
        category: 1 to 4.
        config: Of the whole run, whose physical bounds the start has.
        own: Networks and training.
        directory: Where this run is kept; None keeps nothing.
        device: Of the training.
        progress: Called after every step.
        should_stop: Asked before every step.

    Raises:
        RepresentationError: The data have no such columns, or they cannot be represented.
        Interrupted: See `should_stop`.
        TrainingError: As `muforge.training.run.fit`.
    """
    physics = config.representation
    bounds = physics if isinstance(physics, PhysicsRepresentationConfig) else PhysicsRepresentationConfig()
    try:
        representation = CompletionRepresentation.fit(training, category, bounds)
    except RepresentationError as error:
        raise RepresentationError(f"category {category}, training events: {error}") from None
    encoded = representation.encode(training)
    rows = np.concatenate([encoded.given, encoded.scores, encoded.kind[:, None].astype(np.float32)], axis=1)
    used = training.weight > 0
    run = RunDirectory(directory, resume=True)
    about = About(category, config, representation.state(), checksum(rows, training.weight))
    run.begin(about)
    now = Progress() if run.last is None else Progress.from_state(run.last["progress"])
    if finished(now, own.training) and directory is not None:
        return load_completion(directory)
    with seeded(config.training.seed, category, device):
        network = fresh_network(own.model, representation).to(device)
        model = CompletionModel(own.model, network)
        machinery = Machinery(model, model.optimisers(), EMA(network, own.training.ema_decay), device)
        if run.last is not None:
            machinery.restore(run.last["machinery"])
        batches = WeightedBatches(
            rows[used],
            training.weight[used],
            own.training.batch_size,
            seed=config.training.seed,
            category=category,
            device=device,
        )
        averaged = TrainedCompletion(own.model, representation, machinery.ema.average)  # type: ignore[arg-type]

        def monitor() -> None:
            value = _nll(averaged, validation)
            now.history.append({"step": now.step, "validation_nll": value, **now.take_mean_losses()})
            best = now.better(value, averaged.tensors())
            if best is not None:
                run.save_best(about, best)
            run.save_history(now.history)

        with torch_settings(threads=own.training.threads, matmul_precision="highest"):
            train(
                machinery,
                batches,
                own.training,
                now,
                monitor=monitor,
                checkpoint=lambda: run.save_last(about, now.state(), machinery.state()),
                progress=progress,
                should_stop=should_stop,
            )
    assert now.best is not None
    return TrainedCompletion.restore(own.model.model_dump(), about.representation, now.best.tensors)


def _nll(completion: TrainedCompletion, validation: Sample) -> float:
    log_prob = completion.log_prob(validation)
    inside = np.isfinite(log_prob)
    return float(-np.average(log_prob[inside], weights=validation.weight[inside]))
