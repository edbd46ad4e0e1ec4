"""One chunk of a spill, from its address alone."""

from __future__ import annotations

import numpy as np

from muforge.bundle import Bundle
from muforge.rng import Purpose, stream
from muforge.sample import VARIATIONS, Sample, pdg_code
from muforge.spill.pairs import decays_in_order, joined
from muforge.spill.plan import Plan
from muforge.spill.variations import variations


def make_chunk(bundle: Bundle, plan: Plan, chunk: int) -> Sample:
    """The muons of a chunk, categories mixed, so that any stretch of a spill is a fair sample of it.

    Each muon's weight is the bundle's protons on target over the plan's: their sum estimates what the
    weights of the training data add up to. Each muon is an event of its own, or each decay if the plan has pairs.
    """
    drawn = {
        category: bundle.model(category).columns(count, stream(plan.seed, Purpose.LATENT, category, chunk))
        for category, count in plan.rows(chunk).items()
        if count
    }
    if plan.variations:
        drawn = {
            category: {**columns, **variations(bundle, category, columns)}
            for category, columns in drawn.items()
        }
    muons = sum(len(columns["px"]) for columns in drawn.values())
    if plan.pairs:
        parts, decay = joined(bundle, drawn, plan.seed, chunk)
    else:
        parts, decay = list(drawn.items()), np.arange(muons)
    order = decays_in_order(stream(plan.seed, Purpose.SHUFFLE, chunk).permutation(muons), decay)
    names = (*bundle.modelled, *VARIATIONS[: plan.variations])
    columns = {name: np.concatenate([part[name] for _, part in parts])[order] for name in names}
    pdg = np.concatenate([np.full(len(part["px"]), pdg_code(category), np.int32) for category, part in parts])
    weight = bundle.protons_on_target / plan.protons_on_target
    extra = {} if bundle.ecut is None else {"ecut": np.full(len(order), bundle.ecut, np.float32)}
    event = plan.first_row(chunk) + np.cumsum(np.diff(decay[order], prepend=decay[order[:1]]) != 0)
    return Sample(
        {"pdg": pdg[order], "weight": np.full(len(order), weight), "event": event, **columns, **extra},
        protons_on_target=bundle.protons_on_target,
        events_known=plan.pairs,
    )
