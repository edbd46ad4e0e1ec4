"""A file of 1e8 muons: written by the command, checked muon by muon, read with ROOT, and judged.

    python -m benchmarks.large DATASET BUNDLE [--muons 100000000]

DATASET is what BUNDLE was trained on.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from scripts.blocks import replace_block

from benchmarks.coverage import ROUNDING
from benchmarks.record import ROOT, new_record, save_record
from muforge.assess import judge_files
from muforge.bundle import Bundle
from muforge.formats.access import CHUNK_ROWS
from muforge.formats.registry import reader_for
from muforge.judged_sources import MOST
from muforge.kinematics import BEAM_MOMENTUM

_WITH_ROOT = """
import sys, ROOT
ROOT.gErrorIgnoreLevel = ROOT.kError
frame = ROOT.RDataFrame("pythia8-Geant4", sys.argv[1])
momentum = frame.Define("p", "std::sqrt(opx*opx + opy*opy + opz*opz)")
count, weights, largest = frame.Count(), frame.Sum("w"), momentum.Max("p")
print(count.GetValue(), weights.GetValue(), largest.GetValue())
"""
"""Needs the package `root`."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--muons", type=int, default=100_000_000)
    parser.add_argument("--folder", type=Path, default=Path(), help="of the disk that the file is written to")
    arguments = parser.parse_args()
    record = new_record(
        f"python -m benchmarks.large {arguments.dataset.name} {arguments.bundle.name} --muons {arguments.muons}"
    )
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="muforge-large-") as folder:
        file = Path(folder) / "spill.root"
        record["written"] = written(arguments.bundle, file, arguments.muons)
        record["checked"] = checked(Bundle.load(arguments.bundle), file)
        record["root"] = read_with_root(file)
        record["judged"] = judged(arguments.dataset, file)
    path = save_record(record, "large")
    replace_block(ROOT / "docs" / "performance.md", "large", text(record, path.name))
    print(path)


def written(bundle: Path, file: Path, muons: int) -> dict[str, Any]:
    """Seconds, bytes, and the largest memory of the command."""
    command = [sys.executable, "-m", "muforge", "generate", str(bundle), "--out", str(file)]
    start = time.perf_counter()
    subprocess.run([*command, "--muons", str(muons), "--seed", "1"], check=True)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return {"muons": muons, "seconds": seconds, "bytes": file.stat().st_size, "peak_memory_bytes": memory}


def checked(bundle: Bundle, file: Path) -> dict[str, Any]:
    """Every muon read again: their number, those that break a bound, and each category's share over its rate."""
    counts: Counter[int] = Counter()
    broken = weight = 0.0
    for chunk in reader_for(file).chunks(file, CHUNK_ROWS):
        sample = chunk.sample
        numbers = np.bincount(sample.category, minlength=5)
        counts.update({category: int(numbers[category]) for category in bundle.rates})
        p = np.sqrt(sum(sample[name].astype(np.float64) ** 2 for name in ("px", "py", "pz")))
        finite = np.logical_and.reduce([np.isfinite(sample[name]) for name in sample.names])
        broken += np.count_nonzero(~finite | (p > BEAM_MOMENTUM * (1 + ROUNDING)) | (sample["pz"] <= 0))
        broken += chunk.entries - len(sample)
        weight += sample.sum_of_weights
    muons = sum(counts.values())
    total = sum(bundle.rates.values())
    expected = {category: rate / total * muons for category, rate in bundle.rates.items()}
    pulls = {
        category: (counts[category] - mean) / np.sqrt(mean * (1 - mean / muons))
        for category, mean in expected.items()
    }
    return {
        "muons": muons,
        "broken": int(broken),
        "counts": dict(counts),
        "pulls": pulls,
        "weight_per_proton_over_rate": weight / bundle.protons_on_target / total,
    }


def read_with_root(file: Path) -> dict[str, Any]:
    """Entries, sum of weights and largest momentum as ROOT's RDataFrame has them."""
    command = [sys.executable, "-W", "ignore", "-c", _WITH_ROOT, str(file)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    entries, weights, largest = done.stdout.split()
    return {"entries": int(entries), "sum_of_weights": float(weights), "largest_momentum": float(largest)}


def judged(dataset: Path, file: Path) -> dict[str, Any]:
    """The judge's verdict on the file, category by category."""
    judgement = judge_files(dataset, file)
    return {
        str(number): {
            "grade": str(each.verdict.grade),
            "verdict": f"{each.verdict.headline}. {each.verdict.text}",
        }
        for number, each in judgement.categories.items()
    }


def text(record: dict[str, Any], name: str) -> str:
    """The record as Markdown."""
    made, read, root = record["written"], record["checked"], record["root"]
    pulls = ", ".join(f"{pull:+.1f}" for pull in read["pulls"].values())
    return "\n".join(
        [
            f"Record `benchmarks/records/{name}` ({record['date']}, commit `{record['commit'][:12]}`): "
            f"{made['muons']:,} muons in {made['seconds']:.1f} s, {made['muons'] / made['seconds'] / 1e6:.2f} million "
            f"a second from the start of the command to its end; {made['bytes'] / 1e9:.2f} GB; at most "
            f"{made['peak_memory_bytes'] / 2**20:.0f} MiB of memory.",
            "",
            f"- Read again muon by muon: {read['muons']:,}, of which {read['broken']} are not finite, beyond the "
            f"beam's momentum or backwards. Numbers of categories 1 to 4 are {pulls} standard deviations from their "
            f"rates; the sum of weights per proton is {read['weight_per_proton_over_rate']:.5f} times the bundle's.",
            f"- ROOT's RDataFrame: {root['entries']:,} entries, largest momentum {root['largest_momentum']:.2f} GeV.",
            f"- Judged (the first {MOST:,} muons against the data set's test events):",
            *(f"  - category {category}: {each['verdict']}" for category, each in record["judged"].items()),
        ]
    )


if __name__ == "__main__":
    main()
