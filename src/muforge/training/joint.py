"""`fit_joint`: one conditional network of any family for several categories, left as a run of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.conditions import Conditions, FittedConditions, numbers_of
from muforge.dataset.store import Dataset
from muforge.errors import ConfigError
from muforge.models import build
from muforge.models.precision import torch_settings
from muforge.representation import Representation
from muforge.rng import Purpose, stream
from muforge.sample import Sample
from muforge.trained import TrainedModel, widened
from muforge.training.batches import Rows
from muforge.training.conditioning import conditioned, fit_conditions
from muforge.training.config import RunConfig
from muforge.training.directory import About, FitResult, RunDirectory, category_directory, checksum
from muforge.training.ema import EMA
from muforge.training.loop import ProgressCallback, finished, train
from muforge.training.monitor import NLL, Monitor
from muforge.training.ranks import ALONE, Ranks, check_shares
from muforge.training.run import finish, fit_representation, precision_of
from muforge.training.seeds import seeded
from muforge.training.state import Machinery, Progress

JOINT_NAME = "joint"


@dataclass(frozen=True)
class _Part:
    """One category of a joint training."""

    category: int
    training: Sample
    validation: Sample
    representation: Representation
    fitted: FittedConditions
    conditions: Conditions


def fit_joint(
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
    """Train one network that is told the category or the charge.

    Each category keeps its own representation. Where categories have different columns, the missing ones of the
    narrower are noise that the network makes too and nobody looks at. A category's share of the batches is its share of
    the muons, and the figure of merit is the mean over categories.

    Arguments:
        dataset: Training, validation and test events.
        out: Directory of the run; the training is kept in `joint`, its result as a run of each category.
        categories: Which.
        config: With 'category' or 'charge' among the conditions.
        resume: Go on with what is there.
        judged: Judge the models on the test events.
        progress: Called after each step.
        should_stop: Asked before each step.
        ranks: Those that train it together.

    Raises:
        ConfigError: The charge alone does not tell the categories apart, or the figure of merit is the density where
            categories have different columns.
        MuforgeError: As `muforge.training.run.fit`.
    """
    check_shares(config, ranks)
    samples = {
        category: (dataset.load(category, "train"), dataset.load(category, "validation"))
        for category in categories
    }
    own = config.limited_to(sum(len(training) for training, _ in samples.values()))
    parts = _parts(samples, own)
    width = max(each.representation.learned for each in parts)
    rows = _rows(parts, width, own)
    data = checksum(rows.matrix, rows.weight)
    run = RunDirectory(out / JOINT_NAME, resume=resume, ranks=ranks)
    runs = {
        each: RunDirectory(category_directory(out, each), resume=resume, ranks=ranks) for each in categories
    }
    states = {str(each.category): each.representation.state() for each in parts}
    about = About(0, own, {"categories": states}, data)
    run.begin(about)
    now = Progress() if run.last is None else Progress.from_state(run.last["progress"])
    abouts = [About.of(own, each.representation, data, each.category, each.conditions) for each in parts]
    device = ranks.device(own.training.device)
    with seeded(own.training.seed, 0, device):
        bounds = widened(parts[0].representation.bounds, width)
        model = build(own.model, width, bounds, numbers_of(own.conditions)).to(device)
        machinery = Machinery(model, model.optimisers(), EMA(model.sampler, own.training.ema_decay), device)
        if run.last is not None:
            machinery.restore(run.last["machinery"])
        size, seed = model.rows_per_step(own.training.batch_size), own.training.seed
        batches = rows.batches(size, seed=seed, category=0, device=device, ranks=ranks)
        averaged = [
            TrainedModel(
                each.category,
                own.model,
                each.representation,
                machinery.ema.average,
                conditions=each.conditions,
            )
            for each in parts
        ]
        monitors = [
            Monitor(
                own.training,
                each.training,
                each.validation,
                of_part,
                RunDirectory(None, resume=False),
                each.fitted,
            )
            for each, of_part in zip(parts, abouts, strict=True)
        ]

        def monitor() -> None:
            looks = [of_one.look(each) for of_one, each in zip(monitors, averaged, strict=True)]
            figures = _mean_figures([look.figures for look in looks])
            now.history.append({"step": now.step, **figures, **now.take_mean_losses()})
            best = now.better(fmean(look.value for look in looks), averaged[0].tensors())
            if best is not None:
                run.save_best(about, best)
            run.save_history(now.history)

        if not finished(now, own.training):
            with torch_settings(threads=own.training.threads, matmul_precision=precision_of(own, model)):
                train(
                    machinery,
                    batches,
                    own.training,
                    now,
                    monitor=monitor,
                    checkpoint=lambda: run.save_last(about, now.state(), machinery.state()),
                    progress=progress,
                    should_stop=should_stop,
                    ranks=ranks,
                )
    assert now.best is not None
    results = {}
    for each, of_part in zip(parts, abouts, strict=True):
        of_category = runs[each.category]
        of_category.begin(of_part)
        of_category.save_best(of_part, now.best)
        of_category.save_history(now.history)
        test = dataset.load(each.category, "test") if judged else None
        results[each.category] = finish(now, of_part, of_category, None, each.training, test, ranks)
    return results


def _parts(samples: Mapping[int, tuple[Sample, Sample]], config: RunConfig) -> list[_Part]:
    parts = []
    representations = {
        category: fit_representation(training, category, config)
        for category, (training, _) in samples.items()
    }
    width = max(each.learned for each in representations.values())
    narrow = any(each.learned < width for each in representations.values())
    if narrow and "category" not in config.conditions:
        raise ConfigError(
            f"conditions {', '.join(config.conditions)}: categories {', '.join(map(str, samples))} have different "
            "columns, which the charge does not tell; give 'category'"
        )
    if narrow and config.training.figure_of_merit == NLL:
        raise ConfigError(
            "training.figure_of_merit 'nll': one network for categories of different columns has no density of each; "
            "give 'auc'"
        )
    for category, (training, validation) in samples.items():
        representation = representations[category]
        fitted = fit_conditions(training, category, config, representation)
        assert fitted is not None
        # Columns of the same name lie in the same place: the note's last ones, the physical representation's first.
        first = width - representation.learned if config.representation.kind == "note" else 0
        conditions = fitted.conditions.model_copy(update={"first": first, "width": width})
        parts.append(_Part(category, training, validation, representation, fitted, conditions))
    return parts


def _rows(parts: Sequence[_Part], width: int, config: RunConfig) -> Rows:
    """Columns and conditions of all categories, each of as much weight as it has muons."""
    every = []
    for part in parts:
        learned, first = part.representation.learned, part.conditions.first
        matrix = _noise(part, width, config)
        matrix[:, first : first + learned] = part.representation.encode(part.training)[:, :learned]
        rows = conditioned(matrix, part.training, part.fitted, config)
        every.append(Rows(rows.matrix, rows.weight * (len(matrix) / rows.weight.sum())))
    return Rows(
        np.concatenate([each.matrix for each in every]), np.concatenate([each.weight for each in every])
    )


def _noise(part: _Part, width: int, config: RunConfig) -> NDArray[np.float32]:
    """What stands in columns that a category does not have: normal numbers, or uniform ones in a box."""
    rng = stream(config.training.seed, Purpose.PADDING, part.category)
    shape = len(part.training), width
    low, high = widened(part.representation.bounds, width)
    if np.isfinite(low).all():
        return rng.uniform(low, high, shape).astype(np.float32)
    return rng.standard_normal(shape, np.float32)


def _mean_figures(of_each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The mean over categories of the figures that all of them have."""
    return {
        name: fmean(each[name] for each in of_each)
        for name in of_each[0]
        if all(each.get(name) is not None for each in of_each)
    }
