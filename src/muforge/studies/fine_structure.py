"""Does a start vertex without the target's comb matter behind absorber and shield?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from muforge.judge.split import at_most
from muforge.presets import preset
from muforge.reference.geometry import DEFAULT_TARGET, geometry
from muforge.reference.shield import DEFAULT_SHIELD, shield
from muforge.rng import Purpose, stream
from muforge.studies.arms import Arm, train_arms
from muforge.studies.behind import NULL, WITHOUT_COMB, fine_structure
from muforge.studies.note_gan import NOTE_SIZE, GANStudyConfig
from muforge.studies.protocol import Place, Study, Table
from muforge.studies.spread import Spread
from muforge.training.config import RunConfig

FLOW, GAN = "flow", "GAN"
PLACES: Mapping[str, str] = {
    "absorber": "behind the absorber",
    "shield": "behind the shield",
    "acceptance": "in the acceptance behind it",
}


class Config(GANStudyConfig):
    """A model that makes the comb and one that does not, and the geometry that their muons are sent through.

    References:
        Marshall, GANs and VAEs testing (2018), section 13
    """

    category: int = Field(
        default=1, ge=1, le=4, description="whose muons are studied; on the axis the comb is strongest"
    )
    flow_steps: int = Field(default=1200, ge=1, description="training steps of the preset 'best'")
    muons: int = Field(default=50_000, ge=100, description="of each sample, at most")
    throws: int = Field(default=4, ge=1, le=1000, description="times that each muon is propagated")
    geometry: str = Field(default=DEFAULT_TARGET, description="target and absorber: a name, or a YAML file")
    shield: str = Field(default=DEFAULT_SHIELD, description="magnetised iron: a name, or a YAML file")
    target_front: float = Field(
        default=0.0, description="start_z of the target's front face in the data [cm]"
    )


LARGE = Config(**{**NOTE_SIZE, "flow_steps": 2500, "muons": 200_000, "throws": 10})


def run(place: Place, config: Config) -> Study:
    """Propagate test muons with and without their comb, and muons of both models with each seed."""
    target, magnets = geometry(config.geometry), shield(config.shield)
    trained = train_arms(place, [_flow(config), _gan(config)], config.seeds)
    real = at_most(config.muons, place.data.load(config.category, "test"), stream(0, Purpose.SUBSAMPLE))
    null = at_most(config.muons, place.data.load(config.category, "validation"), stream(0, Purpose.SUBSAMPLE))
    arms = {
        f"{name}, seed {seed}": trained[name].model(seed).sample(min(config.muons, len(real)), seed)
        for name in (FLOW, GAN)
        for seed in range(config.seeds)
    }
    place.progress("propagating", 0, 1, {})
    details = fine_structure(
        real, null, arms, target, magnets, target_front=config.target_front, throws=config.throws
    )
    place.progress("propagating", 1, 1, {})
    return Study(
        answers=tuple(_answers(details, config)),
        tables=(_comb_table(details), _paired_table(details, config), _table(details, config)),
        details={**details, "drawn": [NULL, WITHOUT_COMB, f"{FLOW}, seed 0", f"{GAN}, seed 0"]},
    )


def _flow(config: Config) -> Arm:
    best = preset("best")
    training = {"steps": config.flow_steps, "device": config.device, "judge_size": config.judge_size}
    run_config = best.model_copy(update={"training": best.training.model_copy(update=training)})
    return Arm(FLOW, run_config, config.category)


def _gan(config: Config) -> Arm:
    return Arm(GAN, RunConfig(model=config.gan(), training=config.training()), config.category)


def _answers(details: Mapping[str, Any], config: Config) -> list[str]:
    comb, paired = details["comb"], details["paired"]
    real, filled = comb["real"], comb[WITHOUT_COMB]
    answers = [
        f"The slits of the target hold {_with_error(real)} less than their surroundings among real muons (1: empty, "
        f"0: no comb), {_with_error(filled)} once the comb is taken away; {_of_models(comb, FLOW, config)} among muons "
        f"of the flow and {_of_models(comb, GAN, config)} among those of the GAN ({config.seeds} seeds)."
    ]
    answers += [
        f"Without their comb, the same real muons have {_with_error(_pair(found['rate']))} times the rate {where}, "
        f"{_with_error(_pair(found['mean p']))} times the mean momentum and {_with_error(_pair(found['mean pT']))} "
        "times the mean transverse momentum (errors over events and throws)."
        for name, where in PLACES.items()
        if (found := paired.get(name)) is not None and found["rate"]["ratio"] is not None
    ]
    for family in (FLOW, GAN):
        parts = [
            f"{_rates(details['places'][name]['arms'], family, config)} {where}"
            for name, where in PLACES.items()
            if _ratios(details["places"][name]["arms"], family, config)
        ]
        answers.append(
            f"Rates of muons of the {family} over real ones, for as many at the start: {', '.join(parts)}."
        )
    return answers


def _comb_table(details: Mapping[str, Any]) -> Table:
    return Table(
        "Contrast of the target's slits in start_z, with its error over events: 1 if they are empty, 0 without a comb.",
        ("sample", "contrast"),
        tuple((name, _with_error(value)) for name, value in details["comb"].items()),
    )


def _paired_table(details: Mapping[str, Any], config: Config) -> Table:
    return Table(
        f"The same real muons without their comb over with it, {config.throws} throws of each: ratio and error over "
        "events, p-value.",
        ("place", "rate", "mean p", "mean pT"),
        tuple(
            (
                PLACES[place],
                *(f"{_with_error(_pair(each))} (p {_number(each['p_value'])})" for each in of.values()),
            )
            for place, of in details["paired"].items()
        ),
    )


def _table(details: Mapping[str, Any], config: Config) -> Table:
    rows = [
        (
            PLACES[place],
            name,
            f"{arm['muons']:,}",
            _with_error((arm["ratio"], arm["ratio_error"])),
            _number(arm["p_value"]),
            *(_distance(arm["ks"].get(quantity)) for quantity in ("p", "pt", "r")),
        )
        for place, found in details["places"].items()
        for name, arm in found["arms"].items()
    ]
    return Table(
        f"Samples against real muons, {config.throws} throws of each muon: rate over the real one, and "
        "Kolmogorov-Smirnov distances, each with its p-value over events.",
        ("place", "sample", "muons there", "rate / real", "p", "KS of p", "KS of pT", "KS of r"),
        tuple(rows),
    )


def _of_models(comb: Mapping[str, Sequence[float]], family: str, config: Config) -> str:
    return Spread.of([comb[f"{family}, seed {seed}"][0] for seed in range(config.seeds)]).text(3)


def _ratios(arms: Mapping[str, Any], family: str, config: Config) -> list[float]:
    found = [arms[f"{family}, seed {seed}"]["ratio"] for seed in range(config.seeds)]
    return [each for each in found if each is not None]


def _rates(arms: Mapping[str, Any], family: str, config: Config) -> str:
    return Spread.of(_ratios(arms, family, config)).text(3)


def _pair(found: Mapping[str, float | None]) -> tuple[float | None, float | None]:
    return found["ratio"], found["error"]


def _with_error(value: Sequence[float | None]) -> str:
    number, error = value
    if number is None:
        return "n/a"
    return f"{number:.3f}" if error is None else f"{number:.3f} ± {error:.3f}"


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2g}"


def _distance(found: Mapping[str, float | None] | None) -> str:
    if not found or found["value"] is None:
        return "n/a"
    return f"{found['value']:.4f} (p {_number(found['p_value'])})"
