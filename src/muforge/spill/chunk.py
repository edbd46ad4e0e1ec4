"""One chunk of a spill, from its address alone."""

from __future__ import annotations

import numpy as np

from muforge.bundle import Bundle
from muforge.rng import Purpose, stream
from muforge.sample import Sample, pdg_code
from muforge.spill.plan import Plan


def make_chunk(bundle: Bundle, plan: Plan, chunk: int) -> Sample:
    """The muons of a chunk, categories mixed, so that any stretch of a spill is a fair sample of it.

    Each muon's weight is the bundle's protons on target over the plan's: their sum estimates what the
    weights of the training data add up to. Each muon is an event of its own.
    """
    rows = {category: count for category, count in plan.rows(chunk).items() if count}
    total = sum(rows.values())
    order = stream(plan.seed, Purpose.SHUFFLE, chunk).permutation(total)
    parts = [
        bundle.model(category).columns(count, stream(plan.seed, Purpose.LATENT, category, chunk))
        for category, count in rows.items()
    ]
    columns = {name: np.concatenate([part[name] for part in parts])[order] for name in bundle.modelled}
    pdg = np.concatenate([np.full(count, pdg_code(category), np.int32) for category, count in rows.items()])
    weight = bundle.protons_on_target / plan.protons_on_target
    extra = {} if bundle.ecut is None else {"ecut": np.full(total, bundle.ecut, np.float32)}
    event = plan.first_row(chunk) + np.arange(total)
    return Sample(
        {"pdg": pdg[order], "weight": np.full(total, weight), "event": event, **columns, **extra},
        protons_on_target=bundle.protons_on_target,
        events_known=False,
    )
