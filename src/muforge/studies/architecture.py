"""Which layers, nodes, batch size, optimiser and latent size?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from muforge.studies.arms import TrainedArm, train_arms
from muforge.studies.compared import Compared
from muforge.studies.dead_space import DeadSpace, dead_space
from muforge.studies.note_gan import NOTE_SIZE
from muforge.studies.protocol import Place, Study, Table
from muforge.studies.spread import SIGNIFICANT, Spread, counted, difference_text
from muforge.studies.variations import GRIDS, LATENT, VAE_LATENT, Batch, Config, Setting, settings

__all__ = ["LARGE", "Config", "run"]

BY_CHANCE = 0.0455
"""Probability of two standard deviations."""

LARGE = Config(
    **{
        **NOTE_SIZE,
        "steps": 50_000,
        "seeds": 4,
        "base_seeds": 8,
        "grid_seeds": 2,
        "node_factors": (1.0, 2.0, 3.0, 6.0),
        "flat_widths": (512, 1024, 2048),
        "batches": (Batch(size=10, steps=50_000), Batch(size=1000, steps=40_000)),
        "vae_steps": 50_000,
        "scan_size": 50_000,
    }
)


def run(place: Place, config: Config) -> Study:
    """Train all networks, compare each with the base, and search the latent spaces for dead space."""
    by_factor: dict[str, list[Setting]] = {}
    for setting in settings(config):
        by_factor.setdefault(setting.factor, []).append(setting)
    arms = {each.arm.name: each.arm for of_factor in by_factor.values() for each in of_factor}
    trained = train_arms(place, list(arms.values()), config.seeds)
    compared = [Compared.of(of_factor, trained) for of_factor in by_factor.values()]
    spaces = _dead_spaces(place, [*by_factor[LATENT], *by_factor[VAE_LATENT]], trained, config)
    return Study(
        answers=(
            _base_answer(compared, config),
            *(_answer(each) for each in compared if each.others),
            *_dead_space_answers(spaces),
        ),
        tables=(*(_table(each) for each in compared), _dead_space_table(spaces)),
        details={
            "factors": {each.factor: each.details() for each in compared},
            "dead_space": [each.to_dict() for each in spaces],
        },
    )


def _dead_spaces(
    place: Place, settings: Sequence[Setting], trained: Mapping[str, TrainedArm], config: Config
) -> list[DeadSpace]:
    """Of each latent space, by the seeds that all networks have; the smallest of a family first."""
    training, test = (place.data.load(config.category, split) for split in ("train", "test"))
    found = []
    for number, setting in enumerate(settings):
        place.progress("latent spaces", number, len(settings), {})
        models = [trained[setting.arm.name].model(seed) for seed in range(config.seeds)]
        family = models[0].config.family.upper()
        found.append(dead_space(family, models, test, training, size=config.scan_size))
    place.progress("latent spaces", len(settings), len(settings), {})
    return sorted(found, key=lambda each: (each.family, each.latents))


def _base_answer(compared: Sequence[Compared], config: Config) -> str:
    base = compared[0].base
    comparisons = sum(len(each.others) for each in compared)
    differing = sum(len(each.differing) for each in compared)
    return (
        f"The base network (amsgrad, {config.layers} and {config.layers} layers, node factors "
        f"{config.node_factor_generator:g} and {config.node_factor_discriminator:g}, batch {config.batch_size}, 100 "
        f"latents, {config.steps:,} steps) has an excess AUC of {base.excess.text()} ({base.excess.seeds} seeds). Of "
        f"{comparisons} other networks {differing} differ from their base by more than {SIGNIFICANT:g} standard "
        f"deviations; by chance it would be about {comparisons * BY_CHANCE:.0f}."
    )


def _answer(compared: Compared) -> str:
    best = compared.best
    on_grid = compared.factor in GRIDS
    text = f"{_title(compared)}: the lowest excess AUC is that of {best.setting.label}"
    if best is compared.base:
        text += f", the base ({_with_seeds(best.excess)})"
    else:
        text += f" ({_with_seeds(best.excess)}; {compared.from_base(best)} from the base)"
    worse = [each.setting.label for each in compared.worse]
    text += (
        f"; worse than the base are {_list(worse)}." if worse else "; none is seen to be worse than the base."
    )
    return f"{text}{_diagonal(compared)}" if on_grid else text


def _diagonal(compared: Compared) -> str:
    """Whether G should be the larger one."""
    places = [(each.setting.place, each.excess.mean) for each in compared.networks]
    larger = [value for (g, d), value in places if g > d]
    smaller = [value for (g, d), value in places if g < d]
    if not larger or not smaller:
        return ""
    with_large_g, with_large_d = Spread.of(larger), Spread.of(smaller)
    return (
        f" In the mean, networks whose G has more than D ({len(larger)}) have {with_large_g.mean:.4f}, those whose D "
        f"has more ({len(smaller)}) {with_large_d.mean:.4f}: {difference_text(with_large_d, with_large_g)}."
    )


def _table(compared: Compared) -> Table:
    if compared.factor in GRIDS:
        errors = "errors of differences take every network to spread over seeds as the base does"
    else:
        errors = "errors of differences take all networks of the table to spread alike over seeds"
    rows = [
        (
            each.setting.label + (" (base)" if each is compared.base else ""),
            str(each.excess.seeds),
            each.excess.text(),
            "" if each is compared.base else compared.from_base(each),
            each.trained.spread("overlap").text(),
            f"{Spread.of(each.trained.seconds).mean:.1f}",
        )
        for each in compared.networks
    ]
    return Table(
        f"{_title(compared)}: mean ± standard deviation over seeds; {errors}.",
        (
            compared.factor,
            "seeds",
            "excess AUC",
            "difference to the base",
            "overlap",
            "CPU seconds of training",
        ),
        tuple(rows),
    )


def _dead_space_answers(spaces: Sequence[DeadSpace]) -> list[str]:
    out = []
    for family in dict.fromkeys(each.family for each in spaces):
        own = [each for each in spaces if each.family == family]
        small, large = own[0], own[-1]
        least = min(own, key=lambda each: each.sure.mean)
        out.append(
            f"Dead space of the {family}: the BDT calls the muons of {_percent(small.sure)} of latent space surely "
            f"generated with {small.latents} dimensions L, of {_percent(large.sure)} with {large.latents}, and of the "
            f"least, {_percent(least.sure)}, with {least.latents} ({counted(least.sure.seeds, 'seed')}). At sqrt(L) "
            f"from the origin, where latents lie if they are many, its output is {small.profile[1.0].text(2)} with "
            f"{small.latents} and {large.profile[1.0].text(2)} with {large.latents}; at half of it "
            f"{small.profile[0.5].text(2)} and {large.profile[0.5].text(2)}, at twice it "
            f"{small.profile[2.0].text(2)} and {large.profile[2.0].text(2)}."
        )
    return out


def _dead_space_table(spaces: Sequence[DeadSpace]) -> Table:
    rows = [
        (
            f"{each.family}, {each.latents}",
            _percent(each.sure),
            "n/a" if each.coverage is None else each.coverage.text(3),
            "n/a" if each.null_coverage is None else each.null_coverage.text(3),
            *(spread.text(2) for spread in each.profile.values()),
        )
        for each in spaces
    ]
    return Table(
        "Dead space: share of latents whose muons the BDT calls generated with an output above 0.9; share of real "
        "muons with a generated one nearer than their fifth real neighbour, and with another real one; BDT output (1 "
        "for generated) of muons made of latents in random directions at so many times the radius sqrt(L). Mean ± "
        f"standard deviation over {counted(spaces[0].sure.seeds, 'seed')}.",
        (
            "latents",
            "surely generated",
            "coverage",
            "coverage by real ones",
            *(f"r = {radius:g} sqrt(L)" for radius in spaces[0].profile),
        ),
        tuple(rows),
    )


def _title(compared: Compared) -> str:
    text = compared.factor + (" of G and D" if compared.factor in GRIDS else "")
    return text[0].upper() + text[1:]


def _with_seeds(spread: Spread) -> str:
    return f"{spread.text()}, {counted(spread.seeds, 'seed')}"


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _percent(share: Spread) -> str:
    return f"{share.times(100).text(1)}%"
