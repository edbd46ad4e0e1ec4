"""What a production of many muons costs, from the measured figures of one core, into docs/farm.md.

    python -m scripts.production_cost [--muons 1e12]

Takes the newest records of `make docs-farm`, `docs-bench`, `docs-large` and `docs-models`.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.record import RECORDS, ROOT

from scripts.blocks import replace_block

HOUR = 3600.0
FILE_SYSTEMS = (1e9, 10e9, 100e9)
"""Bytes per second that a shared file system takes: a server, a good one, a large parallel one."""

CORES = 1000
GPU_OPERATIONS = 1e12
"""A second: what a GPU of some 50 e12 at most does with networks as small as these is assumed, not measured."""

BEHIND = 1e-3
"""Seconds of CPU to track a muon through a shield in a detector simulation, at the very least."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--muons", type=float, default=1e12)
    muons = parser.parse_args().muons
    replace_block(ROOT / "docs" / "farm.md", "cost", "\n".join(lines(muons)))


def newest(what: str) -> tuple[Path, dict[str, Any]]:
    """The last record of a measurement."""
    path = max(RECORDS.glob(f"*-{what}.json"))
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return path, content


def lines(muons: float) -> Iterator[str]:
    """The block of the page."""
    farm_path, farm = newest("farm")
    bench_path, bench = newest("generation")
    large_path, large = newest("large")
    models_path, models = newest("models")
    rates = {each["name"]: each["rate"] for each in bench["generation"]["results"]}
    worker = statistics.median(farm["generate"]["rates"]["1"])
    size = large["written"]["bytes"] / large["written"]["muons"]
    seconds = muons / worker
    operations = statistics.mean(
        sum(each["operations"].values())
        for each in models["models"]
        if each["preset"] == "best" and not each["options"]
    )
    yield (
        f"Computed by `python -m scripts.production_cost` from the records `{farm_path.name}`, `{bench_path.name}`, "
        f"`{large_path.name}` and `{models_path.name}`, for {muons:.0e} muons in FairShip's format:"
    )
    yield ""
    yield "| what | measured | for all |"
    yield "|---|---|---|"
    yield (
        f"| generating and writing, one worker | {worker / 1e6:.2f} million muons a second | "
        f"{seconds / HOUR:,.0f} core-hours; {CORES:,} cores: {seconds / CORES / 60:.1f} minutes |"
    )
    yield f"| disk | {size:.1f} bytes a muon | {muons * size / 1e12:.1f} TB |"
    for number in FILE_SYSTEMS:
        yield (
            f"| writing at {number / 1e9:.0f} GB/s | not measured: 1 worker writes {worker * size / 1e6:.0f} MB/s | "
            f"{muons * size / number / HOUR:.2f} hours; full with {number / (worker * size):,.0f} workers |"
        )
    yield (
        f"| the network on a GPU | not measured: {operations:,.0f} operations a muon, {GPU_OPERATIONS:.0e} a second "
        f"assumed | {muons * operations / GPU_OPERATIONS / HOUR:.1f} GPU-hours |"
    )
    yield (
        f"| the same by the reference simulation, boosted | {rates['boosted, 1 core']:,.0f} weighted muons a second | "
        f"{muons / rates['boosted, 1 core'] / HOUR:,.0f} core-hours |"
    )
    yield ""
    yield (
        f"A worker writes {worker * size / 1e6:.0f} MB/s: a file system of 1 GB/s is full with "
        f"{1e9 / (worker * size):.0f} of them. Beyond that more cores do not help, and a GPU would not either: a core "
        f"generates {rates['1 thread'] / 1e6:.1f} million muons a second without a file, "
        f"{rates['1 thread'] * size / 1e6:.0f} MB/s. What reads the muons is slower still: at "
        f"{BEHIND * 1e3:.0f} ms of CPU a muon, the tracking through a shield of all of them takes "
        f"{muons * BEHIND / HOUR:,.0f} core-hours, {muons * BEHIND / seconds:,.0f} times their making. It is cheaper "
        f"to make muons again from their seed than to keep them."
    )


if __name__ == "__main__":
    main()
