"""Which is better on the same budget, GAN or VAE?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from muforge.judge.result import Result
from muforge.judge.split import at_most
from muforge.judge.strong_classifier import StrongClassifier
from muforge.models.vae import VAEConfig
from muforge.presets import preset
from muforge.representation import NoteRepresentationConfig
from muforge.rng import Purpose, stream
from muforge.sample import CATEGORIES, Sample
from muforge.studies.arms import Arm, TrainedArm, train_arms
from muforge.studies.note_gan import NOTE_SIZE, GANStudyConfig
from muforge.studies.protocol import Place, Study, Table
from muforge.studies.spread import Spread, counted, difference_text, verdict
from muforge.studies.tail_yields import TailYield, distance_of_tails, ratio_text, tail_yields
from muforge.training.config import RunConfig

GAN, VAE, REFERENCE = "GAN", "VAE", "flow"
ON_SCORES = {"GAN on scores": "gan-scores", "VAE on scores": "vae"}
"""Families on normal scores instead of the note's network space, to presets."""


class Config(GANStudyConfig):
    """The note's two networks, with steps that cost the same CPU time, and both kinds on normal scores.

    References:
        Marshall, GANs and VAEs testing (2018), sections 11 and 13
    """

    category: int = Field(default=4, ge=1, le=4, description="whose learning curves are drawn")
    categories: tuple[int, ...] = Field(default=CATEGORIES, min_length=1, description="that are compared")
    vae_steps: int = Field(default=12_500, ge=1, description="training steps of the VAE")
    vae_nodes: int = Field(default=100, ge=1, le=65536, description="the note's -iE and -iD")
    vae_layers: int = Field(default=3, ge=1, le=16, description="the note's -layersE and -layersD")
    gan_scores_steps: int = Field(
        default=3000, ge=0, description="training steps of the preset 'gan-scores'; 0 leaves it out"
    )
    vae_scores_steps: int = Field(
        default=3000, ge=0, description="training steps of the preset 'vae'; 0 leaves it out"
    )
    reference_steps: int = Field(
        default=1200,
        ge=0,
        description="training steps of the preset 'best', one seed, as a reference; 0 leaves it out",
    )
    strong_size: int = Field(
        default=50_000, ge=20, description="muons per side that the strong classifier is given"
    )

    @model_validator(mode="after")
    def _drawn_is_compared(self) -> Self:
        unknown = [each for each in self.categories if each not in CATEGORIES]
        if unknown:
            raise ValueError(f"categories: {unknown[0]} is none of 1, 2, 3, 4")
        if self.category not in self.categories:
            raise ValueError(f"category {self.category}: not among the categories {list(self.categories)}")
        return self


LARGE = Config(
    **{
        **NOTE_SIZE,
        "vae_steps": 400_000,
        "vae_nodes": 512,
        "gan_scores_steps": 60_000,
        "vae_scores_steps": 40_000,
        "reference_steps": 4000,
        "strong_size": 200_000,
    }
)


@dataclass(frozen=True)
class Look:
    """A family on one category: its trainings, tails by seed, and the strong classifier's verdict on the first seed."""

    family: str
    category: int
    trained: TrainedArm
    tails: list[list[TailYield]]
    strong: Result

    @property
    def distance(self) -> Spread:
        """Of the distance of the tails."""
        return Spread.of([distance_of_tails(each) for each in self.tails])

    def details(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            **self.trained.details(),
            "family": self.family,
            "reduced_chi2": self.trained.figures("reduced_chi2"),
            "tails": [[one.to_dict() for one in of_seed] for of_seed in self.tails],
            "strong": self.strong.to_dict(),
        }


def run(place: Place, config: Config) -> Study:
    """Train both families, and the reference, on all categories, and compare them on the test events."""
    arms = {
        (family, category): _arm(family, category, config)
        for category in config.categories
        for family in _families(config)
    }
    trained = train_arms(place, list(arms.values()), config.seeds)
    looks: dict[int, dict[str, Look]] = {category: {} for category in config.categories}
    for number, ((family, category), arm) in enumerate(arms.items()):
        place.progress("judging", number, len(arms), {})
        looks[category][family] = _look(place, family, trained[arm.name], config)
    place.progress("judging", len(arms), len(arms), {})
    return Study(
        answers=tuple(_answers(looks, config)),
        tables=(*(_table(category, each) for category, each in looks.items()), _tail_table(looks)),
        details={
            "drawn": config.category,
            "looks": [each.details() for of_category in looks.values() for each in of_category.values()],
        },
    )


def _families(config: Config) -> tuple[str, ...]:
    steps = _preset_steps(config)
    return (GAN, VAE, *(family for family in (*ON_SCORES, REFERENCE) if steps[family]))


def _preset_steps(config: Config) -> dict[str, int]:
    """Training steps of the families that are presets."""
    of_scores = config.gan_scores_steps, config.vae_scores_steps
    return {**dict(zip(ON_SCORES, of_scores, strict=True)), REFERENCE: config.reference_steps}


def _arm(family: str, category: int, config: Config) -> Arm:
    name = f"{family} category {category}"
    steps = _preset_steps(config).get(family)
    if steps is not None:
        base = preset(ON_SCORES.get(family, "best"))
        every = 0 if base.training.monitor_every == 0 else max(1, steps // 4)
        training = base.training.model_copy(
            update={
                "steps": steps,
                "monitor_every": every,
                "judge_size": config.judge_size,
                "plots": False,
                "device": config.device,
            }
        )
        seeds = 1 if family == REFERENCE else None
        return Arm(name, base.model_copy(update={"training": training}), category, seeds=seeds)
    if family == GAN:
        return Arm(name, RunConfig(model=config.gan(), training=config.training()), category)
    vae = VAEConfig(
        nodes_encoder=config.vae_nodes,
        nodes_decoder=config.vae_nodes,
        layers_encoder=config.vae_layers,
        layers_decoder=config.vae_layers,
    )
    every = max(1, config.monitor_every * config.vae_steps // config.steps)
    training = config.training(steps=config.vae_steps, monitor_every=every)
    unit = NoteRepresentationConfig(range="unit")
    return Arm(name, RunConfig(model=vae, representation=unit, training=training), category)


def _look(place: Place, family: str, trained: TrainedArm, config: Config) -> Look:
    category = trained.arm.category
    training, test = (place.data.load(category, split) for split in ("train", "test"))
    generated = [trained.model(seed).sample(len(test), seed) for seed in range(len(trained.directories))]
    return Look(
        family,
        category,
        trained,
        [tail_yields(test, each, training) for each in generated],
        _strong(test, generated[0], training, config.strong_size),
    )


def _strong(real: Sample, generated: Sample, null: Sample, size: int) -> Result:
    """The excess AUC of the strong classifier, with its error over events."""
    rng = stream(0, Purpose.SUBSAMPLE, int(real.category[0]))
    drawn = [at_most(min(size, len(real)), sample, rng) for sample in (real, generated, null)]
    results = StrongClassifier(repeats=1, threads=1)(drawn[0], drawn[1], drawn[2]).results
    return next(each for each in results if each.name == "excess AUC")


def _answers(looks: dict[int, dict[str, Look]], config: Config) -> list[str]:
    ratios = [_seconds(of[VAE]) / max(_seconds(of[GAN]), _SHORT) for of in looks.values()]
    verdicts = {
        category: verdict(of[GAN].trained.excess_auc(), of[VAE].trained.excess_auc())
        for category, of in looks.items()
    }
    counts = {word: list(verdicts.values()).count(word) for word in _THAN}
    scores = [family for family in ON_SCORES if family in next(iter(looks.values()))]
    return [
        f"Budget: {config.steps:,} steps of the GAN and {config.vae_steps:,} of the VAE, which took "
        f"{np.mean(ratios):.2f} times the CPU seconds of the GAN; {counted(config.seeds, 'seed')} each.",
        *(_answer(category, of, verdicts[category]) for category, of in looks.items()),
        f"Of {len(looks)} categories, the VAE tricks the note's BDT better in {counts['better']} and the GAN in "
        f"{counts['worse']}; in {counts['no different']} no difference is seen.",
        *(_answer_of_scores(family, looks) for family in scores),
    ]


def _answer_of_scores(family: str, looks: dict[int, dict[str, Look]]) -> str:
    of_each = [
        f"{of[family].trained.excess_auc().text()} in category {category}" for category, of in looks.items()
    ]
    ratio = np.mean([_seconds(of[family]) / max(_seconds(of[GAN]), _SHORT) for of in looks.values()])
    return (
        f"The {family}, in {ratio:.2f} times the CPU seconds of the note's GAN, has an excess AUC of "
        f"{', '.join(of_each)}."
    )


def _answer(category: int, of: dict[str, Look], found: str) -> str:
    gan, vae = of[GAN], of[VAE]
    excess = gan.trained.excess_auc(), vae.trained.excess_auc()
    reference = f", {of[REFERENCE].trained.excess_auc().text()} for the flow" if REFERENCE in of else ""
    return (
        f"Category {category}: to the note's BDT the VAE is {found} {_THAN[found]} the GAN. Excess AUC "
        f"{excess[0].text()} for the GAN, {excess[1].text()} for the VAE{reference}; VAE - GAN "
        f"{difference_text(*excess)}. The strong classifier has {gan.strong.value:.4f} and "
        f"{vae.strong.value:.4f} (one seed); yields in the tails are off by factors of "
        f"{np.exp(gan.distance.mean):.2f} and {np.exp(vae.distance.mean):.2f}."
    )


_SHORT = 1e-9
_THAN = {"better": "than", "worse": "than", "no different": "from"}


def _seconds(look: Look) -> float:
    return Spread.of(look.trained.seconds).mean


def _table(category: int, looks: dict[str, Look]) -> Table:
    base = looks[GAN]
    rows = []
    for family, each in looks.items():
        chi2 = each.trained.figures("reduced_chi2")
        rows.append(
            (
                family,
                str(len(each.trained.seconds)),
                Spread.of(each.trained.seconds).text(1),
                each.trained.excess_auc().text(),
                difference_text(base.trained.excess_auc(), each.trained.excess_auc())
                if family in (VAE, *ON_SCORES)
                else "",
                each.trained.spread("overlap").text(),
                Spread.of(chi2).text(1) if chi2 else "n/a",
                each.distance.text(2),
                f"{each.strong.value:.4f} ± {each.strong.error:.4f}",
            )
        )
    null = [each.null for each in base.trained.judged if each.null is not None]
    overlap = Spread.of([each.overlap for each in null]).text()
    return Table(
        f"Category {category}: mean ± standard deviation over seeds. A perfect generator has an overlap of {overlap}, "
        "an excess of zero and a chi2 of one. The strong classifier judges the first seed, its error is over events.",
        (
            "model",
            "seeds",
            "CPU s of training",
            "excess AUC",
            "to the GAN",
            "overlap",
            "chi2 / d.o.f.",
            "distance of tails",
            "excess AUC, strong",
        ),
        tuple(rows),
    )


def _tail_table(looks: dict[int, dict[str, Look]]) -> Table:
    rows = []
    for category, of in looks.items():
        for number, one in enumerate(of[GAN].tails[0]):
            cells = [ratio_text([of_seed[number] for of_seed in each.tails]) for each in of.values()]
            rows.append((str(category), f"{one.quantity} beyond {100 * one.level:g}%", *cells))
    return Table(
        "Yield beyond quantiles of the real muons, generated / real: mean ± standard deviation over seeds; in brackets "
        "the error over events, most of which all models share.",
        ("category", "tail", *next(iter(looks.values()))),
        tuple(rows),
    )
