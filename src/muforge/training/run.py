"""`fit`: one category trained, watched, checkpointed, and judged once at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from muforge.conditions import numbers_of
from muforge.errors import ConfigError, Interrupted, RepresentationError, SampleError
from muforge.models import build
from muforge.models.precision import MatmulPrecision, fast_precision, torch_settings
from muforge.models.protocol import Model
from muforge.models.refine import RefinedModel
from muforge.models.student import StudentConfig
from muforge.representation import Representation
from muforge.resample import resampled
from muforge.sample import Sample, features
from muforge.trained import TrainedModel
from muforge.trained_completion import TrainedCompletion
from muforge.training.batches import Rows
from muforge.training.completion import fit_completion, fit_completion_representation
from muforge.training.conditioning import conditioned, fit_conditions
from muforge.training.config import RunConfig, TrainingConfig
from muforge.training.directory import (
    COMPLETION_NAME,
    TEACHER_NAME,
    About,
    FitResult,
    RunDirectory,
    checksum,
    finished_categories,
    inner_directory,
    load_model,
    load_run,
)
from muforge.training.distil import make_pairs, teachers_run
from muforge.training.ema import EMA
from muforge.training.loop import ProgressCallback, finished, stopped_early, train
from muforge.training.monitor import TEST, Monitor, judge_model
from muforge.training.ranks import ALONE, Ranks, check_shares
from muforge.training.seeds import seeded
from muforge.training.state import Machinery, Progress

__all__ = ["FitResult", "finished_categories", "fit", "load_model", "load_run"]

TEST_REPEATS = 3


def fit(
    training: Sample,
    validation: Sample,
    test: Sample | None,
    category: int,
    config: RunConfig,
    directory: Path | None = None,
    *,
    resume: bool = False,
    progress: ProgressCallback = lambda step, steps, losses: None,
    should_stop: Callable[[], bool] = lambda: False,
    ranks: Ranks = ALONE,
) -> FitResult:
    """Train a model of one category.

    Arguments:
        training: Training events; the representation is fitted to them alone.
        validation: Events that choose the best step and stop the training.
        test: Events on which the chosen model is judged once, at the end.
        category: 1 to 4; all samples must be of it.
        config: Model, representation and training. A completion and a student's teacher are trained before it.
        directory: Where the run is kept; None keeps nothing.
        resume: Go on with the run in `directory` if there is one, up to the steps of `config`.
        progress: Called after every step, a completion's and a teacher's being the first ones.
        should_stop: Asked before every step; True saves a checkpoint and raises `Interrupted`.
        ranks: Those that train it together, with the same arguments; rank 0 writes and judges.

    Raises:
        OutputError: `directory` has a run already and `resume` was not given, or it cannot be written.
        ConfigError: The device is not available, or the ranks do not divide a batch.
        RepresentationError: The representation cannot be fitted.
        SampleError: A sample is empty, of another category, or too small to be judged.
        TrainingError: Training diverged, or the run to go on with is damaged or of other data or options.
        Interrupted: See `should_stop`.
    """
    samples = {"training": training, "validation": validation} | ({} if test is None else {"test": test})
    _check_samples(category, samples)
    _check_config(config, ranks)
    config = config.limited_to(len(training))
    if config.training.replica:
        training = resampled(training, config.training.replica)
    device = ranks.device(config.training.device)
    run = RunDirectory(directory, resume=resume, ranks=ranks)
    representation = fit_representation(training, category, config)
    _check_sizes(category, samples)
    matrix = representation.encode(training)
    fitted = fit_conditions(training, category, config, representation)
    conditions = None if fitted is None else fitted.conditions
    about = About.of(config, representation, checksum(matrix, training.weight), category, conditions)
    run.begin(about)
    now = Progress() if run.last is None else Progress.from_state(run.last["progress"])
    if finished(now, config.training):
        result = ranks.once(run.finished_result)
        if result is not None:
            return result
    run.go_on()
    completion = None
    stages = _Stages(
        progress, [config.training] + ([] if config.teacher is None else [config.teacher.training])
    )
    if config.completion is not None:
        further = fit_completion_representation(training, category, config)
        stages.add(config.completion.training, *[config.completion.pairs] * (further.pair_scores > 0))
        completion = fit_completion(
            training,
            validation,
            category,
            config,
            config.completion,
            further,
            inner_directory(directory, COMPLETION_NAME),
            device,
            stage=stages.of,
            should_stop=should_stop,
            ranks=ranks,
        )
    learnt = conditioned(matrix[:, : representation.learned], training, fitted, config)
    teacher = None
    if config.teacher is not None:
        teacher = fit(
            training,
            validation,
            None,
            category,
            teachers_run(config, config.teacher),
            inner_directory(directory, TEACHER_NAME),
            resume=True,
            progress=stages.of(config.teacher.training),
            should_stop=should_stop,
            ranks=ranks,
        ).model
        if isinstance(config.model, StudentConfig):
            pairs = make_pairs(teacher, config.model, config.teacher.pairs, config.training.seed)
            learnt = Rows(pairs, np.ones(len(pairs)))
    with seeded(config.training.seed, category, device):
        model = _fresh(config, representation, teacher).to(device)
        machinery = Machinery(
            model, model.optimisers(), EMA(model.sampler, config.training.ema_decay), device
        )
        if run.last is not None:
            machinery.restore(run.last["machinery"])
        size, seed = model.rows_per_step(config.training.batch_size), config.training.seed
        batches = learnt.batches(size, seed=seed, category=category, device=device, ranks=ranks)
        averaged = TrainedModel(
            category, config.model, representation, machinery.ema.average, conditions=conditions
        )
        monitor = Monitor(config.training, training, validation, about, run, fitted)
        try:
            with torch_settings(
                threads=config.training.threads, matmul_precision=precision_of(config, model)
            ):
                train(
                    machinery,
                    batches,
                    config.training,
                    now,
                    monitor=lambda: monitor(averaged, now),
                    checkpoint=lambda: run.save_last(about, now.state(), machinery.state()),
                    progress=stages.of(config.training),
                    should_stop=should_stop,
                    ranks=ranks,
                )
        except Interrupted as stop:
            kept = "nothing is kept" if directory is None else f"kept in {directory}; --resume goes on"
            raise Interrupted(f"{stop}: {kept}") from None
    return finish(now, about, run, completion, training, test, ranks)


def _fresh(config: RunConfig, representation: Representation, teacher: TrainedModel | None) -> Model:
    bounds, conditions = representation.bounds, numbers_of(config.conditions)
    model = build(config.model, representation.learned, bounds, conditions)
    if isinstance(model, RefinedModel) and teacher is not None:
        model.adopt(teacher.sampler)
    return model


def precision_of(config: RunConfig, model: Model) -> MatmulPrecision:
    """Of the matrix products in a training."""
    chosen = config.training.matmul_precision
    return fast_precision(model) if chosen == "auto" else chosen


class _Stages:
    """One progress for all the trainings of a run."""

    def __init__(self, progress: ProgressCallback, trainings: Sequence[TrainingConfig]) -> None:
        self._progress = progress
        self._done = self._total = 0
        self.add(*trainings)

    def add(self, *trainings: TrainingConfig) -> None:
        """Count further trainings."""
        self._total += sum(training.steps for training in trainings)

    def of(self, training: TrainingConfig) -> ProgressCallback:
        """The progress of the next training."""
        before = self._done
        self._done += training.steps
        return lambda step, _, losses: self._progress(before + step, self._total, losses)


def finish(
    now: Progress,
    about: About,
    run: RunDirectory,
    completion: TrainedCompletion | None,
    training: Sample,
    test: Sample | None,
    ranks: Ranks = ALONE,
) -> FitResult:
    """Judge the best model on the test events, once, and write the result of its run.

    Arguments:
        now: Where the training ended.
        about: What the run is of.
        run: Where the result goes.
        completion: What gives the muons further columns, if anything.
        training: Training events, for the null.
        test: Test events, if it is to be judged.
        ranks: Those that have trained it.
    """
    assert now.best is not None
    config = about.config
    model = TrainedModel.restore(
        about.category,
        config.model.model_dump(),
        about.representation,
        now.best.tensors,
        about.conditions,
    )
    if completion is not None:
        model = model.completed_by(completion)
    judged = None
    if test is not None:
        judge = partial(judge_model, model, test, training, config.training, TEST, repeats=TEST_REPEATS)
        judged = ranks.once(lambda: judge().to_dict())
    run.save_result(
        {
            "category": about.category,
            "steps": now.step,
            "stopped_early": stopped_early(now, config.training),
            "best_step": now.best.step,
            "n_eff": {"training": training.n_eff} | ({} if test is None else {"test": test.n_eff}),
            "judged": judged,
        }
    )
    return FitResult(model, now.history, judged, now.best.step)


def _check_config(config: RunConfig, ranks: Ranks) -> None:
    if config.shared or config.joint:
        raise ConfigError("one network of several categories is trained by `muforge train`, not of one")
    check_shares(config, ranks)


def _check_samples(category: int, samples: dict[str, Sample]) -> None:
    for name, sample in samples.items():
        sample.require_muons(f"category {category}, {name} events")
        others = int((sample.category != category).sum())
        if others:
            raise SampleError(f"category {category}, {name} events: {others} muons are of another category")


def _check_sizes(category: int, samples: dict[str, Sample]) -> None:
    from muforge.judge.checks import MIN_MUONS

    for name, sample in samples.items():
        muons = int((sample.weight > 0).sum())
        if muons < MIN_MUONS:
            raise SampleError(
                f"category {category}, {name} events: {muons} muons of positive weight, "
                f"at least {MIN_MUONS} are needed to judge a model"
            )


def fit_representation(training: Sample, category: int, config: RunConfig) -> Representation:
    """The representation of a category's training events; a `RepresentationError` names the category."""
    try:
        return Representation.fit(training, features(category), config.representation)
    except RepresentationError as error:
        raise RepresentationError(f"category {category}, training events: {error}") from None
