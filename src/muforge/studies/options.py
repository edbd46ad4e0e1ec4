"""What do the options do that no other study varies?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from muforge.studies.arms import TrainedArm, train_arms
from muforge.studies.compared import Compared, Network
from muforge.studies.copying import nearer_to_training
from muforge.studies.latent import active_units
from muforge.studies.note_gan import NOTE_SIZE
from muforge.studies.option_networks import GAN, VAE, Config, base_name, settings
from muforge.studies.protocol import Place, Study, Table
from muforge.studies.spread import SIGNIFICANT, Spread

__all__ = ["LARGE", "Config", "run"]

LARGE = Config(
    **{
        **NOTE_SIZE,
        "steps": 50_000,
        "vae_steps": 50_000,
        "seeds": 4,
        "base_seeds": 8,
        "vae_nodes": (50, 200, 400, 800),
    }
)

FAMILIES = (GAN, VAE)

Actives = Mapping[str, Spread]
"""Active latent dimensions, by the name of an arm."""


def run(place: Place, config: Config) -> Study:
    """Train all networks, compare each with its base, and look for memorised muons among those of the bases."""
    networks = {family: list(settings(family, config)) for family in FAMILIES}
    arms = {each.arm.name: each.arm for of_family in networks.values() for each in of_family}
    trained = train_arms(place, list(arms.values()), config.seeds)
    compared = {
        family: [
            Compared.of([each for each in of_family if each.factor == factor], trained)
            for factor in dict.fromkeys(each.factor for each in of_family)
        ]
        for family, of_family in networks.items()
    }
    actives = _actives(
        place, [trained[name] for name in dict.fromkeys(each.arm.name for each in networks[VAE])]
    )
    nearness = {family: _nearness(place, trained[base_name(family)]) for family in FAMILIES}
    return Study(
        answers=(
            *(_base_answer(family, compared[family], config) for family in FAMILIES),
            *(_answer(family, each) for family in FAMILIES for each in compared[family] if each.others),
            _actives_answer(compared[VAE], actives),
            _nearness_answer(nearness),
        ),
        tables=(_table(GAN, compared[GAN], {}), _table(VAE, compared[VAE], actives)),
        details={
            family: [
                {"factor": each.factor, "networks": each.details()}
                for each in compared[family]
                if each.others
            ]
            for family in FAMILIES
        },
    )


def _actives(place: Place, arms: Sequence[TrainedArm]) -> Actives:
    found = {}
    for number, each in enumerate(arms):
        place.progress("latent dimensions", number, len(arms), {})
        test = place.data.load(each.arm.category, "test")
        found[each.arm.name] = Spread.of(
            [float(active_units(each.model(seed), test).active.sum()) for seed in range(len(each.seconds))]
        )
    place.progress("latent dimensions", len(arms), len(arms), {})
    return found


def _nearness(place: Place, trained: TrainedArm) -> Spread:
    training, test = (place.data.load(trained.arm.category, split) for split in ("train", "test"))
    return Spread.of(
        [
            nearer_to_training(trained.model(seed).sample(len(test), seed), training, test, seed)
            for seed in range(len(trained.seconds))
        ]
    )


def _base_answer(family: str, compared: Sequence[Compared], config: Config) -> str:
    base = compared[0].base.excess
    steps = config.steps if family == GAN else config.vae_steps
    others = sum(len(each.others) for each in compared)
    differing = sum(len(each.differing) for each in compared)
    return (
        f"{family}, {steps:,} steps: the base has an excess AUC of {base.text()} ({base.seeds} seeds). Of {others} "
        f"networks with another option {differing} differ from it by more than {SIGNIFICANT:g} standard deviations."
    )


def _answer(family: str, compared: Compared) -> str:
    others = ", ".join(f"{each.setting.label} {compared.from_base(each)}" for each in compared.others)
    return f"{family}, {compared.factor}: compared with {compared.base.setting.label}, {others}."


def _actives_answer(compared: Sequence[Compared], actives: Actives) -> str:
    parts = []
    for each in compared:
        if any(_active(network, actives) != _active(each.base, actives) for network in each.others):
            values = ", ".join(
                f"{network.setting.label}: {_active(network, actives)}" for network in each.networks
            )
            parts.append(f"{each.factor} {values}")
    of_base = _active(compared[0].base, actives)
    changed = f"; it changes with {'; '.join(parts)}" if parts else "; no option changes it"
    return f"Active latent dimensions of the VAE: {of_base} of the base{changed}."


def _active(network: Network, actives: Actives) -> str:
    return f"{actives[network.trained.arm.name].mean:g}"


def _nearness_answer(nearness: Mapping[str, Spread]) -> str:
    values = ", ".join(f"{family} {each.text()} ({each.seeds} seeds)" for family, each in nearness.items())
    return (
        "Over-fitting: the probability that the nearest neighbour of a generated muon is a training muon and not one "
        f"of as many test muons, which is 1/2 if nothing is learnt by heart: {values}."
    )


def _table(family: str, compared: Sequence[Compared], actives: Actives) -> Table:
    rows = [
        (
            each.factor,
            network.setting.label + (" (base)" if network is each.base else ""),
            str(network.excess.seeds),
            network.excess.text(),
            "" if network is each.base else each.from_base(network),
            network.trained.spread("overlap").text(),
            f"{Spread.of(network.trained.seconds).mean:.1f}",
            *([actives[network.trained.arm.name].text(1)] if actives else []),
        )
        for each in compared
        if each.others
        for network in each.networks
    ]
    return Table(
        f"{family}: mean ± standard deviation over seeds; errors of differences take all networks of an option to "
        "spread alike over seeds.",
        (
            "option",
            "value",
            "seeds",
            "excess AUC",
            "difference to the base",
            "overlap",
            "CPU s of training",
            *(["active latents"] if actives else []),
        ),
        tuple(rows),
    )
