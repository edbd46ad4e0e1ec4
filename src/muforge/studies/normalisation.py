"""Are tails modelled better if the data do not fill the range of the network's output?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from muforge.representation import NoteRepresentationConfig
from muforge.sample import Sample, features
from muforge.studies.arms import Arm, TrainedArm, train_arms
from muforge.studies.latent_scores import MOST, SURE, LatentScores, binned, latent_scores, strongest
from muforge.studies.note_gan import NOTE_SIZE, GANStudyConfig
from muforge.studies.protocol import Place, Study, Table
from muforge.studies.spread import Spread, counted, difference_text, verdict
from muforge.studies.tail_yields import (
    TailYield,
    distance_of_tails,
    ratio_text,
    tail_yields,
)
from muforge.training.config import RunConfig

Bound = Annotated[float, Field(gt=0, le=1)]


class Config(GANStudyConfig):
    """The same network with data that fill all of [-1, 1], or less.

    References:
        Marshall, GANs and VAEs testing (2018), section 13
    """

    bounds: tuple[Bound, ...] = Field(
        default=(1.0, 0.97, 0.9),
        min_length=1,
        description="part of the range that the data fill; the first is the base",
    )
    latent_size: int = Field(
        default=MOST, ge=20, description="muons per side that the BDT of the latent scan learns from"
    )
    bins: int = Field(default=24, ge=2, le=200, description="cells of the latent scan in each dimension")


LARGE = Config(**NOTE_SIZE)

SIDES = ("below", "above")


@dataclass(frozen=True)
class Margin:
    """Muons outside of the range of the training muons, which lie between the bound and the end of the range.

    Arguments:
        above: Share above the largest, by column.
        below: Share below the smallest, by column.
        outside: Share outside in any column.
    """

    above: list[float]
    below: list[float]
    outside: float

    @classmethod
    def of(cls, muons: Sample, training: Sample) -> Self:
        """Of muons of a category."""
        above, below = _beyond(muons, training)
        shares = [np.average(each, axis=0, weights=muons.weight).tolist() for each in (above, below)]
        outside = (above | below).any(axis=1)
        return cls(shares[0], shares[1], float(np.average(outside, weights=muons.weight)))


def _beyond(muons: Sample, training: Sample) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which columns of each muon are above and below those of all training muons, each of shape (n, columns)."""
    names = features(int(training.category[0]))
    x, known = muons.matrix(names), training.matrix(names)
    return x > known.max(axis=0), x < known.min(axis=0)


@dataclass(frozen=True)
class Look:
    """What is seen of one trained network.

    Arguments:
        tails: Yields of the generated muons.
        margin: Of the generated muons.
        sure: Share of latents whose muons the BDT calls generated.
        score_in_margin: Mean BDT output of the muons outside of the training range, None if there are none.
        score: Mean BDT output of all generated muons.
        sure_in_margin: Of the latents that are called generated, the share whose muons lie outside.
    """

    tails: list[TailYield]
    margin: Margin
    sure: float
    score_in_margin: float | None
    score: float
    sure_in_margin: float


@dataclass(frozen=True)
class Bounded:
    """The networks of one bound: `looks` by seed, `scan` the heat maps of the first seed."""

    bound: float
    trained: TrainedArm
    looks: list[Look]
    scan: dict[str, Any]

    def spread(self, name: str) -> Spread:
        """Of a number of a look over seeds."""
        return Spread.of([getattr(look, name) for look in self.looks])

    @property
    def outside(self) -> Spread:
        """Of the share of generated muons outside of the training range."""
        return Spread.of([look.margin.outside for look in self.looks])

    def beyond(self, side: str, column: int) -> Spread:
        """Of the share of generated muons on one of the `SIDES` of the training range in a column."""
        return Spread.of([getattr(look.margin, side)[column] for look in self.looks])

    @property
    def distance(self) -> Spread:
        """Of the distance of the tails."""
        return Spread.of([distance_of_tails(look.tails) for look in self.looks])

    def details(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            **self.trained.details(),
            "bound": self.bound,
            "tails": [[one.to_dict() for one in look.tails] for look in self.looks],
            "outside": [look.margin.outside for look in self.looks],
            "scan": self.scan,
        }


def run(place: Place, config: Config) -> Study:
    """Train a network for each bound and look at its tails, in real space and in latent space."""
    arms = {bound: _arm(bound, config) for bound in config.bounds}
    found = train_arms(place, list(arms.values()), config.seeds)
    training, test = (place.data.load(config.category, split) for split in ("train", "test"))
    bounded = []
    for number, (bound, arm) in enumerate(arms.items()):
        place.progress("latent scans", number, len(arms), {})
        bounded.append(_look_at(found[arm.name], bound, test, training, config))
    place.progress("latent scans", len(arms), len(arms), {})
    null = Margin.of(test, training)
    return Study(
        answers=tuple(_answers(bounded, null, config)),
        tables=(
            _networks(bounded, config),
            _tail_table(bounded, config),
            _margins(bounded, null, config),
        ),
        details={"bounds": [each.details() for each in bounded], "null_outside": null.outside},
    )


def _arm(bound: float, config: Config) -> Arm:
    representation = NoteRepresentationConfig(bound=bound)
    run = RunConfig(model=config.gan(), representation=representation, training=config.training())
    return Arm(f"bound {bound:g}", run, config.category)


def _look_at(trained: TrainedArm, bound: float, test: Sample, training: Sample, config: Config) -> Bounded:
    looks: list[Look] = []
    scan: dict[str, Any] = {}
    for seed in range(config.seeds):
        model = trained.model(seed)
        scores = latent_scores(model, test, seed, size=config.latent_size)
        above, below = _beyond(scores.muons, training)
        outside = np.asarray((above | below).any(axis=1))
        sure = scores.generated > SURE
        looks.append(
            Look(
                tails=tail_yields(test, model.sample(len(test), seed), training),
                margin=Margin.of(scores.muons, training),
                sure=scores.sure,
                score_in_margin=float(scores.generated[outside].mean()) if outside.any() else None,
                score=float(scores.generated.mean()),
                sure_in_margin=float(outside[sure].mean()) if sure.any() else 0.0,
            )
        )
        if seed == 0:
            scan = _scan(scores, outside, config.bins)
    return Bounded(bound, trained, looks, scan)


def _scan(scores: LatentScores, outside: NDArray[np.bool_], bins: int) -> dict[str, Any]:
    """Heat maps over the two latent dimensions that the BDT's output depends on most."""
    dims = strongest(scores.latents, scores.generated)
    of_scores = binned(scores.latents, scores.generated, dims, bins)
    of_margin = binned(scores.latents, outside.astype(np.float64), dims, bins)
    return {
        "dims": list(dims),
        "edges": of_scores.edges.tolist(),
        "score": _with_none(of_scores.mean),
        "outside": _with_none(of_margin.mean),
    }


def _with_none(matrix: NDArray[np.float64]) -> list[list[float | None]]:
    return [[float(value) if np.isfinite(value) else None for value in row] for row in matrix]


def _answers(bounded: list[Bounded], null: Margin, config: Config) -> list[str]:
    base, *others = bounded
    out = [
        f"After {config.steps:,} steps, {counted(config.seeds, 'seed')} each. Data that fill {base.bound:g} of the "
        f"range: excess AUC {base.trained.excess_auc().text()}, distance of the tails (mean |ln(generated / real)| of "
        "the yields) "
        f"{base.distance.text(2)}."
    ]
    for each in others:
        tails = verdict(base.distance, each.distance)
        auc = verdict(base.trained.excess_auc(), each.trained.excess_auc())
        out.append(
            f"With bound {each.bound:g} tails are {tails} ({difference_text(base.distance, each.distance, 2)}) and the "
            f"excess AUC is {auc} ({difference_text(base.trained.excess_auc(), each.trained.excess_auc())})."
        )
    for each in others:
        out.append(
            f"With bound {each.bound:g}, {_percent(each.outside)} of the generated muons lie outside of the range of "
            f"the training muons, most of them with {_most_outside(each, config)}; of the real test muons "
            f"{100 * null.outside:.4f}% do.{_score_in_margin(each)}"
        )
    out.append(
        f"The BDT calls so many muons generated with an output above {SURE}: "
        + ", ".join(f"{_percent(each.spread('sure'))} with bound {each.bound:g}" for each in bounded)
        + "."
    )
    return out


def _most_outside(each: Bounded, config: Config) -> str:
    """The column and the side on which most of the muons outside of the training range are."""
    shares = {
        f"{column} {side} all of theirs": each.beyond(side, number)
        for side in SIDES
        for number, column in enumerate(features(config.category))
    }
    largest = max(shares, key=lambda name: shares[name].mean)
    return f"{largest} ({_percent(shares[largest])})"


def _score_in_margin(each: Bounded) -> str:
    values = [look.score_in_margin for look in each.looks if look.score_in_margin is not None]
    if not values:
        return ""
    return (
        f" There its BDT output (1 for generated) is {Spread.of(values).text(2)}, {each.spread('score').text(2)} for "
        f"all generated ones; {_percent(each.spread('sure_in_margin'))} of the latents above {SURE} are made into such "
        "muons."
    )


def _percent(share: Spread) -> str:
    return f"{share.times(100).text(2)}%"


def _networks(bounded: list[Bounded], config: Config) -> Table:
    base = bounded[0]
    rows = [
        (
            f"{each.bound:g}",
            each.trained.excess_auc().text(),
            "" if each is base else difference_text(base.trained.excess_auc(), each.trained.excess_auc()),
            each.trained.spread("overlap").text(),
            each.distance.text(2),
            "" if each is base else difference_text(base.distance, each.distance, 2),
            _percent(each.outside),
            _percent(each.spread("sure")),
        )
        for each in bounded
    ]
    return Table(
        f"Mean ± standard deviation over {counted(config.seeds, 'seed')}, after {config.steps:,} steps; differences "
        "are to the first row, with their standard errors.",
        (
            "bound",
            "excess AUC",
            "difference",
            "overlap",
            "distance of tails",
            "difference",
            "outside of training range",
            f"BDT output above {SURE}",
        ),
        tuple(rows),
    )


def _tail_table(bounded: list[Bounded], config: Config) -> Table:
    rows = [
        (
            f"{one.quantity} beyond {100 * one.level:g}%",
            *(ratio_text([look.tails[number] for look in each.looks]) for each in bounded),
        )
        for number, one in enumerate(bounded[0].looks[0].tails)
    ]
    return Table(
        "Yield beyond quantiles of the real muons, generated / real: mean ± standard deviation over "
        f"{counted(config.seeds, 'seed')}; in brackets the error over events, most of which all networks share.",
        ("tail", *(f"bound {each.bound:g}" for each in bounded)),
        tuple(rows),
    )


def _margins(bounded: list[Bounded], null: Margin, config: Config) -> Table:
    rows = [
        (
            f"{column} {side}",
            *(_percent(each.beyond(side, number)) for each in bounded),
            f"{100 * getattr(null, side)[number]:.4f}%",
        )
        for number, column in enumerate(features(config.category))
        for side in SIDES
    ]
    return Table(
        f"Generated muons below the smallest or above the largest training muon, mean ± standard deviation over "
        f"{counted(config.seeds, 'seed')}, and real test muons.",
        ("column", *(f"bound {each.bound:g}" for each in bounded), "real"),
        tuple(rows),
    )
