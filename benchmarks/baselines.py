"""Generators of other packages, with their published settings, against test events.

    pip install ctgan ForestDiffusion
    python -m benchmarks.baselines DATASET [--category 4] [--seeds 5]

Both take tables of a few ten thousand rows; they get as many training muons, drawn by weight, as they can take in
minutes, in the columns of the data set. The table goes into docs/models.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scripts.blocks import replace_block

from benchmarks.cross_validated import cross_validated_auc
from benchmarks.models import spread
from benchmarks.record import ROOT, new_record, save_record
from muforge.dataset.store import Dataset
from muforge.judge import compare
from muforge.processes import patient_threads
from muforge.rng import Purpose, stream
from muforge.sample import Sample, features, pdg_code

Made = NDArray[np.float64]
Generator = Callable[[Made, int], Made]
"""From training rows and a number to generated rows."""

JUDGED = 100_000
"""Generated and null muons."""


def main() -> None:
    patient_threads()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--category", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    category = arguments.category
    data = Dataset.open(arguments.dataset)
    real, train = data.load(category, "test"), data.load(category, "train")
    null = train.select(slice(0, JUDGED))
    rows = []
    for name, (muons, settings, generate) in GENERATORS.items():
        start = time.process_time()
        made = generate(_drawn(train, category, muons), JUDGED)
        seconds = time.process_time() - start
        generated = _sample(made, category)
        note, strong = [], []
        for seed in range(arguments.seeds):
            of_made, of_null = (
                compare(real, each, repeats=1, seed=seed).generated.auc for each in (generated, null)
            )
            note.append(of_made - of_null)
            aucs = [cross_validated_auc(real, each, category, seed) for each in (generated, null)]
            strong.append(aucs[0] - aucs[1])
        rows.append(
            {
                "name": name,
                "muons": muons,
                "settings": settings,
                "cpu_seconds": seconds,
                "note": note,
                "strong": strong,
            }
        )
        print(rows[-1], flush=True)
    record = new_record(
        f"python -m benchmarks.baselines DATASET --category {category} --seeds {arguments.seeds}"
    )
    record |= {"category": category, "generators": rows}
    path = save_record(record, "baselines")
    replace_block(ROOT / "docs" / "models.md", "baselines", table(rows, path.name, category))
    print(path)


def _drawn(train: Sample, category: int, muons: int) -> Made:
    """Training muons drawn by weight."""
    rng = stream(0, Purpose.SUBSAMPLE, category)
    rows = rng.choice(len(train), muons, p=train.weight / train.sum_of_weights)
    return train.matrix(features(category))[rows].astype(np.float64)


def _sample(rows: Made, category: int) -> Sample:
    columns: dict[str, Any] = dict(zip(features(category), rows.T, strict=True))
    filler = {name: np.zeros(len(rows)) for name in ("start_x", "start_y") if name not in columns}
    pdg = np.full(len(rows), pdg_code(category))
    return Sample({"pdg": pdg, "weight": np.ones(len(rows)), **filler, **columns})


def _ctgan(rows: Made, muons: int) -> Made:
    from ctgan import CTGAN  # type: ignore[import-not-found]

    model = CTGAN(enable_gpu=False)
    model.fit(rows)
    return np.asarray(model.sample(muons), np.float64)


def _forest_flow(rows: Made, muons: int) -> Made:
    from ForestDiffusion import ForestDiffusionModel  # type: ignore[import-not-found]

    model = ForestDiffusionModel(rows, diffusion_type="flow", duplicate_K=20, n_jobs=1, seed=0)
    return np.asarray(model.generate(batch_size=muons), np.float64)


GENERATORS: dict[str, tuple[int, str, Generator]] = {
    "[CTGAN](https://arxiv.org/abs/1907.00503)": (20_000, "as published, 300 epochs", _ctgan),
    "[ForestFlow](https://arxiv.org/abs/2309.09968)": (
        5_000,
        "as published, but 20 noise copies of a row instead of 100",
        _forest_flow,
    ),
}
"""Training muons, settings in words, and what makes muons."""


def table(rows: Sequence[dict[str, Any]], name: str, category: int) -> str:
    """The rows as Markdown."""
    return "\n".join(
        [
            f"Category {category}, record `benchmarks/records/{name}`.",
            "",
            "| generator | settings | training muons | CPU s | excess AUC, note's BDT | cross-validated trees |",
            "|---|---|---|---|---|---|",
            *(
                f"| {row['name']} | {row['settings']} | {row['muons']:,} | {row['cpu_seconds']:.0f} | "
                f"{spread(row['note'])} | {spread(row['strong'])} |"
                for row in rows
            ),
        ]
    )


if __name__ == "__main__":
    main()
