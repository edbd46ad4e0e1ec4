"""Whole muons and pairs of muons against test events: what classifiers see of them, over seeds.

    python -m benchmarks.whole DATASET [DATASET ...] [--seeds 5] [--build build/whole]

The data sets are made by `muforge simulate` and `muforge ingest`, with the state behind the absorber, time, mother and
numbers of decays; they are called by their names. `muforge train --preset whole` is trained on each. Interrupted, the
same command goes on. The tables go into docs/models.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scripts.blocks import replace_block

from benchmarks.cross_validated import cross_validated_auc
from benchmarks.models import JOBS, JUDGED, ks_distance, spread
from benchmarks.record import ROOT, new_record, save_record
from muforge.dataset.store import Dataset
from muforge.judge.quantities import matrix
from muforge.kinematics import MUON_MASS
from muforge.processes import patient_threads
from muforge.sample import CATEGORIES, FURTHER, OFF_AXIS_FEATURES, PARTNER, PLANE, Sample, features
from muforge.training.directory import RESULT_NAME, category_directory, load_run

PAIRED = (2, 4)
"""Categories whose muons are the first of a pair."""

LIGHT = 29.9792458
"""cm/ns."""

TIME_STEP = 1e-5
"""ns; what trees see of how late a muon is, an order of magnitude above the rounding errors of float32."""


def main() -> None:
    patient_threads()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("datasets", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--build", type=Path, default=Path("build/whole"))
    arguments = parser.parse_args()
    muons, pairs = [], []
    for dataset in arguments.datasets:
        data, run = Dataset.open(dataset), arguments.build / dataset.name
        train(dataset, run)
        for category in CATEGORIES:
            row = {"data": dataset.name, "category": category}
            muons.append(row | whole(data, run, category, arguments.seeds))
            print(json.dumps(muons[-1]), flush=True)
            if category in PAIRED:
                pairs.append(row | paired(data, run, category, arguments.seeds))
                print(json.dumps(pairs[-1]), flush=True)
    record = new_record(f"python -m benchmarks.whole {' '.join(each.name for each in arguments.datasets)}")
    record |= {"muons": muons, "pairs": pairs}
    path = save_record(record, "whole")
    replace_block(ROOT / "docs" / "models.md", "whole", tables(muons, pairs, path.name, record))
    print(path)


def train(dataset: Path, run: Path) -> None:
    """Train with the command that users give, or go on with it; a run that is finished is taken as it is."""
    if all((category_directory(run, category) / RESULT_NAME).is_file() for category in CATEGORIES):
        return
    run.parent.mkdir(parents=True, exist_ok=True)
    command = ["train", str(dataset), "--out", str(run), "--preset", "whole", "--jobs", str(JOBS), "--resume"]
    subprocess.run([sys.executable, "-m", "muforge", *command], check=True)


def whole(data: Dataset, run: Path, category: int, seeds: int) -> dict[str, Any]:
    """What trees see of starts and all that follows from them, and the shares of mothers."""
    real, null = data.load(category, "test"), data.load(category, "train").select(slice(0, JUDGED))
    model = load_run(category_directory(run, category)).model
    columns = [name for name in FURTHER if name in real]
    excess = []
    for seed in range(seeds):
        made = model.sample(len(null), seed=seed)
        aucs = [
            cross_validated_auc(real, each, category, seed, further=lambda s: _further(s, columns))
            for each in (made, null)
        ]
        excess.append(aucs[0] - aucs[1])
    return {"columns": columns, "excess": excess}


def _further(sample: Sample, columns: Sequence[str]) -> NDArray[np.float64]:
    """The further columns, and how the state behind the absorber lies to a straight line."""
    parts = [matrix(sample, columns)]
    if "start_t" in columns:
        late = sample["start_t"] - sample["start_z"].astype(np.float64) / LIGHT
        parts.append(TIME_STEP * np.round(late / TIME_STEP)[:, None])
    if PLANE[0] in columns:
        x, y, z, px, py, pz = matrix(sample, OFF_AXIS_FEATURES).T
        x2, y2, z2, px2, py2, pz2 = matrix(sample, PLANE).T
        p, p2 = (np.sqrt(a**2 + b**2 + c**2) for a, b, c in ((px, py, pz), (px2, py2, pz2)))
        across = [p * (px2 / pz2 - px / pz), p * (py2 / pz2 - py / pz)]
        shift = [
            p * ((x2 - x) / (z2 - z) - px / pz),
            p * ((y2 - y) / (z2 - z) - py / pz),
        ]
        sizes = [np.hypot(*across), np.hypot(*shift), p2, p - p2, (p - p2) / (z2 - z), np.hypot(x2, y2)]
        parts.append(np.stack([*across, *shift, *sizes], axis=1))
    return np.concatenate(parts, axis=1)


def paired(data: Dataset, run: Path, category: int, seeds: int) -> dict[str, Any]:
    """What trees see of pairs, and the largest Kolmogorov-Smirnov distances over their null."""
    real, null = data.load(category, "test"), data.load(category, "train")
    model = load_run(category_directory(run, category)).model
    made = [model.sample(len(null), seed=seed) for seed in range(seeds)]
    quantities = {name: pair_quantities(each) for name, each in (("real", real), ("null", null))}
    generated = [pair_quantities(each) for each in made]
    share = {name: _share(each) for name, each in (("real", real), ("null", null))}
    ks = {}
    for name in quantities["real"]:
        sides = [_weighted(real), _weighted(made[0]), _weighted(null)]
        a, b, c = (each[name] for each in (quantities["real"], generated[0], quantities["null"]))
        ks[name] = ks_distance(a, sides[0], b, sides[1]) / ks_distance(a, sides[0], c, sides[2])
    excess = []
    for seed in range(seeds):
        aucs = [
            cross_validated_auc(_pairs(real), _pairs(each), category, seed, further=_matrix)
            for each in (made[seed], null)
        ]
        excess.append(aucs[0] - aucs[1])
    return {
        "pairs": {"real": len(_pairs(real)), "trained": len(_pairs(null))},
        "share_over_real": [_share(each) / share["real"] for each in made],
        "null_share_over_real": share["null"] / share["real"],
        "ks_over_null": ks,
        "excess": excess,
    }


def _pairs(sample: Sample) -> Sample:
    return sample.select(np.logical_or.reduce([sample[name] != 0 for name in PARTNER]))


def _weighted(sample: Sample) -> NDArray[np.float64]:
    return _pairs(sample).weight


def _share(sample: Sample) -> float:
    return float(_weighted(sample).sum() / sample.sum_of_weights)


def _matrix(sample: Sample) -> NDArray[np.float64]:
    return np.stack([*pair_quantities(sample).values(), *matrix(sample, PARTNER).T], axis=1)


def pair_quantities(sample: Sample) -> dict[str, NDArray[np.float64]]:
    """Mass [GeV], opening angle, momenta [GeV] of the pairs in a sample."""
    pairs = _pairs(sample)
    one, two = matrix(pairs, features(2)[1:]), matrix(pairs, PARTNER)
    p1, p2 = (np.linalg.norm(each, axis=1) for each in (one, two))
    half_angle = np.arctan2(np.linalg.norm(np.cross(one, two), axis=1), (one * two).sum(axis=1)) / 2
    apart = np.arcsinh(p1 / MUON_MASS) - np.arcsinh(p2 / MUON_MASS)
    squared = 4 * MUON_MASS**2 * np.cosh(apart / 2) ** 2 + 4 * p1 * p2 * np.sin(half_angle) ** 2
    total = one + two
    return {
        "mass": np.sqrt(squared),
        "angle": 2 * half_angle,
        "p of the second": p2,
        "pT of the second": np.hypot(two[:, 0], two[:, 1]),
        "p of the pair": np.linalg.norm(total, axis=1),
        "pT of the pair": np.hypot(total[:, 0], total[:, 1]),
    }


def tables(
    muons: Sequence[Mapping[str, Any]],
    pairs: Sequence[Mapping[str, Any]],
    name: str,
    record: Mapping[str, Any],
) -> str:
    """Both tables as Markdown."""
    lines = [
        f"Record `benchmarks/records/{name}`: {record['date']}, commit `{record['commit'][:12]}`.",
        "",
        "| data | category | excess AUC, start and all that follows |",
        "|---|---|---|",
        *(f"| {row['data']} | {row['category']} | {spread(row['excess'])} |" for row in muons),
        "",
        "| data | category of the first | pairs trained on, tested on | share of paired muons over real (null) | "
        "excess AUC of pairs | KS / null, mass | angle | largest of the others |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in pairs:
        ks = dict(row["ks_over_null"])
        mass, angle = ks.pop("mass"), ks.pop("angle")
        worst = max(ks, key=ks.__getitem__)
        counts = row["pairs"]
        lines.append(
            f"| {row['data']} | {row['category']} | {counts['trained']:,}, {counts['real']:,} | "
            f"{fmean(row['share_over_real']):.3f} ({row['null_share_over_real']:.3f}) | {spread(row['excess'])} | "
            f"{mass:.2f} | {angle:.2f} | {ks[worst]:.2f} ({worst}) |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
