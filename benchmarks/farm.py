"""What a farm gives and costs on this machine: two local workers against one, and the overhead of a shard.

    python -m benchmarks.farm BUNDLE [--muons 10000000] [--turns 5]

The contestants take turns. Workers are warm: each has made shards, or read files, before the clock starts.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.blocks import replace_block

from benchmarks.record import ROOT, new_record, save_record
from muforge.bundle import Bundle
from muforge.dataset.ingest import ingest
from muforge.dataset.manifest import MANIFEST_NAME
from muforge.dataset.workers import ScanTask, scan_one
from muforge.farm import Done, Farm, open_farm
from muforge.farm.worker import threads
from muforge.spill.engine import Engine
from muforge.spill.farmed import ShardTask, ensure
from muforge.spill.generate import generate_files
from muforge.spill.plan import ROWS_PER_CHUNK, plan_spill
from muforge.spill.request import Request
from muforge.spill.shard import make_shard, record_of

SHARDS = 10
WORKERS = (1, 2)
SMALL_SHARDS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--muons", type=int, default=10_000_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(), help="of the disk that is written to")
    arguments = parser.parse_args()
    record = new_record(
        f"python -m benchmarks.farm {arguments.bundle.name} --muons {arguments.muons} --turns {arguments.turns}"
    )
    record |= {"muons": arguments.muons, "turns": arguments.turns, "shards": SHARDS}
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="muforge-farm-") as name:
        folder = Path(name).absolute()
        bundle = Bundle.load(arguments.bundle)
        record["bundle"] = {"name": bundle.name, "identity": bundle.identity}
        record["generate"] = in_turns(generating, bundle, folder, arguments.muons, arguments.turns)
        record["ingest"] = in_turns(ingesting, bundle, folder, arguments.muons, arguments.turns)
        record["overhead"] = overhead(bundle, folder, arguments.turns)
    path = save_record(record, "farm")
    replace_block(ROOT / "docs" / "farm.md", "speed", text(record, path.name))
    print(path)


def in_turns(measure: Any, bundle: Bundle, folder: Path, muons: int, turns: int) -> dict[str, Any]:
    """Rates of one and two workers in every turn, and their ratio."""
    rates: dict[int, list[float]] = {number: [] for number in WORKERS}
    for turn in range(turns):
        for number in WORKERS[:: 1 if turn % 2 == 0 else -1]:
            rates[number].append(muons / measure(bundle, folder, muons, number))
            print(measure.__name__, number, f"{rates[number][-1]:,.0f} muons per second", flush=True)
    ratios = [two / one for one, two in zip(*rates.values(), strict=True)]
    return {"rates": {str(number): values for number, values in rates.items()}, "ratios": ratios}


def generating(bundle: Bundle, folder: Path, muons: int, number: int) -> float:
    """Seconds in which so many workers make the shards."""
    with fresh(folder / "generated") as out:
        directory = bundle.directory.absolute()
        with open_farm(f"local:{number}", tasks=SHARDS, shared=[out], read=[directory]) as farm:
            everything(
                farm, ensure, shard_tasks(bundle, out / "warm.root", 4 * number * ROWS_PER_CHUNK, 4 * number)
            )
            start = time.perf_counter()
            everything(farm, ensure, shard_tasks(bundle, out / "spill.root", muons, SHARDS))
            seconds = time.perf_counter() - start
            require_one_thread(farm)
    return seconds


def ingesting(bundle: Bundle, folder: Path, muons: int, number: int) -> float:
    """Seconds in which so many workers make a data set of as many files as there are shards, until it is there."""
    files = inputs(bundle, folder / "inputs", muons)
    with fresh(folder / "data") as out:
        marks: dict[str, float] = {}

        def ready(farm: Farm) -> None:
            warm = out / "warm"
            warm.mkdir()
            tasks = [ScanTask(Path(f"{number}"), files[number], warm) for number in range(farm.workers)]
            everything(farm, scan_one, tasks)
            everything(farm, loaded, range(farm.workers))
            marks["start"] = time.time()

        ingest(files, out / "ds", farm=f"local:{number}", on_farm=ready)
        return (out / "ds" / MANIFEST_NAME).stat().st_mtime - marks["start"]


def overhead(bundle: Bundle, folder: Path, turns: int) -> dict[str, Any]:
    """Seconds of a shard of one chunk, here and by one worker of a farm."""
    here, there = [], []
    muons = SMALL_SHARDS * ROWS_PER_CHUNK
    for _ in range(turns):
        with fresh(folder / "here") as out:
            tasks = shard_tasks(bundle, out / "spill.root", muons, SMALL_SHARDS)
            engine = Engine(bundle, tasks[0].request.plan.seed)
            start = time.perf_counter()
            for task in tasks:
                record_of(task.file, make_shard(bundle, engine, task.request, task.shard, task.file))
            here.append((time.perf_counter() - start) / SMALL_SHARDS)
        with fresh(folder / "there") as out:
            read = [bundle.directory.absolute()]
            with open_farm("local:1", tasks=SMALL_SHARDS, shared=[out], read=read) as farm:
                everything(farm, ensure, shard_tasks(bundle, out / "warm.root", 2 * ROWS_PER_CHUNK, 2))
                start = time.perf_counter()
                everything(farm, ensure, shard_tasks(bundle, out / "spill.root", muons, SMALL_SHARDS))
                there.append((time.perf_counter() - start) / SMALL_SHARDS)
        print(
            f"a small shard: {here[-1] * 1e3:.1f} ms here, {there[-1] * 1e3:.1f} ms by a worker", flush=True
        )
    return {"here": here, "farm": there, "overhead": [b - a for a, b in zip(here, there, strict=True)]}


def shard_tasks(bundle: Bundle, out: Path, muons: int, shards: int) -> list[ShardTask]:
    """The tasks of a request."""
    request = Request(plan_spill(bundle.rates, muons=muons, seed=1), out, shards, "flat")
    return [
        ShardTask(bundle.directory.absolute(), bundle.identity, request, shard, anew=False)
        for shard in range(shards)
    ]


def inputs(bundle: Bundle, folder: Path, muons: int) -> list[Path]:
    """Files to be ingested, made once."""
    if not folder.is_dir():
        folder.mkdir()
        generate_files(bundle, folder / "muons.root", muons=muons, shards=SHARDS, seed=2)
    return sorted(folder.glob("*.root"))


def everything(farm: Farm, function: Any, tasks: Sequence[Any]) -> None:
    """Run tasks, none of which may fail."""
    for outcome in farm.run(function, tasks):
        if not isinstance(outcome, Done):
            raise SystemExit(outcome.traceback)


def require_one_thread(farm: Farm) -> None:
    """Stop if a native library of a worker has more threads than one."""
    for outcome in farm.run(threads_of, range(farm.workers)):
        if not isinstance(outcome, Done) or any(number != 1 for number in outcome.value.values()):
            raise SystemExit(f"threads of a worker: {outcome}")


def loaded(_: int) -> str:
    """What writes a category, loaded."""
    from muforge.dataset import merge

    return merge.__name__


def threads_of(_: int) -> dict[str, int]:
    """The threads of this worker's libraries."""
    return threads()


@contextmanager
def fresh(path: Path) -> Iterator[Path]:
    """A new folder, removed at the end of the block."""
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path)


def text(record: dict[str, Any], name: str) -> str:
    """The block of the page."""
    return "\n".join(_lines(record, name))


def _lines(record: dict[str, Any], name: str) -> Iterator[str]:
    machine = record["machine"]
    yield (
        f"Record `benchmarks/records/{name}`: {record['date']}, commit `{record['commit'][:12]}`, "
        f"{machine['processor']}, {machine['cores']} cores; {record['muons']:,} muons in {record['shards']} files, "
        f"{record['turns']} turns; median (smallest to largest)."
    )
    yield ""
    yield "| job | one worker | two workers | two over one |"
    yield "|---|---|---|---|"
    for job in ("generate", "ingest"):
        one, two = (record[job]["rates"][str(number)] for number in WORKERS)
        yield (
            f"| {job} | {statistics.median(one) / 1e6:.2f} M/s | {statistics.median(two) / 1e6:.2f} M/s | "
            f"{_spread(record[job]['ratios'])} |"
        )
    milliseconds = {key: [1e3 * value for value in values] for key, values in record["overhead"].items()}
    yield ""
    yield (
        f"A shard of {ROWS_PER_CHUNK:,} muons takes {_spread(milliseconds['here'], 1)} ms in one process and "
        f"{_spread(milliseconds['farm'], 1)} ms by a worker: the overhead of the farm is "
        f"{_spread(milliseconds['overhead'], 1)} ms per shard."
    )


def _spread(values: Sequence[float], digits: int = 2) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
