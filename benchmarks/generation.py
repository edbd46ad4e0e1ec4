"""`muforge bench` as a record, and docs/performance.md's table and chart from it.

    python -m benchmarks.generation BUNDLE [--muons 40000000] [--turns 5]

BUNDLE is one of `--preset best`, trained on a full-simulation sample. Keras takes part where it is installed.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from scripts.blocks import replace_block

from benchmarks.record import ROOT, new_record, save_record
from muforge.bench.engine import FAVOURITE
from muforge.bench.run import Benchmark, Measured, benchmark, groups
from muforge.bundle import Bundle
from muforge.memory import keep_freed_memory
from muforge.report.bench import bar_chart
from muforge.report.save import save

PAGE = ROOT / "docs" / "performance.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--muons", type=int, default=40_000_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path, default=Path(), help="of the disk that files are written to")
    arguments = parser.parse_args()
    record = new_record(
        f"python -m benchmarks.generation {arguments.bundle.name} --muons {arguments.muons} --turns {arguments.turns}"
    )
    keep_freed_memory()
    result = benchmark(
        Bundle.load(arguments.bundle),
        folder=arguments.folder,
        muons=arguments.muons,
        turns=arguments.turns,
        threads=arguments.threads,
        progress=lambda name, done, total: print(f"{done}/{total} {name}", flush=True),
    )
    record["generation"] = result.to_dict()
    path = save_record(record, "generation")
    (ROOT / "docs" / "performance").mkdir(exist_ok=True)
    save(bar_chart(result), ROOT / "docs" / "performance" / "bench.png")
    replace_block(PAGE, "generation", text(record, result, path.name))
    print(path)


def text(record: dict[str, Any], result: Benchmark, name: str) -> str:
    """The record as Markdown."""
    machine = record["machine"]
    lines = [
        f"Record `benchmarks/records/{name}`: {record['date']}, commit `{record['commit'][:12]}`, "
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}; bundle "
        f"`{result.bundle['name']}` ({result.bundle['identity'][:12]}), {result.muons:,} muons, {result.turns} turns.",
        "",
        f"| what | rate | `{FAVOURITE}` is so many times faster |",
        "|---|---|---|",
    ]
    for group, several in groups(result.results).items():
        lines.append(f"| **{group}** | | |")
        lines += [f"| {each.name} | {_rate(each)} | {_over(each)} |" for each in several]
    lines += ["", f"A thousand muons, `muforge generate` from start to end: {result.start_seconds:.2f} s."]
    lines += [f"{missing} took no part: {remedy}." for missing, remedy in result.missing.items()]
    return "\n".join(lines)


def _rate(each: Measured) -> str:
    if each.unit != "muons":
        return f"{each.rate / 1e9:.0f} G {each.unit}/s"
    return f"{each.rate / 1e6:.2f} M/s" if each.rate >= 1e5 else f"{each.rate / 1e3:.2f} k/s"


def _over(each: Measured) -> str:
    over = each.favourite_over
    return "" if over is None else f"{over['median']:.3g} ({over['min']:.3g} to {over['max']:.3g})"


if __name__ == "__main__":
    main()
