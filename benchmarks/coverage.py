"""Does the truth lie within the errors that replicas tell? And does any of many muons break a bound of physics?

    python -m benchmarks.coverage DATASET BUNDLE [--muons 100000000] [--jobs 2]

BUNDLE was trained on DATASET with `muforge train --replicas`. The coverage is that of the test events' shares in cells,
as `muforge judge` has it. The muons are generated and looked at, and not kept. Both go into docs/models.md.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scripts.blocks import replace_block

from benchmarks.record import ROOT, new_record, save_record
from muforge.bundle import Bundle
from muforge.dataset.store import Dataset
from muforge.judge.quantities import values
from muforge.judge.uncertainty import Uncertainty
from muforge.kinematics import BEAM_MOMENTUM, transverse_limit
from muforge.processes import patient_threads
from muforge.representation.polar import Polar
from muforge.sample import Sample
from muforge.spill.engine import Engine
from muforge.spill.plan import plan_spill
from muforge.spill.stream import stream_chunks

MOST = 400_000
"""Muons of each sample of the coverage."""

ROUNDING = 1e-6
"""Relative; what float32 may add to a bound."""


def main() -> None:
    patient_threads()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--muons", type=int, default=100_000_000)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    data, bundle = Dataset.open(arguments.dataset), Bundle.load(arguments.bundle)
    record = new_record(f"python -m benchmarks.coverage DATASET BUNDLE --muons {arguments.muons}")
    record["coverage"] = {str(category): coverage(data, bundle, category) for category in bundle.rates}
    record["bounds"] = bounds(bundle, arguments.muons, arguments.threads)
    path = save_record(record, "coverage")
    replace_block(ROOT / "docs" / "models.md", "coverage", text(record, path.name))
    print(path)


def coverage(data: Dataset, bundle: Bundle, category: int) -> dict[str, Any]:
    """Replicas, cells, and the shares of cells within one standard deviation."""
    real = data.load(category, "test")
    made = [
        each.model(category).sample(MOST, seed=number)
        for number, each in enumerate((bundle, *bundle.replicas))
    ]
    details = Uncertainty()(real, made[0], made[1:]).details
    return {"replicas": details["replicas"], **details["coverage"]}


def bounds(bundle: Bundle, muons: int, threads: int) -> dict[str, Any]:
    """How many of so many generated muons break each bound."""
    limits = {category: _limits(bundle, category) for category in bundle.rates}
    plan = plan_spill(bundle.rates, muons=muons, seed=1)
    start, found, extremes = time.perf_counter(), Counter[str](), Counter[str]()
    for sample in stream_chunks(bundle, Engine(bundle, plan.seed), plan, range(plan.chunks), threads=threads):
        for name, broken in _broken(sample, limits).items():
            found[name] += broken
        for name in ("p", "pt", "start_z"):
            extremes[name] = max(extremes[name], float(values(sample, name).max()))  # type: ignore[assignment]
    return {
        "muons": muons,
        "broken": dict(found),
        "largest": dict(extremes),
        "seconds": time.perf_counter() - start,
    }


def _limits(bundle: Bundle, category: int) -> tuple[float, float]:
    """Front and radius, cm."""
    maps = bundle.model(category).representation.chain.maps  # type: ignore[attr-defined]
    polar = next(each for each in maps if isinstance(each, Polar))
    return polar.front, polar.radius


def _broken(sample: Sample, limits: Mapping[int, tuple[float, float]]) -> dict[str, int]:
    category = sample.category
    front, radius = (np.array([limits.get(c, (0.0, 0.0))[i] for c in range(5)])[category] for i in (0, 1))
    p, r, z = values(sample, "p"), values(sample, "r"), values(sample, "start_z")
    finite = np.logical_and.reduce([np.isfinite(sample[name]) for name in sample.names])
    broken = {
        "not finite": ~finite,
        "p above the beam's": p > BEAM_MOMENTUM * (1 + ROUNDING),
        "pz not positive": sample["pz"] <= 0,
        "pT above half of sqrt(s)": values(sample, "pt") > transverse_limit(BEAM_MOMENTUM) * (1 + ROUNDING),
        "start upstream of the front": z < front - ROUNDING * np.abs(z),
        "start beyond the radius": (r > radius * (1 + ROUNDING)) & (category > 2),
    }
    return {name: int(rows.sum()) for name, rows in broken.items()}


def text(record: Mapping[str, Any], name: str) -> str:
    """The block of the page."""
    lines = [
        f"Record `benchmarks/records/{name}`: {record['date']}, commit `{record['commit'][:12]}`.",
        "",
        "| category | replicas | cells | within one standard deviation | without the systematic error |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {category} | {row['replicas']} | {row['cells']} | {row['within']:.1%} | {row['without_systematic']:.1%} |"
        for category, row in record["coverage"].items()
    ]
    found = record["bounds"]
    broken = ", ".join(f"{count:,} {what}" for what, count in found["broken"].items() if count) or "none"
    largest = found["largest"]
    lines += [
        "",
        f"Of {found['muons']:,} generated muons, beyond physical bounds: {broken}. The largest p is {largest['p']:.0f} "
        f"GeV, the largest pT {largest['pt']:.1f} GeV, the largest start z {largest['start_z']:.0f} cm.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
