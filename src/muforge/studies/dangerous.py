"""How are dangerous muons made in numbers, with weights that undo it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from muforge.errors import Interrupted
from muforge.formats import write
from muforge.sample import Sample
from muforge.studies.arms import INTERRUPTED, Arm, TrainedArm, train_arms
from muforge.studies.dangerous_text import answers, gap_table, table
from muforge.studies.enriched import RealMuons, likelihood_gap, measure
from muforge.studies.enriched_findings import Found, OfRegion
from muforge.studies.enriched_spectra import P_EDGES, PT_EDGES, plane, spectra, spectrum_edges
from muforge.studies.enriching import ASKED, ONLY, PLAIN, Config, make, networks
from muforge.studies.protocol import Place, Study
from muforge.trained import TrainedModel

LARGE = Config(
    device="cuda",
    seeds=8,
    flow="flow",
    flow_steps=20_000,
    told_steps=15_000,
    only_steps=2000,
    vae_steps=40_000,
    gan_steps=100_000,
    gan_width=512,
    generated=1_000_000,
    judge_size=50_000,
)

_WITH_DENSITY = (ONLY, "conditional-flow")


def run(place: Place, config: Config) -> Study:
    """Train the networks, enrich each region in each way, and compare with held-out muons."""
    training, validation, test = (
        place.data.load(config.category, split) for split in ("train", "validation", "test")
    )
    held_out = Sample.concatenate([validation, test])
    reals = [RealMuons.of(each.name, each.region, training, held_out) for each in config.regions]
    left_out = {real.name: _left_out(real, config) for real in reals}
    needed = {
        (each.name, method): networks(method, each, config)
        for each in config.regions
        for method in (PLAIN, *config.methods)
        if method not in left_out[each.name]
    }
    arms = {arm.name: arm for each in needed.values() for arm in each}
    trained = train_arms(place, list(arms.values()), config.seeds)
    done = iter(range(len(needed) * config.seeds + 1))

    def step() -> None:
        if place.should_stop():
            raise Interrupted(INTERRUPTED)
        place.progress("measuring", next(done), len(needed) * config.seeds, {})

    regions = []
    for real in reals:
        methods = {name: each for (region, name), each in needed.items() if region == real.name}
        regions.append(_of_region(place, real, methods, trained, left_out[real.name], config, step))
    step()
    return Study(
        answers=answers(regions, config),
        tables=(*(table(each, config) for each in regions), *gap_table(regions, config)),
        details={
            "p_edges": P_EDGES.tolist(),
            "pt_edges": PT_EDGES.tolist(),
            "regions": [_details(each) for each in regions],
        },
    )


def _left_out(real: RealMuons, config: Config) -> dict[str, str]:
    """Methods that cannot be had on a region, and why."""
    if real.region.is_rule:
        return {}
    return dict.fromkeys(
        (method for method in config.methods if method not in ASKED),
        "generated muons do not tell whether they are inside, and are not asked to be",
    )


def _of_region(
    place: Place,
    real: RealMuons,
    methods: Mapping[str, Sequence[Arm]],
    trained: Mapping[str, TrainedArm],
    left_out: Mapping[str, str],
    config: Config,
    step: Callable[[], None],
) -> OfRegion:
    held = real.held_out
    everywhere = Sample.concatenate([real.dangerous, real.dangerous_held_out])
    edges = spectrum_edges(everywhere)
    drawn: dict[str, Any] = {
        "edges": edges,
        "real": {
            "plane": plane(held, held.weight),
            "spectra": spectra(held, real.in_held_out, edges),
        },
    }
    found = []
    for method, own in methods.items():
        arms = [trained[each.name] for each in own]
        measured, gaps = [], []
        for seed in range(config.seeds):
            step()
            models = [each.model(seed) for each in arms]
            enriched = make(method, models, real, config, config.generated, seed)
            result = measure(enriched, real, size=config.judge_size, seed=seed)
            if result is not None:
                measured.append(result)
            if method in _WITH_DENSITY:
                gaps.append(likelihood_gap(models[0], real))
            if seed == 0:
                rows = enriched.inside(real.region)
                drawn[method] = {
                    "plane": plane(enriched.sample, np.ones(len(enriched.sample))),
                    "spectra": None if rows is None else spectra(enriched.sample, rows, edges),
                }
                _write(place, method, models, real, config)
        found.append(
            Found(
                method,
                tuple(sum(each.seconds[seed] for each in arms) for seed in range(config.seeds)),
                tuple(measured),
                tuple(each for each in gaps if each is not None),
            )
        )
    return OfRegion(real, tuple(found), left_out, drawn)


def _write(
    place: Place, method: str, models: Sequence[TrainedModel], real: RealMuons, config: Config
) -> None:
    if config.muons == 0 or method == PLAIN:
        return
    sample = make(method, models, real, config, config.muons, 0).sample
    protons = config.muons / place.data.rate(config.category)
    stated = Sample(sample.columns, protons_on_target=protons, events_known=False)
    write(stated, place.directory / f"enriched-{method}-{real.name}.root", force=True)


def _details(region: OfRegion) -> dict[str, Any]:
    real = region.real
    return {
        "name": real.name,
        "text": real.region.text,
        "windows": [each.model_dump(mode="json") for each in real.region.windows]
        if real.region.is_rule
        else [],
        "share": real.share,
        "n_eff": {"training": real.dangerous.n_eff, "held_out": real.dangerous_held_out.n_eff},
        "expected": list(real.expected),
        "left_out": dict(region.left_out),
        "drawn": region.drawn,
        "methods": [
            {
                "method": each.method,
                "title": each.title,
                "seconds": list(each.seconds),
                "gain": [one.n_eff_inside / real.share for one in each.measured],
                "measured": [one.to_dict() for one in each.measured],
                "gaps": [vars(one) for one in each.gaps],
            }
            for each in region.found
        ],
    }
