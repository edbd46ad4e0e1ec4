"""Every model against test events: what it costs, and what two classifiers see of it, over seeds.

    python -m benchmarks.models DATASET [--presets best flow] [--categories 1 4] [--seeds 5] [--build build/models]

DATASET was made by `muforge ingest`. Each preset is trained with `muforge train` on all categories. Judged are as many
muons as there are training events, against the test events; the null are the training events. Interrupted, the same
command goes on with the preset that was not finished. The table goes into docs/models.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scripts.blocks import replace_block

from benchmarks.cross_validated import cross_validated_auc
from benchmarks.record import ROOT, new_record, save_record
from muforge import presets
from muforge.dataset.store import Dataset
from muforge.judge import compare
from muforge.judge.quantities import values
from muforge.models.cost import operations_per_sample
from muforge.processes import patient_threads
from muforge.sample import CATEGORIES, Sample
from muforge.trained import TrainedModel
from muforge.training.directory import category_directory, load_run

JOBS = 2
JUDGED = 200_000
"""Generated and null muons at most."""

SHORTER: Mapping[str, tuple[str, ...]] = {
    "gan-2018": ("--steps", "12000", "-layersG", "2", "-layersD", "2"),
    "vae-2018": (
        "--steps",
        "12000",
    ),
}
"""Options of presets whose own training takes hours."""

_ELSEWHERE = ("whole", "vae", "gan-scores", "gan-rarity", "wgan", "unrolled-gan", "infogan")
DEFAULT_PRESETS = [name for name in presets.names() if name not in _ELSEWHERE]
"""The starts of `whole` are those of `best`; the note's two kinds of network are compared by its studies."""

ON_AXIS = ("p", "pt", "theta", "start_z")
OFF_AXIS = (*ON_AXIS, "r", "angle", "line_z", "f")
REGIONS: Mapping[str, Any] = {
    "p > 150 GeV": lambda s: values(s, "p") > 150,
    "pT > 1.5 GeV": lambda s: values(s, "pt") > 1.5,
    "dangerous": lambda s: _box(s, (25, 60), (2.4, 3.7)) | _box(s, (125, 245), (2, 2.8)),
}
"""The dangerous muons are those of section 12 of the 2018 note: their momenta and transverse momenta in GeV."""

REPEATS = 3
"""Splits into halves that the note's BDT is averaged over, for each judge seed."""


def main() -> None:
    patient_threads()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--presets", nargs="+", default=DEFAULT_PRESETS, choices=presets.names())
    parser.add_argument("--categories", type=int, nargs="+", default=list(CATEGORIES), choices=CATEGORIES)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--build", type=Path, default=Path("build/models"))
    arguments = parser.parse_args()
    data = Dataset.open(arguments.dataset)
    rows = []
    for name in arguments.presets:
        run = arguments.build / name
        spent = trained(name, arguments.dataset, run, arguments.categories)
        for category in arguments.categories:
            model = load_run(category_directory(run, category)).model
            products, others = operations_per_sample(model.sampler, model.latent_dimensions)
            row = {
                "preset": name,
                "category": category,
                "operations": {"products": products, "others": others},
                **spent,
                **judged(model, data, category, arguments.seeds, run / f"judged-{category}.json"),
            }
            rows.append(row)
            print(json.dumps(row), flush=True)
    chosen = (
        f"--presets {' '.join(arguments.presets)} --categories {' '.join(map(str, arguments.categories))}"
    )
    record = new_record(f"python -m benchmarks.models DATASET {chosen} --seeds {arguments.seeds}")
    record["models"] = rows
    path = save_record(record, "models")
    replace_block(ROOT / "docs" / "models.md", "models", table(rows, path.name, record))
    print(path)


def trained(preset: str, dataset: Path, run: Path, categories: Sequence[int]) -> dict[str, Any]:
    """Train a preset with the command that users give, from the beginning; its seconds over all categories."""
    kept = run / "spent.json"
    if kept.is_file():
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir(parents=True)
    options = [part for each in categories for part in ("--category", str(each))]
    command = ["train", str(dataset), "--out", str(run), "--preset", preset, "--jobs", str(JOBS)]
    wall, before = time.perf_counter(), _cpu_seconds()
    subprocess.run(
        [sys.executable, "-m", "muforge", *command, *options, *SHORTER.get(preset, ())], check=True
    )
    spent = {
        "wall_seconds": time.perf_counter() - wall,
        "cpu_seconds": _cpu_seconds() - before,
        "options": " ".join(SHORTER.get(preset, ())),
        "command": f"muforge train DATASET --out RUN --preset {preset} {' '.join(SHORTER.get(preset, ()))}".strip(),
        "commit": new_record("")["commit"],
    }
    kept.write_text(json.dumps(spent), encoding="utf-8")
    return spent


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def judged(model: TrainedModel, data: Dataset, category: int, seeds: int, kept: Path) -> dict[str, Any]:
    """Figures of merit on test events, by judge seed."""
    if kept.is_file():
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    real, null = data.load(category, "test"), data.load(category, "train")
    null = null.select(slice(0, JUDGED))
    of_null = nulls(real, null, category, seeds, kept.parent.parent / f"null-{category}.json")
    found: dict[str, Any] = {"note": [], "strong": []}
    for seed in range(seeds):
        generated = model.sample(len(null), seed=seed)
        comparison = compare(real, generated, repeats=REPEATS, seed=seed)
        found["note"].append(comparison.generated.auc - of_null["note"][seed])
        auc = cross_validated_auc(real, generated, category, seed)
        found["strong"].append(auc - of_null["strong"][seed])
    columns = ON_AXIS if category <= 2 else OFF_AXIS
    found["ks_over_null"] = {name: _ks(real, generated, name) / _ks(real, null, name) for name in columns}
    found["yields"] = {text: _pull(region, real, generated) for text, region in REGIONS.items()}
    kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def nulls(real: Sample, null: Sample, category: int, seeds: int, kept: Path) -> dict[str, list[float]]:
    """The AUC of training muons against test muons, by judge seed."""
    if kept.is_file():
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    found = {
        "note": [compare(real, null, repeats=REPEATS, seed=seed).generated.auc for seed in range(seeds)],
        "strong": [cross_validated_auc(real, null, category, seed) for seed in range(seeds)],
    }
    kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def _box(sample: Sample, p: tuple[float, float], pt: tuple[float, float]) -> NDArray[np.bool_]:
    inside = [
        (low < values(sample, name)) & (values(sample, name) < high)
        for name, (low, high) in (("p", p), ("pt", pt))
    ]
    return inside[0] & inside[1]


def _ks(real: Sample, other: Sample, quantity: str) -> float:
    """The weighted Kolmogorov-Smirnov distance; of the angle, its size."""
    front = float(real["start_z"].min())
    a, b = (_quantity(each, quantity, front) for each in (real, other))
    return ks_distance(a, real.weight, b, other.weight)


def ks_distance(
    a: NDArray[np.float64], of_a: NDArray[np.float64], b: NDArray[np.float64], of_b: NDArray[np.float64]
) -> float:
    """The Kolmogorov-Smirnov distance of values with weights."""
    order = np.argsort(np.concatenate([a, b]), kind="stable")
    steps = np.concatenate([of_a / of_a.sum(), -of_b / of_b.sum()])
    return float(np.abs(np.cumsum(steps[order])).max())


def _quantity(sample: Sample, name: str, front: float) -> NDArray[np.float64]:
    """A quantity of `muforge.judge`, the size of the angle, or the pointing fraction f, 0 at the front itself."""
    if name == "angle":
        return np.abs(values(sample, name))
    if name == "f":
        flown, depth = sample["start_z"] - values(sample, "line_z"), sample["start_z"] - front
        return np.divide(flown, depth, out=np.zeros(len(sample)), where=depth > 0)
    return values(sample, name)


def _pull(region: Any, real: Sample, generated: Sample) -> dict[str, float | None]:
    """The share of a region over the real one, and how many errors over events it is from one."""
    shares, variances = [], []
    for each in (real, generated):
        inside = region(each) * each.weight / each.sum_of_weights
        _, event = np.unique(each["event"], return_inverse=True)
        shares.append(float(inside.sum()))
        variances.append(float((np.bincount(event, inside) ** 2).sum()))
    difference = shares[1] - shares[0]
    return {
        "ratio": shares[1] / shares[0] if shares[0] else None,
        "pull": difference / float(np.sqrt(sum(variances))) if sum(variances) else 0.0,
    }


def table(rows: Sequence[Mapping[str, Any]], name: str, record: Mapping[str, Any]) -> str:
    """The rows as Markdown."""
    lines = [
        f"Record `benchmarks/records/{name}`: {record['date']}, commit `{record['commit'][:12]}`.",
        "",
        "| preset | category | operations a muon, products + others | training, CPU s, all categories | excess AUC, "
        f"note's BDT | excess AUC, cross-validated trees | largest KS / null | {' | '.join(REGIONS)} |",
        f"|---|---|---|---|---|---|---|{'---|' * len(REGIONS)}",
    ]
    for row in rows:
        operations = row["operations"]
        worst = max(row["ks_over_null"], key=row["ks_over_null"].get)
        yields = [_yield(**each) for each in row["yields"].values()]
        lines.append(
            f"| {row['preset']} {row['options']} | {row['category']} | {operations['products']:,} + "
            f"{operations['others']:,} | {row['cpu_seconds']:.0f} | {spread(row['note'])} | "
            f"{spread(row['strong'])} | {row['ks_over_null'][worst]:.2f} ({worst}) | {' | '.join(yields)} |"
        )
    return "\n".join(lines)


def _yield(ratio: float | None, pull: float) -> str:
    return (
        f"none in the test events ({pull:+.1f} s.d.)" if ratio is None else f"{ratio:.2f} ({pull:+.1f} s.d.)"
    )


def spread(found: Sequence[float]) -> str:
    """Mean and standard deviation."""
    return f"{fmean(found):+.4f} ± {stdev(found) if len(found) > 1 else 0:.4f}"


if __name__ == "__main__":
    main()
