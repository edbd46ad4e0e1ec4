"""Does noise on labels or data help a GAN?"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from muforge.sample import Sample
from muforge.studies.arms import Arm, TrainedArm, train_arms
from muforge.studies.note_gan import NOTE_SIZE, GANStudyConfig
from muforge.studies.protocol import Place, Study, Table
from muforge.studies.spread import SIGNIFICANT, Spread, counted, difference_text
from muforge.studies.tail_yields import TailYield, distance_of_tails, ratio_text, tail_quantities, tail_yields
from muforge.training.config import RunConfig

Labels = Literal["both", "positive", "none"]

ON, OFF = "on", "off"


class Config(GANStudyConfig):
    """Noise on labels of both kinds, of real muons only or of none, each with and without noise on the muons.

    References:
        Marshall, GANs and VAEs testing (2018), sections 5 and 13
        Salimans et al., Improved techniques for training GANs | https://arxiv.org/abs/1606.03498
        Sonderby et al., Amortised MAP inference for image super-resolution | https://arxiv.org/abs/1610.04490
    """

    label_noise: float = Field(default=0.3, gt=0, description="standard deviation of the noise on labels")
    data_noise: float = Field(
        default=0.001, gt=0, description="standard deviation of the noise on real muons, in network space"
    )
    last: int = Field(
        default=3,
        ge=2,
        description="monitor calls at the end of a training, over which the AUC's swing is taken",
    )


LARGE = Config(**NOTE_SIZE)

LABELS: tuple[Labels, ...] = ("none", "positive", "both")
DATA = (OFF, ON)

Key = tuple[Labels, str]

BASE: Key = ("none", OFF)


def arm_name(key: Key) -> str:
    """Such as `labels both, data off`."""
    return f"labels {key[0]}, data {key[1]}"


def run(place: Place, config: Config) -> Study:
    """Train the six networks and compare them on the test events."""
    keys: list[Key] = [(labels, data) for labels in LABELS for data in DATA]
    arms = {key: _arm(key, config) for key in keys}
    found = train_arms(place, list(arms.values()), config.seeds)
    trained = {key: found[arm.name] for key, arm in arms.items()}
    training, test = (place.data.load(config.category, split) for split in ("train", "test"))
    tails = {key: _tails(each, test, training, config) for key, each in trained.items()}
    swings = {
        key: [_swing(each, seed, config.last) for seed in range(config.seeds)]
        for key, each in trained.items()
    }
    return Study(
        answers=tuple(_answers(trained, tails, swings, config)),
        tables=(_networks(trained, tails, swings, config), _tail_table(tails, config)),
        details={
            "arms": [
                {
                    **each.details(),
                    "labels": key[0],
                    "data": key[1],
                    "swing": swings[key],
                    "tails": [[one.to_dict() for one in of_seed] for of_seed in tails[key]],
                }
                for key, each in trained.items()
            ],
        },
    )


def _arm(key: Key, config: Config) -> Arm:
    labels, data = key
    model = config.gan(
        label_noise=config.label_noise,
        label_noise_on=labels,
        data_noise=config.data_noise if data == ON else 0.0,
    )
    return Arm(arm_name(key), RunConfig(model=model, training=config.training()), config.category)


def _tails(trained: TrainedArm, test: Sample, training: Sample, config: Config) -> list[list[TailYield]]:
    return [
        tail_yields(test, trained.model(seed).sample(len(test), seed), training)
        for seed in range(config.seeds)
    ]


def _swing(trained: TrainedArm, seed: int, last: int) -> float:
    """Standard deviation of the AUC over the last monitor calls of one training."""
    return float(np.std([auc for _, auc in trained.curve(seed)][-last:]))


Numbers = dict[Key, list[float]]


def _answers(
    trained: dict[Key, TrainedArm],
    tails: dict[Key, list[list[TailYield]]],
    swings: Numbers,
    config: Config,
) -> list[str]:
    excess: Numbers = {key: each.figures("excess_auc") for key, each in trained.items()}
    distance = {key: [distance_of_tails(one) for one in of_arm] for key, of_arm in tails.items()}
    spreads = {key: Spread.of(values) for key, values in excess.items()}
    best = min(spreads, key=lambda key: spreads[key].mean)
    out = [
        f"After {config.steps:,} steps, {counted(config.seeds, 'seed')} for each network: the lowest excess AUC is "
        f"{spreads[best].text()} ({arm_name(best)}); without any noise it is {spreads[BASE].text()}.",
    ]
    for what, pairs in _changes().items():
        auc, tail, swing = (_effect(numbers, pairs) for numbers in (excess, distance, swings))
        out.append(
            f"Noise on {what} {_helps(auc)}: it changes the excess AUC by {_effect_text(auc)}, the distance of the "
            f"tails (mean |ln(generated / real)|) by {_effect_text(tail)} and the swing of the AUC by "
            f"{_effect_text(swing)}."
        )
    return out


def _changes() -> dict[str, list[tuple[Key, Key]]]:
    """For each kind of noise, pairs of networks with and without it that are alike in the other kind."""
    of_labels: dict[str, Labels] = {"the labels of real muons": "positive", "all labels": "both"}
    return {
        **{what: [((own, data), (LABELS[0], data)) for data in DATA] for what, own in of_labels.items()},
        "the data": [((labels, ON), (labels, OFF)) for labels in LABELS],
    }


def _effect(numbers: Numbers, pairs: list[tuple[Key, Key]]) -> Spread:
    """Of a change of one option: mean over pairs of networks that differ in it alone, and over seeds."""
    return Spread.of(
        [b - a for with_it, without in pairs for a, b in zip(numbers[without], numbers[with_it], strict=True)]
    )


def _helps(effect: Spread) -> str:
    if abs(effect.significance) < SIGNIFICANT:
        return "makes no difference that is seen"
    return "helps" if effect.mean < 0 else "harms"


def _effect_text(effect: Spread) -> str:
    if effect.seeds == 1:
        return f"{effect.mean:+.4f} (one pair)"
    return f"{effect.mean:+.4f} ± {effect.error:.4f} ({effect.significance:+.1f} σ, {effect.seeds} pairs)"


def _networks(
    trained: dict[Key, TrainedArm],
    tails: dict[Key, list[list[TailYield]]],
    swings: Numbers,
    config: Config,
) -> Table:
    base = trained[BASE].excess_auc()
    null = Spread.of([each.null.overlap for each in trained[BASE].judged if each.null is not None])
    rows = []
    for key, each in trained.items():
        rows.append(
            (
                *key,
                each.excess_auc().text(),
                "" if key == BASE else difference_text(base, each.excess_auc()),
                each.spread("overlap").text(),
                Spread.of([distance_of_tails(one) for one in tails[key]]).text(2),
                Spread.of(swings[key]).text(),
            )
        )
    return Table(
        f"Mean ± standard deviation over {counted(config.seeds, 'seed')}, after {config.steps:,} steps; the overlap of "
        f"real with real muons is {null.text()}. The difference is to no noise at all, with its standard error; the "
        "distance of the tails is the mean |ln(generated / real)| of the yields below; the swing is the standard "
        "deviation of the "
        f"validation AUC over the last {config.last} monitor calls of a training.",
        (
            "labels with noise",
            "noise on data",
            "excess AUC",
            "difference",
            "overlap",
            "distance of tails",
            "swing of AUC",
        ),
        tuple(rows),
    )


def _tail_table(tails: dict[Key, list[list[TailYield]]], config: Config) -> Table:
    first = tails[BASE][0]
    rows = []
    for number, one in enumerate(first):
        cells = [ratio_text([of_seed[number] for of_seed in of_arm]) for of_arm in tails.values()]
        rows.append((f"{one.quantity} beyond {100 * one.level:g}%", *cells))
    return Table(
        "Yield beyond quantiles of the real muons, generated / real: mean ± standard deviation over "
        f"{counted(config.seeds, 'seed')}; in brackets the error over events, which all networks share. "
        f"Quantities: {', '.join(tail_quantities(config.category))}.",
        ("tail", *(arm_name(key) for key in tails)),
        tuple(rows),
    )
