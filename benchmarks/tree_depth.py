"""What the depth of the 2018 note's trees does to the distribution of their output: gaps, and what they see.

    python -m benchmarks.tree_depth DATASET [--rows 10000] [--seeds 3] [--depths 1 2 3 4 5 6]

The note's classifier learns simulated muons of category 4 of DATASET against their shuffled marginals, every column of
other muons in an order of its own. Rows are those of a side, to learn from and again to test on. The table goes into
docs/note.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scripts.blocks import replace_block

from benchmarks.record import ROOT, new_record, save_record
from muforge.dataset.store import Dataset
from muforge.judge.bdt import BINS, OUTPUT_EDGES
from muforge.judge.classifier import DEPTH, LEARNING_RATE, TREES
from muforge.processes import patient_threads
from muforge.sample import Sample, features

CATEGORY = 4

Numbers = dict[str, float]


def main() -> None:
    patient_threads()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    arguments = parser.parse_args()
    data = Dataset.open(arguments.dataset)
    real, others = data.load(CATEGORY, "train"), data.load(CATEGORY, "validation")
    found: dict[int, list[Numbers]] = {depth: [] for depth in arguments.depths}
    for seed in range(arguments.seeds):
        for depth, numbers in found.items():
            numbers.append(measure(real, others, depth, arguments.rows, seed))
            print(depth, seed, numbers[-1], flush=True)
    depths = " ".join(map(str, arguments.depths))
    record = new_record(
        f"python -m benchmarks.tree_depth DATASET --rows {arguments.rows} --seeds {arguments.seeds} --depths {depths}"
    )
    record |= {"rows": arguments.rows, "depths": found}
    path = save_record(record, "tree-depth")
    replace_block(ROOT / "docs" / "note.md", "depth", table(found, arguments.rows, path.name, record))
    print(path)


def measure(real: Sample, others: Sample, depth: int, rows: int, seed: int) -> Numbers:
    """AUC, gaps in the output's distribution and seconds of the note's classifier with trees of a depth."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(seed)
    sides = [_drawn(real, 2 * rows, rng), _shuffled(_drawn(others, 2 * rows, rng), rng)]
    learned = np.concatenate([side[:rows] for side in sides])
    classifier = GradientBoostingClassifier(
        n_estimators=TREES, learning_rate=LEARNING_RATE, max_depth=depth, random_state=seed
    )
    labels = np.repeat([1, 0], rows)
    start = time.process_time()
    classifier.fit(learned, labels)
    seconds = time.process_time() - start
    together = classifier.predict_proba(np.concatenate([side[rows:] for side in sides]))[:, 1]
    counts = np.histogram(together, OUTPUT_EDGES)[0]
    filled = np.flatnonzero(counts)
    _, repeats = np.unique(together, return_counts=True)
    return {
        "auc": float(roc_auc_score(labels, together)),
        "empty": float((counts[filled[0] : filled[-1]] == 0).sum()),
        "values": float(len(repeats)) / len(together),
        "most_common": float(repeats.max()) / len(together),
        "seconds": seconds,
    }


def _drawn(sample: Sample, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Columns to learn of muons drawn by weight, shape (n, d)."""
    rows = rng.choice(len(sample), n, p=sample.weight / sample.sum_of_weights)
    return sample.matrix(features(CATEGORY))[rows]


def _shuffled(matrix: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    return np.stack([rng.permutation(column) for column in matrix.T], axis=1)


def table(found: Mapping[int, Sequence[Numbers]], rows: int, name: str, record: Mapping[str, Any]) -> str:
    """The numbers as Markdown."""
    seeds = len(next(iter(found.values())))
    of_note = fmean(each["seconds"] for each in found[DEPTH])
    lines = [
        f"Record `benchmarks/records/{name}`, commit `{record['commit'][:12]}`. {rows:,} muons of a side to learn "
        f"from, as many to test on; mean ± standard deviation over {seeds} seeds.",
        "",
        f"| max_depth | empty ones among the {BINS} bins, between the ends | different outputs a muon | largest share "
        f"of muons with one output | AUC | time, over that of depth {DEPTH} |",
        "|---|---|---|---|---|---|",
    ]
    for depth, numbers in found.items():
        cells = [
            _spread(numbers, "empty", 1),
            _spread(numbers, "values", 3),
            _spread(numbers, "most_common", 4),
            _spread(numbers, "auc", 4),
            f"{fmean(each['seconds'] for each in numbers) / of_note:.2f}",
        ]
        lines.append(f"| {depth} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(numbers: Sequence[Numbers], name: str, digits: int) -> str:
    values = [each[name] for each in numbers]
    return f"{fmean(values):.{digits}f}{f' ± {stdev(values):.{digits}f}' if len(values) > 1 else ''}"


if __name__ == "__main__":
    main()
