"""Everything that can take part, in turns, and what came of it."""

from __future__ import annotations

import datetime
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from muforge.bench.contestant import Contestant, Group, Unavailable
from muforge.bench.engine import FAVOURITE, in_memory, into_files, through_torch
from muforge.bench.exports import in_cpp, in_onnx
from muforge.bench.limits import limits
from muforge.bench.machine import machine
from muforge.bench.note import note_in_keras, note_in_torch
from muforge.bench.simulation import simulation
from muforge.bench.timing import ratio, seconds
from muforge.bundle import Bundle
from muforge.errors import ConfigError

_START_MUONS = 1000


@dataclass(frozen=True)
class Measured:
    """A contestant's result.

    Arguments:
        name, group, unit: Its own.
        rate: Median amount per second.
        favourite_over: How many times faster the favourite was: median, smallest and largest over the turns; None
            where the unit is not muons.
    """

    name: str
    group: str
    unit: str
    rate: float
    favourite_over: dict[str, float] | None


@dataclass(frozen=True)
class Benchmark:
    """One run.

    Arguments:
        date: UTC.
        machine: As `machine` has it.
        bundle: Name and identity of the bundle.
        muons, threads, turns: Of the request.
        start_seconds: Of `muforge generate` as a command, with a thousand muons.
        results: Of the contestants.
        missing: Names of those that could not take part, and what would let them.
    """

    date: str
    machine: dict[str, Any]
    bundle: dict[str, str]
    muons: int
    threads: int
    turns: int
    start_seconds: float
    results: tuple[Measured, ...]
    missing: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """As JSON content."""
        return asdict(self)


def benchmark(
    bundle: Bundle,
    *,
    folder: Path,
    muons: int,
    turns: int,
    threads: int,
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> Benchmark:
    """Measure in a folder of the disk that files are to be written to; everything in it is removed again.

    Arguments:
        bundle: Whose muons are made.
        folder: An existing one.
        muons: That the engine makes in each turn.
        turns: Of each contestant, after one that is not counted.
        threads: Of the engine.
        progress: Called with a contestant's name, the calls done, and their total.

    Raises:
        ConfigError: A number is not positive.
    """
    for name, value in {"--muons": muons, "--turns": turns, "--threads": threads}.items():
        if value < 1:
            raise ConfigError(f"{name} {value}: must be at least 1")
    with tempfile.TemporaryDirectory(dir=folder, prefix="muforge-bench-") as place:
        contestants, missing = _contestants(bundle, Path(place), muons, threads)
        times = _in_turns(contestants, turns, progress)
        start = min(_start(bundle, Path(place)) for _ in range(turns))
    favourite = next(each for each in contestants if each.name == FAVOURITE)
    return Benchmark(
        date=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine=machine(),
        bundle={"name": bundle.name, "identity": bundle.identity},
        muons=muons,
        threads=threads,
        turns=turns,
        start_seconds=start,
        results=tuple(_measured(each, times[each.name], favourite, times[FAVOURITE]) for each in contestants),
        missing=missing,
    )


def _contestants(
    bundle: Bundle, place: Path, muons: int, threads: int
) -> tuple[list[Contestant], dict[str, str]]:
    makers: Sequence[Callable[[], list[Contestant]]] = (
        simulation,
        lambda: note_in_keras(bundle, place),
        lambda: note_in_torch(bundle, place),
        lambda: through_torch(bundle),
        lambda: in_onnx(bundle, place),
        lambda: in_cpp(bundle, place),
        lambda: in_memory(bundle, muons, threads),
        lambda: into_files(bundle, place, muons, threads),
        lambda: limits(place, muons // 4),
    )
    contestants: list[Contestant] = []
    missing = {}
    for make in makers:
        try:
            contestants += make()
        except Unavailable as error:
            missing[error.name] = error.remedy
    return contestants, missing


def _in_turns(
    contestants: Sequence[Contestant], turns: int, progress: Callable[[str, int, int], None]
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {each.name: [] for each in contestants}
    total = len(contestants) * (turns + 1)
    for call in range(total):
        turn, number = divmod(call, len(contestants))
        progress(contestants[number].name, call, total)
        spent = seconds(contestants[number].work)
        if turn:
            times[contestants[number].name].append(spent)
    return times


def _measured(
    contestant: Contestant, times: list[float], favourite: Contestant, favourite_times: list[float]
) -> Measured:
    own = [spent / contestant.amount for spent in times]
    its = [spent / favourite.amount for spent in favourite_times]
    over = ratio(its, own) if contestant.unit == favourite.unit else None
    return Measured(contestant.name, contestant.group.value, contestant.unit, 1 / median(own), over)


def _start(bundle: Bundle, place: Path) -> float:
    out = place / "start.root"
    command = [sys.executable, "-m", "muforge", "generate", str(bundle.directory), "--out", str(out)]
    command += ["--muons", str(_START_MUONS), "--force"]
    return seconds(lambda: subprocess.run(command, check=True, capture_output=True))


def groups(results: Sequence[Measured]) -> dict[str, list[Measured]]:
    """Results by group, in the order of `Group`."""
    return {
        group.value: [each for each in results if each.group == group.value]
        for group in Group
        if any(each.group == group.value for each in results)
    }
