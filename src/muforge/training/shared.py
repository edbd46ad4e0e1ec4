"""`fit_shared`: one network for several categories, left as a run of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from muforge.dataset.store import Dataset
from muforge.models.conditional import ConditionalModel
from muforge.models.flow import FlowConfig
from muforge.models.shared import SharedSplines
from muforge.representation import Representation
from muforge.sample import Sample
from muforge.trained import TrainedModel
from muforge.training.batches import Rows
from muforge.training.config import RunConfig
from muforge.training.directory import About, FitResult, RunDirectory, category_directory, checksum
from muforge.training.likelihood import maximise
from muforge.training.loop import ProgressCallback
from muforge.training.monitor import TEST, judge_model
from muforge.training.ranks import ALONE, Ranks, check_shares
from muforge.training.run import fit_representation
from muforge.training.seeds import seeded
from muforge.training.state import Best

SHARED_NAME = "shared"
TEST_REPEATS = 3


def fit_shared(
    dataset: Dataset,
    out: Path,
    categories: Sequence[int],
    config: RunConfig,
    *,
    resume: bool,
    judged: bool,
    progress: ProgressCallback,
    should_stop: Callable[[], bool],
    ranks: Ranks = ALONE,
) -> dict[int, FitResult]:
    """Train one network on all categories, and take from it a flow of each.

    Each category keeps its own representation, so that its first coordinate and all its marginals are its own; its
    share of the batches is its share of the muons. A category's run directory is that of a training of its own, with
    the shared one beside it.

    Arguments:
        dataset: Training, validation and test events.
        out: Directory of the run.
        categories: Which.
        config: With `shared`.
        resume: Go on with what is there.
        judged: Judge the models on the test events.
        progress: Called after each step.
        should_stop: Asked before each step.
        ranks: Those that train it together.

    Raises:
        MuforgeError: As `muforge.training.run.fit`.
    """
    check_shares(config, ranks)
    samples = {
        split: {category: dataset.load(category, split) for category in categories}
        for split in ("train", "validation")
    }
    muons = sum(len(each) for each in samples["train"].values())
    own = config.limited_to(muons)
    assert isinstance(own.model, FlowConfig)
    RunDirectory(out / SHARED_NAME, resume=resume, ranks=ranks)
    runs = {
        category: RunDirectory(category_directory(out, category), resume=resume, ranks=ranks)
        for category in categories
    }
    representations = {
        category: fit_representation(samples["train"][category], category, own) for category in categories
    }
    training, validation = (_rows(samples[split], representations) for split in ("train", "validation"))
    data = checksum(training.matrix, training.weight)
    states = {str(category): each.state() for category, each in representations.items()}
    about = About(0, own, {"categories": states}, data)
    device = ranks.device(own.training.device)
    with seeded(own.training.seed, 0, device):
        network = SharedSplines(own.model, [each.learned for each in representations.values()]).to(device)
        options = {"learning_rate": own.model.learning_rate, "clip": own.model.clip, "decay": 0.0}
        of_all = maximise(
            ConditionalModel(network, **options),
            training,
            validation,
            config=own.training,
            about=about,
            directory=out / SHARED_NAME,
            device=device,
            progress=progress,
            should_stop=should_stop,
            ranks=ranks,
        )
        network.load_state_dict(of_all.tensors)
    results = {}
    for number, category in enumerate(categories):
        run, representation = runs[category], representations[category]
        about = About(category, own, representation.state(), data)
        run.begin(about)
        tensors = {name: each.cpu() for name, each in network.tensors_of(number).items()}
        model = TrainedModel.restore(category, own.model.model_dump(), representation.state(), tensors)
        best = Best(of_all.step, of_all.value, tensors)
        run.save_best(about, best)
        run.save_history([])
        judge = partial(_judged, model, dataset, category, samples["train"][category], own)
        found = ranks.once(judge) if judged else None
        run.save_result(
            {"category": category, "steps": own.training.steps, "best_step": best.step, "judged": found}
        )
        results[category] = FitResult(model, [], found, best.step)
    return results


def _judged(
    model: TrainedModel, dataset: Dataset, category: int, training: Sample, config: RunConfig
) -> dict[str, Any]:
    test = dataset.load(category, "test")
    return judge_model(model, test, training, config.training, TEST, repeats=TEST_REPEATS).to_dict()


def _rows(samples: Mapping[int, Sample], representations: Mapping[int, Representation]) -> Rows:
    """Scores of all categories, filled up with zeros, and the number of each one's category."""
    width = max(each.learned for each in representations.values())
    matrices, weights = [], []
    for number, (category, sample) in enumerate(samples.items()):
        representation = representations[category]
        matrix = np.zeros((len(sample), width + 1), np.float32)
        matrix[:, : representation.learned] = representation.encode(sample)[:, : representation.learned]
        matrix[:, -1] = number
        matrices.append(matrix)
        weights.append(sample.weight * (len(sample) / sample.sum_of_weights))
    return Rows(np.concatenate(matrices), np.concatenate(weights))
