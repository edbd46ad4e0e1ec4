"""One chunk of a spill, from its address alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.bundle import Bundle
from muforge.rng import Purpose, stream
from muforge.sample import OFF_AXIS_FEATURES, VARIATIONS, Sample, pdg_code
from muforge.spill.engine import Engine
from muforge.spill.pairs import Part, joined
from muforge.spill.plan import Plan
from muforge.spill.variations import variations


def make_chunk(bundle: Bundle, engine: Engine, plan: Plan, chunk: int) -> Sample:
    """The muons of a chunk, categories mixed, so that any stretch of a spill is a fair sample of it.

    Each muon's weight is the bundle's protons on target over the plan's: their sum estimates what the
    weights of the training data add up to. Each muon is an event of its own, or each decay if the plan has pairs.

    Arguments:
        bundle, engine: The models.
        plan: What is to be generated.
        chunk: Number of the chunk.
    """
    first, rows = plan.first_row(chunk), plan.rows(chunk)
    position = engine.positions(first, rows)
    codes = np.array([pdg_code(category) for category in engine.categories], np.int32)
    starts = np.zeros((len(OFF_AXIS_FEATURES), rows), np.float32)
    numbers = {
        category: np.flatnonzero(position == place).astype(np.int32)
        for place, category in enumerate(engine.categories)
    }
    for category, own in numbers.items():
        if len(own):
            engine.starts(category, first, own, starts)
    columns = dict(zip(OFF_AXIS_FEATURES, starts, strict=True))
    if not plan.variations and bundle.modelled == OFF_AXIS_FEATURES and not plan.pairs:
        return _sample(bundle, plan, codes[position], first + np.arange(rows), columns)
    parts = [
        Part(
            category,
            own,
            _further(bundle, plan, category, chunk, {name: columns[name][own] for name in columns}),
        )
        for category, own in numbers.items()
        if len(own)
    ]
    if plan.pairs:
        parts = joined(bundle, parts, plan.seed, chunk)
    number = np.concatenate([part.number for part in parts])
    order = np.argsort(number, kind="stable")
    names = (*bundle.modelled, *VARIATIONS[: plan.variations])
    whole = {name: np.concatenate([part.columns[name] for part in parts])[order] for name in names}
    pdg = np.concatenate([np.full(len(part.number), pdg_code(part.category), np.int32) for part in parts])
    return _sample(bundle, plan, pdg[order], first + number[order].astype(np.int64), whole)


def _further(
    bundle: Bundle, plan: Plan, category: int, chunk: int, starts: dict[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Columns of a category with those of its completion and its variations."""
    columns = starts
    if set(bundle.modelled) - set(OFF_AXIS_FEATURES) or plan.pairs:
        completion = bundle.model(category).completion
        assert completion is not None
        latent = completion.latents(len(starts["px"]), stream(plan.seed, Purpose.COMPLETION, category, chunk))
        columns = starts | completion.columns(starts, latent)
    if plan.variations:
        columns = columns | variations(bundle, category, starts)
    return columns


def _sample(
    bundle: Bundle,
    plan: Plan,
    pdg: NDArray[np.int32],
    event: NDArray[np.int64],
    columns: dict[str, NDArray[Any]],
) -> Sample:
    weight = bundle.protons_on_target / plan.protons_on_target
    extra = {} if bundle.ecut is None else {"ecut": np.full(len(pdg), bundle.ecut, np.float32)}
    return Sample(
        {"pdg": pdg, "weight": np.full(len(pdg), weight), "event": event, **columns, **extra},
        protons_on_target=bundle.protons_on_target,
        events_known=plan.pairs,
    )
