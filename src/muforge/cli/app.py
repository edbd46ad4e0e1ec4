"""The command group."""

from __future__ import annotations

from typing import Annotated

import typer

from muforge import __version__
from muforge.cli.bench import bench
from muforge.cli.bundle import bundle
from muforge.cli.export import export
from muforge.cli.generate import generate
from muforge.cli.info import info
from muforge.cli.ingest import ingest
from muforge.cli.judge import judge
from muforge.cli.quickstart import quickstart
from muforge.cli.scan import scan
from muforge.cli.simulate import simulate
from muforge.cli.study import study
from muforge.cli.train import train
from muforge.cli.verify import verify
from muforge.cli.watch import watch

app = typer.Typer(
    name="muforge",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"muforge {__version__}")
        raise typer.Exit


@app.callback()
def muforge(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Learn the muons of a beam dump from full-simulation files, and make as many more as you need.

    A first tour on data that the package carries: `muforge quickstart`.
    """


for command in (
    simulate,
    ingest,
    train,
    watch,
    bundle,
    judge,
    generate,
    verify,
    export,
    info,
    study,
    scan,
    quickstart,
    bench,
):
    app.command()(command)
