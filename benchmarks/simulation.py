"""The reference simulation: muons, and effective sample sizes, per second of one core.

    python -m benchmarks.simulation [--prototype FOLDER]

FOLDER holds the prototype of the simulation (`refsim.py` and what it imports); without it, muforge is measured alone.
Both simulate the same numbers of protons in turns, in processes of their own, and are compared in CPU time. Their start
is measured apart: muforge starts once in a process; the prototype does so in every call, and the time of a call for
one proton is taken off. The table goes into docs/reference.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scripts.blocks import replace_block

from benchmarks.record import ROOT, new_record, save_record
from muforge.bench.timing import ratio

PROTONS = 5000
TURNS = 5
PROTOTYPE_HARD = {"ncharm": 0.12, "nbeauty": 0.06, "nonia": 0.02}
"""Hard events of the prototype per proton, as its README has them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--prototype", type=Path)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--contestant", choices=["muforge", "prototype"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contestant:
        measure_here(arguments.contestant, arguments.prototype, arguments.turns)
        return
    contestants = ["muforge", *(["prototype"] if arguments.prototype else [])]
    results = in_turns(contestants, arguments.prototype, arguments.turns)
    record = new_record("python -m benchmarks.simulation --prototype prototype_reference")
    record["simulation"] = {"protons": PROTONS, **results}
    path = save_record(record, "simulation")
    replace_block(ROOT / "docs" / "reference.md", "benchmark", table(record, path.name))
    print(path)


def in_turns(contestants: list[str], prototype: Path | None, turns: int) -> dict[str, Any]:
    """What each contestant's process reports, one turn at a time."""
    processes = {}
    for name in contestants:
        command = [sys.executable, "-m", "benchmarks.simulation", "--contestant", name, "--turns", str(turns)]
        command += ["--prototype", str(prototype)] if prototype else []
        processes[name] = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    reports: dict[str, list[dict[str, Any]]] = {name: [] for name in contestants}
    for _ in range(turns + 1):
        for name, process in processes.items():
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            line = next(line for line in process.stdout if line.startswith("{"))
            reports[name].append(json.loads(line))
    for process in processes.values():
        process.communicate()
    return {name: summary(own[0], own[1:]) for name, own in reports.items()} | compared(reports)


def measure_here(contestant: str, prototype: Path | None, turns: int) -> None:
    """In a process of one contestant: the start, and a warm turn that is not counted, then the turns."""
    start = time.process_time()
    if contestant == "muforge":
        simulate = muforge_simulation()
        started, restart = time.process_time() - start, 0.0
        simulate(0, PROTONS)
    else:
        assert prototype is not None
        simulate = prototype_simulation(prototype)
        simulate(0, 1)
        before = time.process_time()
        simulate(0, 1)
        started = restart = time.process_time() - before
    for turn in range(turns + 1):
        input()
        if turn == 0:
            print(json.dumps({"start_seconds": started}), flush=True)
            continue
        before = time.process_time()
        columns = simulate(turn, PROTONS)
        seconds = time.process_time() - before - restart
        print(json.dumps({"seconds": seconds, **effective(*columns)}), flush=True)


Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
"""Category, weight and event of each muon."""


def muforge_simulation() -> Any:
    from muforge.reference.cascade import Cascade
    from muforge.reference.chunk import simulated
    from muforge.reference.config import SimulationConfig

    cascade = Cascade(SimulationConfig(exit="none"))

    def simulate(turn: int, protons: int) -> Columns:
        sample = simulated(cascade, 1, turn, 0, protons)
        return sample.category, sample.weight, sample["event"]

    return simulate


def prototype_simulation(folder: Path) -> Any:
    sys.path.insert(0, str(folder))
    import refsim  # type: ignore[import-not-found]

    def simulate(turn: int, protons: int) -> Columns:
        hard = {name: max(1, round(protons * part)) for name, part in PROTOTYPE_HARD.items()}
        rows, _ = refsim.simulate(protons, seed=1 + turn, verbose=False, **hard)
        column = {name: rows[:, number] for number, name in enumerate(refsim.COLUMNS)}
        on_axis = (column["ox"] == 0) & (column["oy"] == 0)
        category = np.where(on_axis, 1, 3) + (column["id"] > 0)
        # events of hard processes are numbered apart
        event = column["event"] + protons * np.where(
            np.isin(column["origin"], (4, 5, 7)), column["origin"], 0
        )
        return category, column["w"], event

    return simulate


def effective(category: NDArray[Any], weight: NDArray[Any], event: NDArray[Any]) -> dict[str, Any]:
    """Muons and effective sample sizes, of muons and of events, by category."""
    found: dict[str, Any] = {"muons": len(weight)}
    for number in (1, 2, 3, 4):
        own = category == number
        total = weight[own].sum()
        per_event = np.bincount(np.unique(event[own], return_inverse=True)[1], weight[own])
        found[f"category {number}"] = {
            "muons": int(own.sum()),
            "n_eff": float(total**2 / (weight[own] ** 2).sum()),
            "n_eff_events": float(total**2 / (per_event**2).sum()),
        }
    return found


def summary(start: dict[str, Any], turns: list[dict[str, Any]]) -> dict[str, Any]:
    seconds = [turn["seconds"] for turn in turns]
    rates = {
        f"category {number}": {
            kind: statistics.median(turn[f"category {number}"][kind] / turn["seconds"] for turn in turns)
            for kind in ("muons", "n_eff", "n_eff_events")
        }
        for number in (1, 2, 3, 4)
    }
    return {
        "start_seconds": start["start_seconds"],
        "seconds": seconds,
        "milliseconds_per_proton": 1e3 * statistics.median(seconds) / PROTONS,
        "muons_per_second": statistics.median(turn["muons"] / turn["seconds"] for turn in turns),
        "per_second": rates,
        "n_eff_per_muon": statistics.median(
            sum(turn[f"category {number}"]["n_eff"] for number in (1, 2, 3, 4)) / turn["muons"]
            for turn in turns
        ),
    }


def compared(reports: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """muforge over the prototype, turn by turn, in muons per second and N_eff per second."""
    if "prototype" not in reports:
        return {}
    pairs = list(zip(reports["muforge"][1:], reports["prototype"][1:], strict=True))
    found = {"muons": _over([(a["muons"] / a["seconds"], b["muons"] / b["seconds"]) for a, b in pairs])}
    for number in (1, 2, 3, 4):
        name = f"category {number}"
        for kind in ("n_eff", "n_eff_events"):
            found[f"{name} {kind}"] = _over(
                [(a[name][kind] / a["seconds"], b[name][kind] / b["seconds"]) for a, b in pairs]
            )
    return {"muforge_over_prototype": found}


def _over(rates: list[tuple[float, float]]) -> dict[str, float]:
    return ratio([1 / ours for ours, _ in rates], [1 / theirs for _, theirs in rates])


def table(record: dict[str, Any], name: str) -> str:
    """The record as Markdown."""
    result = record["simulation"]
    machine = record["machine"]
    contestants = [one for one in ("muforge", "prototype") if one in result]
    ratios = result.get("muforge_over_prototype", {})
    lines = [
        f"Record `benchmarks/records/{name}`: {record['date']}, commit `{record['commit'][:12]}`, "
        f"{machine['processor']}, one core, {PROTONS} protons a turn, no cut at the absorber's end.",
        "",
        f"| per second of one core | {' | '.join(contestants)} | muforge / prototype |",
        f"|---|{'---|' * len(contestants)}---|",
    ]

    def row(what: str, values: list[float], key: str) -> str:
        compare = f"{ratios[key]['median']:.1f} ({ratios[key]['min']:.1f} to {ratios[key]['max']:.1f})"
        return f"| {what} | {' | '.join(f'{value:,.0f}' for value in values)} | {compare if ratios else ''} |"

    lines.append(row("muons", [result[one]["muons_per_second"] for one in contestants], "muons"))
    for number in (1, 2, 3, 4):
        for kind, text in (("n_eff", "N_eff of muons"), ("n_eff_events", "N_eff of events")):
            values = [result[one]["per_second"][f"category {number}"][kind] for one in contestants]
            lines.append(row(f"{text}, category {number}", values, f"category {number} {kind}"))
    per_proton = " and ".join(f"{result[one]['milliseconds_per_proton']:.2f}" for one in contestants)
    per_muon = " and ".join(f"{result[one]['n_eff_per_muon']:.2f}" for one in contestants)
    start = " and ".join(f"{result[one]['start_seconds']:.0f}" for one in contestants)
    names = " and ".join(contestants)
    lines += [
        "",
        f"For {names}: {per_proton} ms a proton, N_eff per muon {per_muon}, {start} s of start.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
