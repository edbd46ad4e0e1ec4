"""Which boosted trees find planted defects best: standard deviations of the AUC from 1/2, and seconds.

    python -m benchmarks.classifiers DATASET [--rows 50000 190000] [--seeds 3]

Real muons of category 4 of DATASET against others, by event, in which a defect was planted. Rows are those of a side
that a classifier is given to learn from, at most a quarter of the data set's. The 2018 note's classifier takes part up
to 50,000. LightGBM and CatBoost take part where they are installed. The table goes into docs/judge.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from scripts.blocks import replace_block

from benchmarks.record import ROOT, new_record, save_record
from muforge.dataset.store import Dataset
from muforge.judge import boosted
from muforge.judge.auc import area, scores
from muforge.judge.boosted import Matrix, Rows, Trees
from muforge.judge.classifier import make_classifier
from muforge.judge.quantities import matrix, quantities, values
from muforge.judge.split import at_most, cut_in_two
from muforge.judge.strong_classifier import split_for_stopping, training_rows
from muforge.processes import patient_threads
from muforge.sample import Sample

CATEGORY = 4
THREADS = 2
NOTE_ROWS = 50_000

Learner = Callable[[Rows, Rows, int], Trees]


def main() -> None:
    patient_threads()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 190_000])
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    data = Dataset.open(arguments.dataset).load(CATEGORY)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for rows in sorted({min(rows, len(data) // 4) for rows in arguments.rows}):
        for name, learner in learners(rows).items():
            found[f"{name}, {rows // 1000}k + {rows // 1000}k"] = {
                defect: measure(data, plant, learner, rows, arguments.seeds)
                for defect, plant in DEFECTS.items()
            }
            print(name, rows, found[f"{name}, {rows // 1000}k + {rows // 1000}k"], flush=True)
    rows_asked = " ".join(map(str, arguments.rows))
    record = new_record(
        f"python -m benchmarks.classifiers DATASET --rows {rows_asked} --seeds {arguments.seeds}"
    )
    record["classifiers"] = {"seeds": arguments.seeds, "found": found}
    path = save_record(record, "classifiers")
    replace_block(ROOT / "docs" / "judge.md", "classifiers", table(record, path.name))


def measure(
    data: Sample, plant: Callable[[Sample], Sample], learner: Learner, rows: int, seeds: int
) -> dict[str, float]:
    """Mean standard deviations of the AUC from 1/2 on test halves, and mean seconds of training."""
    sigmas, seconds = [], []
    names = quantities(CATEGORY)
    for seed in range(seeds):
        generator = np.random.default_rng(seed)
        real, other = cut_in_two(data, generator)
        halves = [
            [at_most(rows, half, generator) for half in cut_in_two(side, generator)]
            for side in (real, plant(other))
        ]
        split = [split_for_stopping(side[0], generator) for side in halves]
        start = time.perf_counter()
        trees = learner(
            training_rows(split[0][0], split[1][0], names),
            training_rows(split[0][1], split[1][1], names),
            seed,
        )
        seconds.append(time.perf_counter() - start)
        roc = area(
            *(
                scores(side[1], trees.probability(matrix(side[1], names).astype(np.float32)))
                for side in halves
            )
        )
        sigmas.append((roc.value - 0.5) / roc.error)
    return {"sigma": fmean(sigmas), "seconds": fmean(seconds)}


def learners(rows: int) -> dict[str, Learner]:
    """Contestants by name."""
    out: dict[str, Learner] = {
        "XGBoost": lambda r, v, s: boosted.train(r, v, random_state=s, threads=THREADS, backend="xgboost"),
        "scikit-learn": lambda r, v, s: boosted.train(
            r, v, random_state=s, threads=THREADS, backend="scikit-learn"
        ),
        "histogram trees of the note's size": lambda r, v, s: _of_scikit_learn(
            make_classifier("histogram", s), r, v
        ),
    }
    if find_spec("lightgbm"):
        out["LightGBM"] = _lightgbm
    if find_spec("catboost"):
        out["CatBoost"] = _catboost
    if rows <= NOTE_ROWS:
        out["the note's classifier"] = lambda r, v, s: _of_scikit_learn(make_classifier("reference", s), r, v)
    return out


def _of_scikit_learn(model: Any, rows: Rows, validation: Rows) -> Trees:
    """Trees that do not stop early learn from the rows that tell the others when to stop, too."""
    matrix, is_real, weight = (
        np.concatenate([getattr(rows, name), getattr(validation, name)])
        for name in ("matrix", "is_real", "weight")
    )
    model.fit(matrix, is_real, sample_weight=weight)
    return Trees(lambda matrix: np.asarray(model.predict_proba(matrix)[:, 1], np.float64), 0)


def _lightgbm(rows: Rows, validation: Rows, seed: int) -> Trees:
    import lightgbm

    options = {
        "objective": "binary",
        "num_leaves": 2**boosted.DEPTH - 1,
        "max_depth": boosted.DEPTH,
        "learning_rate": boosted.LEARNING_RATE,
        "min_data_in_leaf": boosted.MIN_ROWS,
        "num_threads": THREADS,
        "seed": seed,
        "verbose": -1,
    }
    data = lightgbm.Dataset(rows.matrix, rows.is_real, weight=rows.weight)
    stop = lightgbm.Dataset(validation.matrix, validation.is_real, weight=validation.weight, reference=data)
    stopping = lightgbm.early_stopping(boosted.PATIENCE, verbose=False)
    model = lightgbm.train(options, data, boosted.MOST_TREES, valid_sets=[stop], callbacks=[stopping])
    return Trees(lambda matrix: np.asarray(model.predict(matrix), np.float64), model.best_iteration)


def _catboost(rows: Rows, validation: Rows, seed: int) -> Trees:
    import catboost

    model = catboost.CatBoostClassifier(
        iterations=boosted.MOST_TREES,
        depth=boosted.DEPTH,
        learning_rate=boosted.LEARNING_RATE,
        early_stopping_rounds=boosted.PATIENCE,
        thread_count=THREADS,
        random_seed=seed,
        verbose=False,
        allow_writing_files=False,
    )
    stop = catboost.Pool(validation.matrix, validation.is_real, weight=validation.weight)
    model.fit(catboost.Pool(rows.matrix, rows.is_real, weight=rows.weight), eval_set=stop)

    def probability(matrix: Matrix) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.asarray(model.predict_proba(matrix)[:, 1], np.float64)

    return Trees(probability, model.tree_count_)


def scaled_momentum(sample: Sample) -> Sample:
    """Momenta 1% up."""
    return _replaced(sample, **{name: sample[name] * np.float32(1.01) for name in ("px", "py", "pz")})


def shuffled_pair(sample: Sample) -> Sample:
    """px shuffled in a tenth of the muons."""
    px = sample["px"].copy()
    rows = np.arange(0, len(sample), 10)
    px[rows] = px[np.random.default_rng(0).permutation(rows)]
    return _replaced(sample, px=px)


def lighter_tail(sample: Sample) -> Sample:
    """A fifth of the muons above 60 GeV left out."""
    lost = (values(sample, "p") > 60) & (np.random.default_rng(0).random(len(sample)) < 0.2)
    return sample.select(~lost)


def missing_mode(sample: Sample) -> Sample:
    """About 0.5% of the muons missing: those between 14 and 15 GeV that start between 40 and 50 cm."""
    p, z = values(sample, "p"), sample["start_z"]
    return sample.select(~((p > 14) & (p < 15) & (z > 40) & (z < 50)))


DEFECTS: dict[str, Callable[[Sample], Sample]] = {
    "none": lambda sample: sample,
    "momenta 1% up": scaled_momentum,
    "px shuffled in 10%": shuffled_pair,
    "20% fewer above 60 GeV": lighter_tail,
    "a mode of 0.5% missing": missing_mode,
}


def _replaced(sample: Sample, **columns: Any) -> Sample:
    return Sample(sample.columns | columns, events_known=sample.events_known)


def table(record: dict[str, Any], name: str) -> str:
    """The table of docs/judge.md."""
    found = record["classifiers"]["found"]
    lines = [
        f"Record `benchmarks/records/{name}`, {record['classifiers']['seeds']} seeds.",
        "",
        f"| classifier, training rows | {' | '.join(DEFECTS)} | seconds |",
        f"|---|{'---|' * len(DEFECTS)}---|",
    ]
    for classifier, by_defect in found.items():
        sigmas = " | ".join(f"{by_defect[defect]['sigma']:.1f}" for defect in DEFECTS)
        lines.append(
            f"| {classifier} | {sigmas} | {fmean(each['seconds'] for each in by_defect.values()):.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
