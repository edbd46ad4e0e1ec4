"""`muforge train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from muforge.errors import ConfigError

_MODEL = "Network"
_TRAINING = "Training"
_NOTE_OPTIMISERS = {"0": "amsgrad", "1": "adam", "2": "rmsprop"}


def train(
    dataset: Annotated[Path, typer.Argument(help="Data set made by 'muforge ingest'.")],
    out: Annotated[
        Path, typer.Option("--out", help="Directory of the run; each category gets its own inside.")
    ],
    category: Annotated[
        list[int] | None, typer.Option("--category", min=1, max=4, help="Repeatable. Default: all four.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="YAML file, such as a run's config.yaml; options go over it."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "-l", "--learning-rate", help="Of both networks. Default: 0.0002.", rich_help_panel=_MODEL
        ),
    ] = None,
    optimiser: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--optimiser",
            help="amsgrad, adam or rmsprop, or 0, 1, 2. Default: amsgrad.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    nodes_g: Annotated[
        float | None,
        typer.Option(
            "-nG", "--nodes-g", help="Node factor of the generator. Default: 1.", rich_help_panel=_MODEL
        ),
    ] = None,
    nodes_d: Annotated[
        float | None,
        typer.Option(
            "-nD", "--nodes-d", help="Node factor of the discriminator. Default: 1.", rich_help_panel=_MODEL
        ),
    ] = None,
    layers_g: Annotated[
        int | None,
        typer.Option(
            "-layersG", "--layers-g", help="Layers of the generator. Default: 3.", rich_help_panel=_MODEL
        ),
    ] = None,
    layers_d: Annotated[
        int | None,
        typer.Option(
            "-layersD", "--layers-d", help="Layers of the discriminator. Default: 3.", rich_help_panel=_MODEL
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", help="Default: 100000.", rich_help_panel=_TRAINING)
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            "--batch-size", help="Half real, half generated. Default: 100.", rich_help_panel=_TRAINING
        ),
    ] = None,
    monitor_every: Annotated[
        int | None,
        typer.Option(
            "--monitor-every", help="Steps between judgements. Default: 5000.", rich_help_panel=_TRAINING
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            "--patience",
            help="Judgements without improvement before stopping. Default: 10.",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Default: 0.", rich_help_panel=_TRAINING)] = None,
    device: Annotated[
        str | None,
        typer.Option("--device", help="cpu, cuda and so on. Default: cpu.", rich_help_panel=_TRAINING),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Any other key of config.yaml, e.g. model.generator.dropout=0.25; repeatable."
        ),
    ] = None,
) -> None:
    """Train the 2018 note's GAN on the categories of a data set.

    The note's own names work (-l -o -nG -nD -layersG -layersD), and its defaults are the defaults. The best
    step is chosen on validation events; the figures printed at the end are from test events, looked at once.
    """
    from muforge.cli.comparisons import print_comparisons
    from muforge.cli.screen import console
    from muforge.cli.watching import watched
    from muforge.dataset.store import Dataset
    from muforge.files import check_output_directory
    from muforge.judge import Comparison
    from muforge.training.config import RunConfig
    from muforge.training.directory import category_directory
    from muforge.training.run import fit

    given = {
        "model.learning_rate": learning_rate,
        "model.optimiser": None if optimiser is None else _NOTE_OPTIMISERS.get(optimiser, optimiser),
        "model.generator.node_factor": nodes_g,
        "model.discriminator.node_factor": nodes_d,
        "model.generator.layers": layers_g,
        "model.discriminator.layers": layers_d,
        "training.steps": steps,
        "training.batch_size": batch_size,
        "training.monitor_every": monitor_every,
        "training.patience": patience,
        "training.seed": seed,
        "training.device": device,
        **dict(_assignment(text) for text in settings or []),
    }
    base = RunConfig() if config is None else RunConfig.load(config)
    run_config = RunConfig.from_mapping(_with(base.to_mapping(), given))
    check_output_directory(out)
    data = Dataset.open(dataset)
    chosen = sorted(set(category or (1, 2, 3, 4)))
    splits = {
        number: (data.load(number, "train"), data.load(number, "validation"), data.load(number, "test"))
        for number in chosen
    }
    out.mkdir(exist_ok=True)
    for number in chosen:
        category_directory(out, number).mkdir(exist_ok=True)
    judged = {}
    for number, (train, validation, test) in splits.items():
        directory = category_directory(out, number)
        with watched(f"category {number}") as (progress, should_stop):
            result = fit(
                train,
                validation,
                test,
                number,
                run_config,
                directory,
                resume=resume,
                progress=progress,
                should_stop=should_stop,
            )
        console.print(
            f"category {number}: best at step {result.best_step:,}, run in {directory}", markup=False
        )
        if result.judged is not None:
            judged[number] = Comparison.from_dict(result.judged)
    print_comparisons(judged)


def _assignment(text: str) -> tuple[str, Any]:
    import yaml

    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {text}: expected KEY=VALUE, e.g. model.generator.dropout=0.25")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError:
        raise ConfigError(f"--set {text}: the value is not YAML") from None


def _with(mapping: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The nested mapping with dotted keys replaced by the values that are not None."""
    for key, value in given.items():
        if value is None:
            continue
        *path, last = key.split(".")
        place = mapping
        for part in path:
            inner = place.get(part)
            if not isinstance(inner, dict):
                raise ConfigError(f"{key}: unknown option")
            place = inner
        place[last] = value
    return mapping
