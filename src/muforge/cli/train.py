"""`muforge train`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muforge.cli.settings import assignment
from muforge.errors import ConfigError
from muforge.sample import CATEGORIES, MOST_VARIATIONS

if TYPE_CHECKING:
    from muforge.sample import Sample
    from muforge.training.config import RunConfig

FEW_MUONS = 1000
FEW_EFFECTIVE = 200

_MODEL = "Network"
_TRAINING = "Training"


def train(
    dataset: Annotated[Path, typer.Argument(help="Data set made by 'muforge ingest'.")],
    out: Annotated[
        Path, typer.Option("--out", help="Directory of the run; each category gets its own inside.")
    ],
    category: Annotated[
        list[int] | None, typer.Option("--category", min=1, max=4, help="Repeatable. Default: all four.")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help="best, whole, shared, flow, flow-matching, student, mixture, refined, vae, gan-scores, gan-rarity, "
            "wgan, unrolled-gan, infogan, gan-2018 or vae-2018; options go over it. Default: best, or gan-2018 or "
            "vae-2018 where one of its own options is given.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="YAML file, such as a run's config.yaml; options go over it."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            min=1,
            help="Categories trained side by side. Default: one per processor, with torchrun one.",
        ),
    ] = None,
    replicas: Annotated[
        int,
        typer.Option(
            "--replicas",
            min=0,
            max=MOST_VARIATIONS,
            help="Train as many again on resampled training events, to know the uncertainty; ten or more tell it to a "
            "quarter.",
        ),
    ] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "-l",
            "--learning-rate",
            help="Default: the preset's; the GAN's is 0.0002.",
            rich_help_panel=_MODEL,
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
            "-layersD",
            "--layers-d",
            help="Layers of the discriminator, or of a VAE's decoder. Default: 3.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    vae_learning_rate: Annotated[
        float | None,
        typer.Option("-lr", "--vae-learning-rate", help="Of a VAE. Default: 0.001.", rich_help_panel=_MODEL),
    ] = None,
    cross_entropy: Annotated[
        float | None,
        typer.Option(
            "-x",
            "--cross-entropy-factor",
            help="Weight of a VAE's reconstruction against the KL divergence. Default: 1000.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    nodes_encoder: Annotated[
        int | None,
        typer.Option(
            "-iE",
            "--nodes-encoder",
            help="In each layer of a VAE's encoder. Default: 100.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    nodes_decoder: Annotated[
        int | None,
        typer.Option(
            "-iD",
            "--nodes-decoder",
            help="In each layer of a VAE's decoder. Default: 100.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    layers_encoder: Annotated[
        int | None,
        typer.Option(
            "-layersE",
            "--layers-encoder",
            help="Layers of a VAE's encoder. Default: 3.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", help="Default: the preset's.", rich_help_panel=_TRAINING)
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            "--batch-size",
            help="A GAN's are half real, half generated. Default: the preset's.",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    monitor_every: Annotated[
        int | None,
        typer.Option(
            "--monitor-every",
            help="Steps between judgements; 0 is only at the end. Default: the preset's.",
            rich_help_panel=_TRAINING,
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
    """Train models of the categories of a data set.

    By default each is a small flow of splines in coordinates of the decay (--preset best). With --preset gan-2018
    it is the note's GAN, with --preset vae-2018 its VAE; the note's own names work (-l -o -nG -nD -layersG -layersD;
    -lr -x -iE -iD -layersE -layersD), with its defaults. The figures printed at the end are from test events, looked
    at once.
    """
    from muforge.cli.comparisons import print_comparisons
    from muforge.cli.screen import console, silence
    from muforge.cli.watching import watched
    from muforge.dataset.manifest import SPLITS
    from muforge.dataset.store import Dataset
    from muforge.files import check_output_directory
    from muforge.judge import Comparison
    from muforge.presets.note_options import placed, preset_of
    from muforge.training.categories import fit_categories, fit_replicas
    from muforge.training.config import RunConfig, replaced
    from muforge.training.directory import category_directory
    from muforge.training.ranks import joined
    from muforge.training.replica import check_replicas

    note = {
        "-l": learning_rate,
        "-o": optimiser,
        "-nG": nodes_g,
        "-nD": nodes_d,
        "-layersG": layers_g,
        "-layersD": layers_d,
        "-lr": vae_learning_rate,
        "-x": cross_entropy,
        "-iE": nodes_encoder,
        "-iD": nodes_decoder,
        "-layersE": layers_encoder,
    }
    with joined() as ranks:
        if not ranks.leads:
            silence()
        base = _base(preset, config, preset_of(note)).to_mapping()
        flags = {
            "training.steps": steps,
            "training.batch_size": batch_size,
            "training.monitor_every": monitor_every,
            "training.patience": patience,
            "training.seed": seed,
            "training.device": device,
        }
        given = {
            **placed(note, base["model"]),
            **{key: value for key, value in flags.items() if value is not None},
            **dict(assignment(text, "model.generator.dropout=0.25") for text in settings or []),
        }
        run_config = RunConfig.from_mapping(replaced(base, given))
        if replicas:
            check_replicas(run_config)
        if ranks.leads:
            check_output_directory(out)
        data = Dataset.open(dataset)
        chosen = sorted(set(category or CATEGORIES))
        for number in chosen:
            splits = {name: data.load(number, name) for name in SPLITS}
            _warn_of_few(number, splits["train"])
        if ranks.leads:
            out.mkdir(exist_ok=True)
        side_by_side = jobs or (os.cpu_count() or 1 if ranks.size == 1 else 1)
        with watched() as (progress, should_stop):
            results = fit_categories(
                data,
                out,
                chosen,
                run_config,
                resume=resume,
                jobs=side_by_side,
                progress=lambda category, *rest: progress(
                    f"category {category}" if category else "all categories", *rest
                ),
                should_stop=should_stop,
                ranks=ranks,
            )
            fit_replicas(
                data,
                out,
                results,
                run_config,
                replicas,
                resume=resume,
                jobs=side_by_side,
                progress=lambda number, category, *rest: progress(
                    f"replica {number}, category {category}", *rest
                ),
                should_stop=should_stop,
                ranks=ranks,
            )
        for number, result in results.items():
            console.print(
                f"category {number}: best at step {result.best_step:,}, run in {category_directory(out, number)}",
                markup=False,
            )
        print_comparisons(
            {
                number: Comparison.from_dict(result.judged)
                for number, result in results.items()
                if result.judged is not None
            }
        )
    ranks.leave()


def _base(preset: str | None, config: Path | None, of_the_note: str | None) -> RunConfig:
    """The configuration that options go over."""
    from muforge import presets
    from muforge.training.config import RunConfig

    if config is None:
        return presets.preset(preset or of_the_note or presets.DEFAULT)
    if preset is not None:
        raise ConfigError(f"--preset {preset}, --config {config}: give one of them")
    return RunConfig.load(config)


def _warn_of_few(category: int, training: Sample) -> None:
    from muforge.cli.screen import warn

    if len(training) < FEW_MUONS:
        warn(
            f"category {category}: {len(training)} training muons, fewer than {FEW_MUONS:,}: "
            "a model cannot know more than they do"
        )
    if training.n_eff < FEW_EFFECTIVE:
        warn(
            f"category {category}: N_eff of the training muons is {training.n_eff:.0f}, below {FEW_EFFECTIVE}: "
            "few muons carry most of the weight"
        )
