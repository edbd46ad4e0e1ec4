"""`muforge simulate`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from muforge.reference.config import SimulationConfig
    from muforge.reference.simulate import Simulation


class OutputFormat(StrEnum):
    flat = "flat"
    parquet = "parquet"


class Exit(StrEnum):
    cut = "cut"
    none = "none"


def simulate(
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
    pot: Annotated[float, typer.Option("--pot", help="Protons on target to simulate.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed gives other muons.")] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", min=1, help="Processes; the file does not depend on it. Default: one per processor."
        ),
    ] = None,
    format: Annotated[
        OutputFormat, typer.Option("--format", help="flat is FairShip's pythia8-Geant4 tree.")
    ] = OutputFormat.flat,
    target: Annotated[
        str, typer.Option("--target", help="Name of a target in the package, or a YAML file with one.")
    ] = "ship-2018",
    energy: Annotated[float, typer.Option("--energy", help="Of the protons, GeV, 20 to 7000.")] = 400.0,
    ecut: Annotated[
        float, typer.Option("--ecut", help="Kinetic energy in GeV that a muon must have when it is made.")
    ] = 10.0,
    exit: Annotated[
        Exit,
        typer.Option(
            "--exit", help="cut: and at the end of the absorber, as FairShip books muons; none: not there."
        ),
    ] = Exit.cut,
    boost: Annotated[
        list[str] | None,
        typer.Option(
            "--boost",
            metavar="SOURCE=FACTOR",
            help="Make this source more frequent, with the inverse weight, e.g. kaon=4000; repeatable.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Simulate protons on a target, and the muons that reach the end of the hadron absorber.

    Needs the extra: pip install 'muforge[simulate]'. Interrupt it at any moment: the same command goes on.
    """
    from time import perf_counter

    from rich.progress import TextColumn

    from muforge.cli.screen import progress_bar
    from muforge.reference.simulate import Progress
    from muforge.reference.simulate import simulate as run

    config = _config(target, energy, ecut, exit.value, boost or [])
    start = perf_counter()
    with progress_bar(
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} protons"),
        TextColumn("{task.fields[muons]:,} muons, {task.fields[rate]:,.0f}/s"),
    ) as bar:
        task = bar.add_task("simulating", total=pot, muons=0, rate=0.0)
        found_before: int | None = None

        def show(state: Progress) -> None:
            nonlocal found_before
            found_before = state.muons if found_before is None else found_before
            rate = (state.muons - found_before) / (perf_counter() - start)
            bar.update(
                task, completed=state.done, total=state.protons, muons=state.muons, rate=rate, refresh=True
            )

        result = run(
            out,
            pot=_whole(pot),
            seed=seed,
            config=config,
            jobs=jobs,
            format=format.value,
            force=force,
            progress=show,
        )
    _print(result, perf_counter() - start)


def _whole(pot: float) -> int:
    from muforge.errors import ConfigError

    if not pot.is_integer():
        raise ConfigError(f"--pot {pot:g}: must be a whole number of protons")
    return int(pot)


def _config(target: str, energy: float, ecut: float, exit: str, boost: list[str]) -> SimulationConfig:
    from pydantic import ValidationError

    from muforge.errors import ConfigError
    from muforge.problem import first_problem
    from muforge.reference.config import SimulationConfig
    from muforge.reference.geometry import geometry

    content: dict[str, Any] = {
        "target": geometry(target),
        "energy": energy,
        "ecut": ecut,
        "exit": exit,
        "boosts": dict(_pair(text) for text in boost),
    }
    try:
        return SimulationConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"--{first_problem(error)}".replace("boosts.", "boost ", 1)) from None


def _pair(text: str) -> tuple[str, str]:
    from muforge.errors import ConfigError
    from muforge.reference.config import Boosts

    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"--boost {text}: must be SOURCE=FACTOR, e.g. kaon=4000")
    if name not in Boosts.model_fields:
        raise ConfigError(f"--boost {name}: unknown source; known are {', '.join(Boosts.model_fields)}")
    return name, value


def _print(result: Simulation, seconds: float) -> None:
    from muforge.cli.screen import console, table
    from muforge.reference.origin import Origin

    rows = [
        (Origin(number).title, f"{part.muons:,}", f"{part.n_eff:,.0f}", f"{part.per_proton:.3e}")
        for number, part in sorted(result.by_origin.items())
    ]
    console.print(
        table(f"{result.protons:,} protons on target", ("origin", "muons", "N_eff", "per proton"), rows)
    )
    if result.kept:
        console.print(f"{result.kept:,} protons were simulated before and are kept")
    size = result.file.stat().st_size / 1e6
    console.print(f"wrote {result.file} ({result.muons:,} muons, {size:.1f} MB)", markup=False)
    console.print(f"{seconds:.1f} s, {result.muons / seconds:,.0f} muons per second")
