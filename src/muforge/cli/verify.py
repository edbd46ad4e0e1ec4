"""`muforge verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from muforge.cli.farm import FARM_HELP

BAD_EXIT_CODE = 3


def verify(
    manifest: Annotated[
        Path, typer.Argument(help="Manifest beside files of 'muforge generate --shards', NAME.manifest.json.")
    ],
    bundle: Annotated[
        Path | None,
        typer.Option(
            "--bundle", help="Bundle to make files again from. Default: the one named in the manifest."
        ),
    ] = None,
    check_only: Annotated[bool, typer.Option("--check-only", help="Make nothing again.")] = False,
    farm: Annotated[str | None, typer.Option("--farm", help=f"{FARM_HELP} Default: this process.")] = None,
) -> None:
    """Check the sizes and checksums of generated files, and make those again that are missing or damaged.

    Exit code 3 means that files are missing or damaged still (--check-only).
    """
    from rich.progress import TextColumn

    from muforge.cli.farm import Failures, announce
    from muforge.cli.screen import console, errors, progress_bar
    from muforge.errors import ConfigError
    from muforge.spill.verify import State
    from muforge.spill.verify import verify as check

    if check_only and bundle is not None:
        raise ConfigError("--bundle, --check-only: give one of them")
    with progress_bar(TextColumn("{task.completed:,.0f} files")) as bar:
        task = bar.add_task("checking", total=None)
        result = check(
            manifest,
            bundle=bundle,
            repair=not check_only,
            farm=farm,
            progress=lambda done, total: bar.update(task, completed=done, total=total, refresh=True),
            on_farm=announce,
            on_failure=Failures(),
        )
    for file, state in result.states.items():
        if state != State.good:
            made = "; made again, with the bytes of the manifest" if file in result.made_again else ""
            errors.print(f"{file}: {state}{made}", markup=False)
    good = sum(state == State.good for state in result.states.values())
    again = f", {len(result.made_again)} made again" if result.made_again else ""
    console.print(f"{good} of {len(result.states)} files are good{again}")
    if result.bad:
        raise typer.Exit(BAD_EXIT_CODE)
