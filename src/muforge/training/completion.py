"""`fit_completion`: what a category's muons have besides their start, learnt by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from muforge.errors import RepresentationError
from muforge.models.completion import CompletionConfig
from muforge.models.conditional import Conditional, ConditionalModel
from muforge.representation import PhysicsRepresentationConfig
from muforge.representation.completion import CompletionRepresentation, Encoded
from muforge.sample import Sample
from muforge.trained_completion import TrainedCompletion, fresh_network
from muforge.training.batches import Rows
from muforge.training.config import CompletionRunConfig, RunConfig, TrainingConfig
from muforge.training.directory import PAIR_NAME, About, checksum
from muforge.training.likelihood import maximise
from muforge.training.loop import ProgressCallback
from muforge.training.ranks import ALONE, Ranks
from muforge.training.seeds import seeded


def fit_completion_representation(
    training: Sample, category: int, config: RunConfig
) -> CompletionRepresentation:
    """The representation that a run's completion has, within the physical bounds of the run's start.

    Raises:
        RepresentationError: The data have no columns besides a start, or they cannot be represented.
    """
    physics = config.representation
    bounds = physics if isinstance(physics, PhysicsRepresentationConfig) else PhysicsRepresentationConfig()
    try:
        return CompletionRepresentation.fit(training, category, bounds)
    except RepresentationError as error:
        raise RepresentationError(f"category {category}, training events: {error}") from None


def fit_completion(
    training: Sample,
    validation: Sample,
    category: int,
    config: RunConfig,
    own: CompletionRunConfig,
    representation: CompletionRepresentation,
    directory: Path | None,
    device: torch.device,
    *,
    stage: Callable[[TrainingConfig], ProgressCallback],
    should_stop: Callable[[], bool],
    ranks: Ranks = ALONE,
) -> TrainedCompletion:
    """Train the completion of one category, or go on with what is in `directory`.

    Arguments:
        training, validation: Muons with all the columns to learn; validation chooses the best step.
        category: 1 to 4.
        config: Of the whole run.
        own: Networks and training.
        representation: Of the columns.
        directory: Where the run is kept; None keeps nothing.
        device: Of the training.
        stage: The progress of a training.
        should_stop: Asked before every step.
        ranks: Those that train it together.

    Raises:
        Interrupted, TrainingError: As `muforge.training.run.fit`.
    """
    sides = [(each, _rows(representation.encode(each))) for each in (training, validation)]
    about = About(category, config, representation.state(), checksum(sides[0][1], training.weight))
    with seeded(config.training.seed, category, device):
        network = fresh_network(own.model, representation).to(device)
        columns = network.given + network.scores + 1
        tensors = maximise(
            _model(own.model, network, decay=0.0),
            *(Rows(rows[:, :columns], sample.weight) for sample, rows in sides),
            config=own.training,
            about=about,
            directory=directory,
            device=device,
            progress=stage(own.training),
            should_stop=should_stop,
            ranks=ranks,
        ).tensors
        if network.pair is not None:
            of_pair = np.r_[: network.given, columns - 1 : columns + network.pair_scores]
            paired = [(sample, rows, representation.has_partner(sample)) for sample, rows in sides]
            found = maximise(
                _model(own.model, network.pair, decay=own.model.pair_decay),
                *(Rows(rows[chosen][:, of_pair], sample.weight[chosen]) for sample, rows, chosen in paired),
                config=own.pairs,
                about=about,
                directory=None if directory is None else directory / PAIR_NAME,
                device=device,
                progress=stage(own.pairs),
                should_stop=should_stop,
                ranks=ranks,
            ).tensors
            tensors |= {f"pair.{name}": tensor for name, tensor in found.items()}
    return TrainedCompletion.restore(own.model.model_dump(), representation.state(), tensors)


def _model(config: CompletionConfig, network: Conditional, *, decay: float) -> ConditionalModel:
    return ConditionalModel(network, learning_rate=config.learning_rate, clip=config.clip, decay=decay)


def _rows(encoded: Encoded) -> NDArray[np.float32]:
    """Starts, scores, kind and scores of another muon, side by side; of an unknown kind not a number."""
    kind = np.where(encoded.kind < 0, np.nan, encoded.kind).astype(np.float32)
    return np.concatenate([encoded.given, encoded.scores, kind[:, None], encoded.pair], axis=1)
