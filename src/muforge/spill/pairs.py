"""Muons of one decay together: which of the generated ones have partners, and those."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.bundle import Bundle
from muforge.rng import Purpose, stream
from muforge.sample import PARTNER, PLANE, other_charge

FIRST = (2, 4)
"""Categories whose muons are the first of a pair; the others' that would have partners are such partners."""

Columns = Mapping[str, NDArray[Any]]


def joined(
    bundle: Bundle, parts: Mapping[int, Columns], seed: int, chunk: int
) -> tuple[list[tuple[int, Columns]], NDArray[np.intp]]:
    """Categories and columns of muons in pairs and alone, and the number of the decay of each of their rows.

    A mu- with a partner brings its mu+. A mu+ that would have a partner is left out: it is brought by its mu-. So every
    pair is made once, and each charge's muons remain as many, on average, and as they were.

    Arguments:
        bundle: Which has pairs.
        parts: Columns of the muons drawn, with `PARTNER`, by category.
        seed, chunk: Address of the random numbers.
    """
    out: list[tuple[int, Columns]] = []
    decays: list[NDArray[np.intp]] = []
    first = 0
    for category, columns in parts.items():
        paired = np.logical_or.reduce([columns[name] != 0 for name in PARTNER])
        number = first + np.arange(len(paired))
        first += len(paired)
        if category not in FIRST:
            out.append((category, _rows(columns, ~paired)))
            decays.append(number[~paired])
            continue
        out.append((category, columns))
        decays.append(number)
        if paired.any():
            out.append(
                (other_charge(category), _partners(bundle, category, _rows(columns, paired), seed, chunk))
            )
            decays.append(number[paired])
    return out, np.concatenate(decays)


def _partners(bundle: Bundle, category: int, firsts: Columns, seed: int, chunk: int) -> Columns:
    """The partners: of the same vertex, time, mother and origin, with their own way through the absorber."""
    momentum = dict(zip(("px", "py", "pz"), (firsts[name] for name in PARTNER), strict=True))
    partners = {**firsts, **momentum}
    completion = bundle.model(other_charge(category)).completion
    assert completion is not None
    latent = completion.latents(len(firsts["px"]), stream(seed, Purpose.PAIR, category, chunk))
    made = completion.columns(partners, latent)
    return {**partners, **{name: made[name] for name in PLANE if name in made}}


def _rows(columns: Columns, rows: NDArray[np.bool_]) -> Columns:
    return {name: values[rows] for name, values in columns.items()}


def decays_in_order(order: NDArray[np.int64], decay: NDArray[np.intp]) -> NDArray[np.intp]:
    """The rows in the order of their decays, those of one decay side by side.

    Arguments:
        order: A permutation of the decays.
        decay: Number of each row's decay.
    """
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    return np.argsort(place[decay], kind="stable")
