"""Run the benchmarks, keep a record, and put its figures into docs/performance.md.

    python -m benchmarks.run --files FILES...

Everything compared is compared in this one run, in turns; quote the ratios, not the absolute figures.
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from scripts.blocks import replace_block

from benchmarks import ingest, training
from benchmarks.record import ROOT, new_record, save_record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", nargs="+", type=Path, required=True, help="flat full-simulation files")
    arguments = parser.parse_args()
    record = new_record(
        f"python -m benchmarks.run --files {shlex.join(file.name for file in arguments.files)}"
    )
    record["ingest"] = ingest.measure(arguments.files)
    record["training"] = training.measure()
    path = save_record(record)
    replace_block(ROOT / "docs" / "performance.md", "benchmarks", table(record, path.name))
    print(path)


def table(record: dict[str, Any], name: str) -> str:
    """The record as Markdown."""
    machine = record["machine"]
    lines = [
        f"Record `benchmarks/records/{name}`: {record['date']}, commit `{record['commit'][:12]}`, "
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}.",
        "",
        "| what | rate | compared in the same run |",
        "|---|---|---|",
    ]
    rate = record["ingest"]["muons_per_second"]
    lines.append(
        f"| ingest, {record['ingest']['muons']:,} muons | {rate['ingest'] / 1e6:.2f} M muons/s | "
        f"{_times(record['ingest']['time_of_ingest_over_uproot_alone'])} the time of uproot reading them alone |"
    )
    for network, result in record["training"].items():
        steps = result["steps_per_second"]
        against = [
            f"{_times(result[f'muforge_over_{other}'])} {other} ({steps[other]:.1f})"
            for other in steps
            if other != "muforge"
        ]
        lines.append(
            f"| training, {network}, batch 100, one thread | {steps['muforge']:.1f} steps/s | {'; '.join(against)} |"
        )
        share = 100 * result["batch_drawing_share_of_step"]
        lines.append(f"| drawing weighted batches, {network} | {share:.2f}% of the step | |")
    return "\n".join(lines)


def _times(ratio: dict[str, float]) -> str:
    return f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f}) times"


if __name__ == "__main__":
    main()
