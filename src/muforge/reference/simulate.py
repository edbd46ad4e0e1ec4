"""The reference simulation as a whole: protons in chunks, in several processes, into one file."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from muforge.errors import ConfigError, Interrupted, OutputError, SimulationError
from muforge.files import check_output, discard, write_json
from muforge.formats import metadata_of, read, writer_for
from muforge.formats.metadata import POT_FIELD
from muforge.formats.parquet import ParquetWriter
from muforge.processes import Workers, result_of
from muforge.reference.config import SimulationConfig
from muforge.reference.pythia import EXTRA
from muforge.sample import Sample

if TYPE_CHECKING:
    from muforge.reference.cascade import Cascade

PROTONS_PER_CHUNK = 5000
"""Part of the address of every random number: another value gives other muons."""

FORMATS = ("flat", "parquet")

_MOST_PROTONS = 2**31 - 1
_AHEAD_PER_JOB = 2
_REQUEST = "request.json"


@dataclass(frozen=True)
class Progress:
    """How far a simulation is: protons done and in all, muons found, and the protons that were done before."""

    done: int
    protons: int
    muons: int
    before: int


@dataclass(frozen=True)
class Yield:
    """What one origin gave: muons, their sum of weights per proton, and its effective sample size."""

    muons: int
    per_proton: float
    n_eff: float


@dataclass(frozen=True)
class Simulation:
    """What `simulate` wrote.

    Arguments:
        file: The file.
        protons: Protons on target.
        muons: Muons in the file.
        by_origin: By number of the origin, see `muforge.reference.origin.Origin`.
        kept: Protons that an earlier, interrupted run had done.
    """

    file: Path
    protons: int
    muons: int
    by_origin: dict[int, Yield]
    kept: int


def simulate(
    out: str | Path,
    *,
    pot: int,
    seed: int = 0,
    config: SimulationConfig | None = None,
    jobs: int | None = None,
    format: str = "flat",
    force: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Simulation:
    """Simulate protons and write the muons that reach the end of the absorber into one file.

    The file depends on the protons, the seed and the configuration alone, not on the number of jobs. The weights of
    its muons add up to what `pot` protons make, so several files with different seeds are one sample of their
    protons together. Finished chunks of protons are kept beside the file until it is whole: run again, an
    interrupted simulation goes on.

    Arguments:
        out: The file.
        pot: Protons on target.
        seed: Another seed gives other, independent muons.
        config: Target, energy, cuts and boosts; None is SHiP's target of 2018 at 400 GeV.
        jobs: Processes; None takes one per processor.
        format: `flat` (FairShip's ntuple with the branches event, origin, decay and time) or `parquet`.
        force: Overwrite the file, and discard chunks of another simulation.
        progress: Called after each chunk.

    Raises:
        ConfigError: An option is out of range.
        SimulationError: The extra `simulate` is not installed, or Pythia fails.
        OutputError: The file exists, or the disk is full.
        Interrupted: SIGINT; finished chunks are kept.
    """
    config = config or SimulationConfig()
    file = Path(out)
    _check(pot, seed, format)
    _require_extra()
    check_output(file, force=force)
    staging = file.with_name(f".{file.name}.chunks")
    _prepare(staging, _request(pot, seed, config), force=force)
    chunks = range(-(-pot // PROTONS_PER_CHUNK))
    finished = {chunk: _chunk_file(staging, chunk).is_file() for chunk in chunks}
    todo = [chunk for chunk in chunks if not finished[chunk]]
    kept = pot - sum(_protons(chunk, pot) for chunk in todo)
    state = Progress(kept, pot, sum(_muons_in(staging, chunk) for chunk in chunks if finished[chunk]), kept)
    progress(state)
    try:
        for chunk, muons in _run(staging, todo, pot, seed, config, jobs or os.cpu_count() or 1):
            state = Progress(state.done + _protons(chunk, pot), pot, state.muons + muons, kept)
            progress(state)
        by_origin = _write(file, staging, chunks, pot, seed, config, format, force=force)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; {state.done} of {pot} protons are kept in {staging}, run the same command to go on"
        ) from None
    discard(staging)
    return Simulation(file, pot, sum(part.muons for part in by_origin.values()), by_origin, kept)


def _check(pot: int, seed: int, format: str) -> None:
    if not 1 <= pot <= _MOST_PROTONS:
        raise ConfigError(f"--pot {pot}: must be a number of protons from 1 to {_MOST_PROTONS}")
    if not 0 <= seed < 2**64:
        raise ConfigError(f"--seed {seed}: must be an integer from 0 to 2**64 - 1")
    if format not in FORMATS:
        raise ConfigError(f"format '{format}': must be one of {', '.join(FORMATS)}")


def _require_extra() -> None:
    if find_spec("pythia8mc") is None:
        raise SimulationError(f"the reference simulation needs Pythia 8: {EXTRA}")


def _request(pot: int, seed: int, config: SimulationConfig) -> dict[str, Any]:
    from muforge import __version__

    return {
        "muforge_version": __version__,
        "protons": pot,
        "protons_per_chunk": PROTONS_PER_CHUNK,
        "seed": seed,
        "config": config.resolved(),
    }


def _prepare(staging: Path, request: dict[str, Any], *, force: bool) -> None:
    import json

    if staging.is_dir():
        try:
            same = json.loads((staging / _REQUEST).read_text(encoding="utf-8")) == request
        except (OSError, ValueError):
            same = not any(staging.iterdir())
        if same:
            write_json(staging / _REQUEST, request)
            return
        if not force:
            raise OutputError(
                f"{staging}: holds chunks of another simulation (other options, seed or version); "
                "choose another --out, or give --force to discard them"
            )
        discard(staging)
    try:
        staging.mkdir()
    except OSError as error:
        raise OutputError(f"{staging}: cannot be made ({error.strerror})") from error
    write_json(staging / _REQUEST, request)


def _chunk_file(staging: Path, chunk: int) -> Path:
    return staging / f"chunk-{chunk:06d}.parquet"


def _muons_in(staging: Path, chunk: int) -> int:
    return int(metadata_of(_chunk_file(staging, chunk))["muons"])


def _protons(chunk: int, pot: int) -> int:
    return min(PROTONS_PER_CHUNK, pot - chunk * PROTONS_PER_CHUNK)


def _run(
    staging: Path, todo: Sequence[int], pot: int, seed: int, config: SimulationConfig, jobs: int
) -> Iterator[tuple[int, int]]:
    """Simulate chunks; yields each one's number and its muons as it is done."""
    jobs = min(jobs, len(todo))
    tasks = [(chunk, chunk * PROTONS_PER_CHUNK, _protons(chunk, pot)) for chunk in todo]
    if jobs <= 1:
        if tasks:
            _start(config, staging, seed)
        for task in tasks:
            yield task[0], _simulate_chunk(*task)
        return
    with Workers(jobs, _start, config, staging, seed) as workers:
        waiting: deque[Future[int]] = deque()
        for number, task in enumerate(tasks):
            while len(waiting) < _AHEAD_PER_JOB * jobs and number + len(waiting) < len(tasks):
                waiting.append(workers.submit(_simulate_chunk, *tasks[number + len(waiting)]))
            yield task[0], result_of(waiting.popleft(), "protons were simulated")


_work: tuple[Cascade, Path, int] | None = None


def _start(config: SimulationConfig, staging: Path, seed: int) -> None:
    from muforge.reference.cascade import Cascade

    global _work  # noqa: PLW0603 - what a pool's workers share between calls can only live here
    _work = (Cascade(config), staging, seed)


def _simulate_chunk(chunk: int, first: int, protons: int) -> int:
    from muforge.reference.chunk import simulated

    assert _work is not None
    cascade, staging, seed = _work
    sample = simulated(cascade, seed, chunk, first, protons)
    file = _chunk_file(staging, chunk)
    with ParquetWriter(file, force=True, metadata={"muons": len(sample)}, title="") as writer:
        writer.write(sample)
    return len(sample)


def _write(
    file: Path,
    staging: Path,
    chunks: Sequence[int],
    pot: int,
    seed: int,
    config: SimulationConfig,
    format: str,
    *,
    force: bool,
) -> dict[int, Yield]:
    from muforge import __version__

    metadata = {
        "muforge_version": __version__,
        POT_FIELD: pot,
        "simulation": config.resolved(),
        "seed": seed,
        "smearing": "none: a pencil beam on the axis, muons before beam smearing and random azimuth",
    }
    title = f"muforge {__version__} reference simulation: POT = {pot} with ecut={config.ecut:g}, seed {seed}"
    options: dict[str, Any] = {"event_columns": True} if format == "flat" else {}
    sums: dict[int, tuple[int, float, float]] = {}
    with writer_for(format)(file, force=force, metadata=metadata, title=title, **options) as writer:
        for chunk in chunks:
            sample = read(_chunk_file(staging, chunk))
            writer.write(sample)
            _add(sums, sample)
    return {
        origin: Yield(muons, weight / pot, weight**2 / squares)
        for origin, (muons, weight, squares) in sums.items()
    }


def _add(sums: dict[int, tuple[int, float, float]], sample: Sample) -> None:
    for origin in np.unique(sample["origin"]).tolist():
        weight = sample.weight[sample["origin"] == origin]
        muons, total, squares = sums.get(origin, (0, 0.0, 0.0))
        sums[origin] = (muons + len(weight), total + float(weight.sum()), squares + float(weight @ weight))
