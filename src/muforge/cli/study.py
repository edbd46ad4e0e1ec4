"""`muforge study`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from muforge.cli.settings import assignment


def study(
    name: Annotated[
        str | None,
        typer.Argument(help="Which; without it all studies are listed.", show_default=False),
    ] = None,
    dataset: Annotated[
        Path | None, typer.Argument(help="Data set made by 'muforge ingest'.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Directory for result.json, figures and page.html, and for the trainings."
        ),
    ] = None,
    large: Annotated[
        bool, typer.Option("--large", help="Start from the study's configuration for a GPU.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option("--config", help="YAML file, such as a study's study.yaml.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="An option of the study, e.g. seeds=5; repeatable."),
    ] = None,
    options: Annotated[
        bool, typer.Option("--options", help="Print the options of the study and their values, and stop.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, help="Trainings side by side. Default: one per processor."),
    ] = None,
) -> None:
    """Ask a question of a data set: a study trains what it needs and answers with numbers and their spread over seeds.

    Interrupted, the same command goes on.
    """
    from muforge.cli.screen import console
    from muforge.cli.watching import watched
    from muforge.errors import ConfigError
    from muforge.study import PAGE_NAME, options_from, study_config
    from muforge.study import study as run_study

    if name is None:
        _list()
        return
    given: dict[str, Any] = {} if config is None else options_from(config)
    given |= dict(assignment(text, "seeds=5") for text in settings or [])
    if options:
        _describe(study_config(name, given, large=large))
        return
    study_config(name, given, large=large)
    if dataset is None or out is None:
        raise ConfigError(f"study '{name}': give the data set and --out")
    with watched() as (progress, should_stop):
        found = run_study(
            name,
            dataset,
            out,
            given,
            large=large,
            jobs=jobs or os.cpu_count() or 1,
            progress=progress,
            should_stop=should_stop,
        )
    for answer in found.answers:
        console.print(f"- {answer}", markup=False)
    console.print(f"page: {out / PAGE_NAME}", markup=False)


def _list() -> None:
    from muforge.cli.screen import console
    from muforge.studies import STUDIES

    width = max(map(len, STUDIES))
    for name, asks in STUDIES.items():
        console.print(f"{name:<{width}}  {asks}", markup=False)
    console.print("muforge study NAME --options tells what can be set; docs/note.md has what was found")


def _describe(config: Any) -> None:
    import yaml

    from muforge.cli.screen import console

    values = config.model_dump(mode="json")
    for name, field in type(config).model_fields.items():
        value = yaml.safe_dump(values[name], default_flow_style=True, width=1000).splitlines()[0]
        console.print(f"# {field.description}\n{name}: {value}", markup=False, highlight=False)
