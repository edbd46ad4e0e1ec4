"""Muons per second of the C++ header on one core, beside Python's engine, for docs/export.md.

    python -m benchmarks.header BUNDLE [--turns 5]

Needs g++; clang++ takes part where it is installed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from scripts.blocks import replace_block

from benchmarks.record import ROOT, new_record, save_record
from muforge.bench.engine import in_memory
from muforge.bench.exports import PROGRAM
from muforge.bench.timing import in_turns, rates, ratio
from muforge.bundle import Bundle
from muforge.export.cpp import export_cpp

MUONS = 10_000_000
PYTHON = "Python, one thread"
BUILDS = (
    ("g++", "-O2"),
    ("g++", "-O3", "-march=native"),
    ("clang++", "-O2"),
    ("clang++", "-O3", "-march=native"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    record = new_record(f"python -m benchmarks.header {arguments.bundle.name} --turns {arguments.turns}")
    record["header"] = measure(Bundle.load(arguments.bundle), arguments.turns)
    path = save_record(record, "header")
    replace_block(ROOT / "docs" / "export.md", "header", text(record, path.name))
    print(path)


def measure(bundle: Bundle, turns: int) -> dict[str, Any]:
    """Rates, their ratios to Python's, seconds of compiling, and the size of the header."""
    (python,) = in_memory(bundle, MUONS, threads=1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        header = export_cpp(bundle, folder / "muons.hpp")
        (folder / "main.cpp").write_text(PROGRAM, encoding="utf-8")
        compilers = {name: _version(name) for name in {build[0] for build in BUILDS} if shutil.which(name)}
        contestants: dict[str, Any] = {PYTHON: python.work}
        compiling = {}
        for compiler, *flags in BUILDS:
            if compiler in compilers:
                name = f"{compilers[compiler]} `{' '.join(flags)}`"
                program = folder / f"program-{len(contestants)}"
                start = time.perf_counter()
                subprocess.run(
                    [compiler, "-std=c++17", *flags, "-o", program, folder / "main.cpp"], check=True
                )
                compiling[name] = time.perf_counter() - start
                contestants[name] = lambda program=program: subprocess.run(
                    [program, str(MUONS)], check=True, stdout=subprocess.DEVNULL
                )
        times = in_turns(contestants, turns)
        size = header.stat().st_size
    return {
        "bundle": bundle.identity,
        "muons": MUONS,
        "muons_per_second": rates(times, float(MUONS)),
        "over_python": {name: ratio(own, times[PYTHON]) for name, own in times.items()},
        "seconds_of_compiling": compiling,
        "bytes": size,
    }


def _version(compiler: str) -> str:
    first = subprocess.run([compiler, "--version"], check=True, capture_output=True, text=True).stdout
    match = re.search(r"\d+\.\d+", first)
    return f"{compiler} {match.group() if match else ''}".strip()


def text(record: dict[str, Any], name: str) -> str:
    """The record as Markdown."""
    found = record["header"]
    lines = [
        f"Record `benchmarks/records/{name}`: {record['date']}, commit `{record['commit'][:12]}`, "
        f"{record['machine']['processor']}, one of {os.cpu_count()} cores; a loop over `next()`.",
        "",
        "| | million muons a second | times Python's | compiling |",
        "|---|---|---|---|",
    ]
    for each, rate in found["muons_per_second"].items():
        over, seconds = found["over_python"][each], found["seconds_of_compiling"].get(each)
        lines.append(
            f"| {each} | {rate / 1e6:.2f} | {over['median']:.2f} ({over['min']:.2f} to {over['max']:.2f}) | "
            f"{'' if seconds is None else f'{seconds:.0f} s'} |"
        )
    lines += [
        "",
        f"The header of the four categories has {found['bytes'] / 1e6:.1f} MB, nearly all of it tables.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
