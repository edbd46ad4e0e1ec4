"""`judge_files`: from files, data sets and bundles to a judgement and its page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from muforge import __version__
from muforge.errors import ConfigError, OutputError, SampleError
from muforge.files import check_output, check_output_directory
from muforge.judge import CategoryJudgement, Judgement, judge_category
from muforge.judge.classifier import ClassifierName
from muforge.judged_sources import (
    Source,
    generated_source,
    is_dataset,
    real_source,
    training_source,
)
from muforge.sample import Sample

JUDGEMENT_NAME = "judge.json"
PAGE_NAME = "report.html"

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "xgboost-cpu", "xgboost", "torch")

Stage = Callable[[int, str, float], None]


def judge_files(
    real: str | Path,
    generated: str | Path,
    *,
    train: str | Path | None = None,
    ensemble: Sequence[str | Path] = (),
    out: str | Path | None = None,
    categories: Sequence[int] = (),
    classifier: ClassifierName = "histogram",
    repeats: int = 3,
    seed: int = 0,
    threads: int | None = None,
    force: bool = False,
    stage: Stage = lambda category, test, done: None,
) -> Judgement:
    """Judge generated muons against simulated ones, category by category.

    Arguments:
        real: A data set, of which the test events are taken, or a file of simulated muons.
        generated: A bundle, a run of `muforge train`, or a file of muons; of a data set, the test events.
        train: The data set that the generator was trained on, for the null, memorisation and amplification; by default
            `real`, if that is a data set.
        ensemble: Further bundles, runs or files of the same generator trained again, for the estimate of amplification;
            by default the replicas that a bundle or a run has.
        out: Directory for `judge.json` and `report.html`; made if it is not there. None writes nothing.
        categories: Those to judge; by default all that both have.
        classifier: Of the note's test, `"histogram"` or `"reference"`.
        repeats: Classifiers trained by each test that trains some; of their spread come errors.
        seed: Of the judge and of muons generated for it.
        threads: Of the classifiers; by default all that OpenMP takes.
        force: Replace a judgement in `out`.
        stage: Called with category and name of each test before it begins, and the share of all tests done.

    Raises:
        MuforgeError: An input cannot be read or judged, or `out` cannot be written.
    """
    folder = None if out is None else _checked_folder(Path(out), force)
    simulated = real_source(Path(real))
    judged = generated_source(Path(generated), seed)
    trained_on = _training(Path(real), train)
    members = [generated_source(Path(path), seed) for path in ensemble]
    if members and trained_on is None:
        raise ConfigError("an ensemble is compared with the training events: give --train too")
    chosen = _chosen(simulated, judged, categories)
    samples: dict[int, tuple[Sample, Sample]] = {}
    judgements: dict[int, CategoryJudgement] = {}
    for number, category in enumerate(chosen):
        held_out = simulated.load(category, 0)
        training = None if trained_on is None else trained_on.load(category, 0)
        muons = max(len(held_out), 0 if training is None else len(training))
        candidate = judged.load(category, muons)
        samples[category] = (held_out, candidate)
        replicas = [each.load(category, muons) for each in judged.replicas if category in each.categories]
        again = [member.load(category, muons) for member in members] or replicas
        judgements[category] = judge_category(
            held_out,
            candidate,
            train=training,
            members=[candidate, *again] if again and training is not None else (),
            replicas=replicas if len(replicas) > 1 else (),
            classifier=classifier,
            repeats=repeats,
            seed=seed,
            threads=threads,
            stage=partial(_stage, stage, category, number, len(chosen)),
        )
    options = {"classifier": classifier, "repeats": repeats, "seed": seed}
    provenance = _provenance(simulated, judged, trained_on, members, options)
    judgement = Judgement(name=judged.name, categories=judgements, provenance=provenance)
    if folder is not None:
        _write(judgement, samples, judged, folder)
    return judgement


def _stage(stage: Stage, category: int, number: int, categories: int, test: str, done: float) -> None:
    stage(category, test, (number + done) / categories)


def _checked_folder(folder: Path, force: bool) -> Path:
    check_output_directory(folder)
    for name in (JUDGEMENT_NAME, PAGE_NAME):
        if folder.is_dir():
            check_output(folder / name, force=force)
    return folder


def _training(real: Path, train: str | Path | None) -> Source | None:
    if train is not None:
        return training_source(Path(train))
    return training_source(real) if is_dataset(real) else None


def _chosen(real: Source, generated: Source, wanted: Sequence[int]) -> tuple[int, ...]:
    common = tuple(category for category in generated.categories if category in real.categories)
    if not common:
        raise SampleError(
            f"no category in common: the real muons are of {_listed(real)}, the generated ones of {_listed(generated)}"
        )
    for category in wanted:
        if category not in common:
            raise SampleError(
                f"category {category}: the real muons are of {_listed(real)}, "
                f"the generated ones of {_listed(generated)}"
            )
    return tuple(wanted) or common


def _listed(source: Source) -> str:
    return f"categories {', '.join(map(str, source.categories))}" if source.categories else "no category"


def _provenance(
    real: Source,
    generated: Source,
    train: Source | None,
    members: Sequence[Source],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "real": dict(real.provenance),
        "generated": dict(generated.provenance),
        "train": None if train is None else dict(train.provenance),
        "ensemble": [dict(member.provenance) for member in members],
        "options": dict(options),
        "versions": {"muforge": __version__, "python": sys.version.split()[0], **_library_versions()},
    }


def _library_versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _write(
    judgement: Judgement, samples: dict[int, tuple[Sample, Sample]], judged: Source, folder: Path
) -> None:
    from muforge.report.page import write_page

    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror})") from error
    write_page(judgement, samples, folder / PAGE_NAME, history=judged.history)
    judgement.save(folder / JUDGEMENT_NAME)
