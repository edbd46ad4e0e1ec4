"""Seconds that a judgement takes, and how many times less than the 2018 note's classifier in the same run.

    python -m benchmarks.judge DATASET [--rows 600000] [--turns 3]

DATASET was made by `muforge ingest`. Its category 4 stands in for all three samples, repeated with new events where it
has fewer rows than asked for. The table goes into docs/judge.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scripts.blocks import replace_block

from benchmarks.record import ROOT, new_record, save_record
from muforge.bench.timing import in_turns, ratio
from muforge.dataset.store import Dataset
from muforge.judge import compare, judge_category
from muforge.judge.quick import quick_look
from muforge.processes import patient_threads
from muforge.sample import Sample

CATEGORY = 4
MONITORED = 50_000
"""Muons per side and half of the monitor and of the note's classifier."""

REPEATS = 3
NOTE = "note's classifier"


def main() -> None:
    patient_threads()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    data = Dataset.open(arguments.dataset)
    real, generated, null = (
        repeated(data.load(CATEGORY, split), arguments.rows) for split in ("test", "validation", "train")
    )
    whole, stages = judged(real, generated, null)
    few = [repeated(sample, 2 * MONITORED) for sample in (real, generated, null)]
    contestants: dict[str, Callable[[], object]] = {
        "monitoring subset": lambda: quick_look(*few, size=MONITORED, threads=1),
        "note's test with histogram trees": lambda: compare(few[0], few[1], threads=1),
        NOTE: lambda: compare(few[0], few[1], classifier="reference"),
    }
    times = in_turns(contestants, arguments.turns)
    record = new_record(
        f"python -m benchmarks.judge DATASET --rows {arguments.rows} --turns {arguments.turns}"
    )
    record["judge"] = {
        "rows": arguments.rows,
        "repeats": REPEATS,
        "whole_judgement_seconds": whole,
        "seconds_by_test": stages,
        "seconds": times,
        "whole_judgement_over_note": ratio(times[NOTE], [whole] * arguments.turns),
        "note_over": {name: ratio(spent, times[NOTE]) for name, spent in times.items() if name != NOTE},
    }
    path = save_record(record, "judge")
    replace_block(ROOT / "docs" / "judge.md", "benchmark", table(record, path.name))
    print(path)


def repeated(sample: Sample, rows: int) -> Sample:
    """That many rows: the first ones, or all again and again, each time as other events."""
    times, most = -(-rows // len(sample)), int(sample["event"].max()) + 1
    copies = [Sample(sample.columns | {"event": sample["event"] + copy * most}) for copy in range(times)]
    return Sample.concatenate(copies).select(slice(0, rows))


def judged(real: Sample, generated: Sample, null: Sample) -> tuple[float, dict[str, float]]:
    """Seconds of a whole judgement, and of each of its tests."""
    marks: list[tuple[str, float]] = []
    judge_category(
        real,
        generated,
        null=null,
        train=null,
        repeats=REPEATS,
        stage=lambda test, done: marks.append((test, time.perf_counter())),
    )
    marks.append(("", time.perf_counter()))
    stages = {name: end - start for (name, start), (_, end) in pairwise(marks)}
    return marks[-1][1] - marks[0][1], stages


def table(record: dict[str, Any], name: str) -> str:
    """The table of docs/judge.md."""
    found = record["judge"]
    machine = record["machine"]
    seconds = {contestant: float(np.median(spent)) for contestant, spent in found["seconds"].items()}
    lines = [
        f"Record `benchmarks/records/{name}`: {record['date']}, commit `{record['commit'][:12]}`, "
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}.",
        "",
        "| what | seconds | compared with the note's classifier in the same run |",
        "|---|---|---|",
        f"| whole judgement of one category, {found['rows']:,} muons a side, {found['repeats']} repeats | "
        f"{found['whole_judgement_seconds']:.0f} | "
        f"{found['whole_judgement_seconds'] / seconds[NOTE]:.2f} of its time |",
    ]
    for contestant, spent in seconds.items():
        faster = found["note_over"].get(contestant)
        compared = (
            ""
            if faster is None
            else f"{faster['median']:.0f} ({faster['min']:.0f} to {faster['max']:.0f}) times faster"
        )
        lines.append(f"| {contestant}, {MONITORED:,} + {MONITORED:,} | {spent:.1f} | {compared} |")
    slowest = sorted(found["seconds_by_test"].items(), key=lambda item: -item[1])[:4]
    shown = ", ".join(f"{test} {spent:.0f} s" for test, spent in slowest)
    return "\n".join([*lines, "", f"Of the whole judgement most goes to {shown}."])


if __name__ == "__main__":
    main()
