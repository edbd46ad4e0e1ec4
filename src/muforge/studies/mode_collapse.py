"""Are mode collapse and vanishing gradients seen while a GAN trains?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from pydantic import Field

from muforge.models.gan import GANConfig
from muforge.models.unrolled_gan import UnrolledGANConfig
from muforge.models.wgan import WGANConfig
from muforge.representation import NoteRepresentationConfig, Representation
from muforge.sample import features
from muforge.studies.arms import Arm, TrainedArm, train_arms
from muforge.studies.gan_gradients import (
    ALONE,
    Alone,
    GeneratorGradients,
    discriminator_alone,
    gradients_of_run,
)
from muforge.studies.note_gan import NOTE_SIZE, GANStudyConfig
from muforge.studies.protocol import Place, Study, Table
from muforge.studies.spread import Spread, counted
from muforge.training.batches import Rows
from muforge.training.config import RunConfig
from muforge.training.health import COLLAPSED, LAST, PERFECT, Health, health


class Config(GANStudyConfig):
    """The note's GAN, networks that are made to fail, and remedies.

    References:
        Marshall, GANs and VAEs testing (2018), sections 5 and 13
        Gulrajani et al., Improved training of Wasserstein GANs | https://arxiv.org/abs/1704.00028
        Metz et al., Unrolled generative adversarial networks | https://arxiv.org/abs/1611.02163
        Salimans et al., Improved techniques for training GANs | https://arxiv.org/abs/1606.03498
    """

    steps: int = Field(default=5000, ge=1, description="training steps of each network")
    monitor_every: int = Field(
        default=500, ge=1, description="steps between monitor calls, the points of the curves"
    )
    judge_size: int = Field(default=10_000, ge=10, description="muons per side and half in the BDT test")
    too_fast: float = Field(default=0.05, gt=0, description="learning rate that is far too high")
    critic_steps: int = Field(default=3, ge=1, description="of the WGAN's critic, for one of its generator")
    unrolled_steps: int = Field(default=2, ge=1, description="of D that the unrolled GAN's G looks ahead")
    minibatch_kernels: int = Field(default=16, ge=1, description="of minibatch discrimination")


LARGE = Config(**(NOTE_SIZE | {"critic_steps": 5, "unrolled_steps": 5}))

NOTE = "the note's"
BARE = "without noise and dropout"
NO_BATCH_NORM = "without batch normalisation in G"
ONE_LATENT = "planted: one latent"
TOO_FAST = "planted: learning rate too high"
WGAN = "WGAN with gradient penalty"
UNROLLED = "unrolled"
MINIBATCH = "minibatch discrimination"

SIDES = ("real", "generated")

PLANTED = {ONE_LATENT: "collapsed", TOO_FAST: "vanishing gradient"}
"""Networks that have to fail, and what has to be seen of it: muons made of one number lie on a line; with far too long
steps G's output runs into the ends of its range, where D tells it perfectly."""


def run(place: Place, config: Config) -> Study:
    """Train the networks and ask the histories what became of them."""
    arms = [
        Arm(name, RunConfig(model=model, training=config.training(ema_decay=0.0)), config.category)
        for name, model in _networks(config).items()
    ]
    trained = train_arms(place, arms, config.seeds)
    found = {name: [health(rows) for rows in each.history] for name, each in trained.items()}
    gradients = {
        name: [gradients_of_run(directory) for directory in each.directories]
        for name, each in trained.items()
    }
    alone = _alone(place, config)
    return Study(
        answers=(*_answers(trained, found, config), _answer_of_gradients(alone)),
        tables=(_table(trained, found, config), _gradient_table(gradients, config)),
        details={
            "arms": [
                {
                    "name": name,
                    "planted": name in PLANTED,
                    "verdicts": [each.verdict for each in found[name]],
                    "history": [list(rows) for rows in each.history],
                }
                for name, each in trained.items()
            ],
            "collapsed": COLLAPSED,
            "perfect": PERFECT,
        },
    )


def _networks(config: Config) -> dict[str, Any]:
    note = config.gan(diagnostics=True)
    quiet = {"label_noise_on": "none", "label_noise": 0.0, "data_noise": 0.0}
    bare = _with(note, **quiet, discriminator=_layers(note.discriminator, dropout=0.0))
    no_batch_norm = _with(bare, generator=_layers(bare.generator, batch_norm=False))
    shared = {
        "latent_dimensions": note.latent_dimensions,
        "generator": note.generator.model_dump(),
        "diagnostics": True,
    }
    critic = {
        "layers": config.layers,
        "node_factor": config.node_factor_discriminator,
    }
    return {
        NOTE: note,
        BARE: bare,
        NO_BATCH_NORM: no_batch_norm,
        ONE_LATENT: _with(note, latent_dimensions=1),
        TOO_FAST: _with(no_batch_norm, learning_rate=config.too_fast),
        WGAN: WGANConfig.model_validate(
            {**shared, "discriminator": critic, "critic_steps": config.critic_steps}
        ),
        UNROLLED: UnrolledGANConfig.model_validate(
            {
                **shared,
                "discriminator": note.discriminator.model_dump(),
                "learning_rate": note.learning_rate,
                "unrolled_steps": config.unrolled_steps,
            }
        ),
        MINIBATCH: _with(
            note, discriminator=_layers(note.discriminator, minibatch_kernels=config.minibatch_kernels)
        ),
    }


def _with(config: GANConfig, **options: Any) -> GANConfig:
    return GANConfig.model_validate({**config.model_dump(), **options})


def _layers(layers: Any, **options: Any) -> dict[str, Any]:
    return {**layers.model_dump(), **options}


Found = Mapping[str, list[Health]]
Gradients = Mapping[str, list[GeneratorGradients | None]]


def _alone(place: Place, config: Config) -> list[Alone]:
    """D against a G that does not learn, by seed: without noise, dropout and what batches of G have in common."""
    training = place.data.load(config.category, "train")
    representation = Representation.fit(training, features(config.category), NoteRepresentationConfig())
    rows = Rows(representation.encode(training), training.weight)
    network = _networks(config)[NO_BATCH_NORM]
    return [
        discriminator_alone(
            network,
            rows.batches(
                config.batch_size // 2, seed=seed, category=config.category, device=torch.device("cpu")
            ),
            representation.bounds,
            seed,
        )
        for seed in range(config.seeds)
    ]


def _answer_of_gradients(alone: list[Alone]) -> str:
    right = [f"{100 * Spread.of([each.right[side] for each in alone]).mean:.1f}%" for side in (0, 1)]
    times = {
        when: Spread.of([gradients.note / gradients.minimax for gradients in of_seeds])
        for when, of_seeds in (
            ("before", [each.before for each in alone]),
            ("after", [each.after for each in alone]),
        )
    }
    return (
        f"A discriminator that learns alone for {ALONE:,} steps, against a G that does not, tells {right[0]} of real "
        f"and {right[1]} of generated muons right. The gradient that it leaves G is then {_g(times['after'])} times "
        f"larger with the note's loss, mean -log D(G(z)), than with mean log(1 - D(G(z))), which is the one that "
        f"vanishes; before, {_g(times['before'])} times ({counted(len(alone), 'seed')})."
    )


def _answers(trained: Mapping[str, TrainedArm], found: Found, config: Config) -> list[str]:
    out = []
    for name, expected in PLANTED.items():
        seen = sum(each.verdict == expected for each in found[name])
        out.append(
            f"{name.capitalize()}: called '{expected}' with {seen} of {config.seeds} seeds "
            f"(seed 0: {found[name][0]})."
        )
    others = [name for name in found if name not in PLANTED]
    for name in others:
        coverage = Spread.of(_last(trained[name], "coverage"))
        out.append(
            f"{name[0].upper()}{name[1:]}: {_counted(found[name])}; share of muons in cells not lost "
            f"{coverage.text(3)}, lowest on the way {_lowest(trained[name]).text(3)}, excess AUC "
            f"{trained[name].excess_auc().text()}."
        )
    return out


def _counted(found: list[Health]) -> str:
    counts = Counter(each.verdict for each in found)
    return ", ".join(f"{verdict} {number} of {len(found)}" for verdict, number in counts.most_common())


def _table(trained: Mapping[str, TrainedArm], found: Found, config: Config) -> Table:
    rows = []
    for name, each in trained.items():
        rows.append(
            (
                name,
                _counted(found[name]),
                Spread.of(_last(each, "coverage")).text(3),
                _lowest(each).text(3),
                *(_text(_last(each, f"d_accuracy_{side}"), lambda of: of.text(3)) for side in SIDES),
                *(_text(_last(each, f"{network}_gradient_norm"), _g) for network in "dg"),
                each.excess_auc().text(),
            )
        )
    null = Spread.of([value for each in trained.values() for value in _last(each, "null_coverage")])
    return Table(
        f"Means over the last {LAST} monitor calls ± standard deviation over {config.seeds} seeds, after "
        f"{config.steps:,} steps. Coverage is the share of real muons in cells that are not lost ({null.text(3)} for "
        "real muons of other events); the AUC is that of the best step on test events, less that of its null. A "
        "Wasserstein critic tells nothing right or wrong.",
        (
            "network",
            "verdict",
            "coverage",
            "lowest coverage",
            "D right, real",
            "D right, generated",
            "gradient of D",
            "gradient of G",
            "excess AUC",
        ),
        tuple(rows),
    )


def _gradient_table(gradients: Gradients, config: Config) -> Table:
    rows = []
    for name, of_seeds in gradients.items():
        known = [each for each in of_seeds if each is not None]
        if known:
            rows.append(
                (
                    name,
                    _g(Spread.of([each.note for each in known])),
                    _g(Spread.of([each.minimax for each in known])),
                )
            )
    return Table(
        "Norm of the generator's gradient after the last step, with the note's loss and with the first one of "
        f"Goodfellow et al.: mean ± standard deviation over {config.seeds} seeds. With the learning rate too high both "
        "are nothing, because G's own output stands at the ends of its range.",
        ("network", "mean -log D(G(z))", "mean log(1 - D(G(z)))"),
        tuple(rows),
    )


def _last(each: TrainedArm, column: str) -> list[float]:
    """Mean of a column over the last rows, by seed; empty if the family has no such number."""
    rows = [history[-LAST:] for history in each.history]
    if any(column not in row for of_seed in rows for row in of_seed):
        return []
    return [sum(row[column] for row in of_seed) / len(of_seed) for of_seed in rows]


def _lowest(each: TrainedArm) -> Spread:
    return Spread.of([min(row["coverage"] for row in history) for history in each.history])


def _text(values: list[float], words: Callable[[Spread], str]) -> str:
    return words(Spread.of(values)) if values else "n/a"


def _g(spread: Spread) -> str:
    return f"{spread.mean:.2g}" if spread.seeds == 1 else f"{spread.mean:.2g} ± {spread.deviation:.1g}"
