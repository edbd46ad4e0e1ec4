"""Muons of one decay together: which of the generated ones have partners, and those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.bundle import Bundle
from muforge.rng import Purpose, stream
from muforge.sample import PARTNER, PLANE, other_charge

FIRST = (2, 4)
"""Categories whose muons are the first of a pair; the others' that would have partners are such partners."""

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Part:
    """Muons of one category in a chunk.

    Arguments:
        category: Theirs.
        number: Of each one's decay in the chunk, shape (n,).
        columns: Each of shape (n,).
    """

    category: int
    number: NDArray[np.int32]
    columns: Columns

    def select(self, rows: NDArray[np.bool_]) -> Part:
        """The rows of a mask."""
        return Part(
            self.category, self.number[rows], {name: each[rows] for name, each in self.columns.items()}
        )


def joined(bundle: Bundle, parts: Sequence[Part], seed: int, chunk: int) -> list[Part]:
    """Muons in pairs and alone; those of one decay have the same number, and the first of them comes first.

    A mu- with a partner brings its mu+. A mu+ that would have a partner is left out: it is brought by its mu-. So every
    pair is made once, and each charge's muons remain as many, on average, and as they were.

    Arguments:
        bundle: Which has pairs.
        parts: The muons drawn, with `PARTNER` among their columns.
        seed, chunk: Address of the random numbers.
    """
    out: list[Part] = []
    for part in parts:
        paired = np.logical_or.reduce([part.columns[name] != 0 for name in PARTNER])
        if part.category not in FIRST:
            out.append(part.select(~paired))
            continue
        out.append(part)
        if paired.any():
            firsts = part.select(paired)
            partners = _partners(bundle, part.category, firsts.columns, seed, chunk)
            out.append(Part(other_charge(part.category), firsts.number, partners))
    return out


def _partners(bundle: Bundle, category: int, firsts: Columns, seed: int, chunk: int) -> Columns:
    """The partners: of the same vertex, time, mother and origin, with their own way through the absorber."""
    momentum = dict(zip(("px", "py", "pz"), (firsts[name] for name in PARTNER), strict=True))
    partners = {**firsts, **momentum}
    completion = bundle.model(other_charge(category)).completion
    assert completion is not None
    latent = completion.latents(len(firsts["px"]), stream(seed, Purpose.PAIR, category, chunk))
    made = completion.columns(partners, latent)
    return {**partners, **{name: made[name] for name in PLANE if name in made}}
