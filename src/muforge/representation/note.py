"""The representation of the 2018 note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from muforge.representation.broaden import Broaden
from muforge.representation.centre import Centre
from muforge.representation.chain import Chain
from muforge.representation.minmax import SYMMETRIC, UNIT, MinMax
from muforge.representation.protocol import Map

PEAKED_COLUMNS = ("start_x", "start_y")
BOXES = {"symmetric": SYMMETRIC, "unit": UNIT}


class NoteRepresentationConfig(BaseModel):
    """Which of the note's steps a representation takes.

    References:
        Marshall, GANs and VAEs testing (2018), section 2
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["note"] = "note"
    range: Literal["symmetric", "unit"] = Field(
        default="symmetric", description="network space: 'symmetric' is [-1, 1] (GAN), 'unit' is [0, 1] (VAE)"
    )
    bound: float = Field(
        default=1.0, gt=0, le=1, description="part of the range that the data fill, e.g. 0.9 or 0.97"
    )
    centre: bool = Field(default=False, description="subtract the mean in network space")
    broaden: bool = Field(default=True, description="broaden start_x and start_y, where they are learnt")


def fit_note_chain(
    x: NDArray[np.floating[Any]], weight: ArrayLike, columns: Sequence[str], config: NoteRepresentationConfig
) -> Chain:
    """The note's chain: min-max; for peaked columns broadening and min-max again; mean-centring if asked for.

    Arguments:
        x: Physical columns, shape (n, d).
        weight: Shape (n,).
        columns: Names of the d columns.
        config: Which steps to take.

    Raises:
        RepresentationError: As `fit_data`.
    """
    box = BOXES[config.range]
    peaked = [number for number, name in enumerate(columns) if name in PEAKED_COLUMNS]
    maps: list[Map] = []
    y = np.asarray(x, np.float64)

    def append(each: Map) -> None:
        nonlocal y
        maps.append(each)
        y = each.forward(y)

    if config.broaden and peaked:
        append(MinMax.fit(y, weight, box=box))
        append(Broaden.fit(y, weight, peaked))
    append(MinMax.fit(y, weight, box=box, bound=config.bound))
    if config.centre:
        append(Centre.fit(y, weight))
    return Chain(maps)
