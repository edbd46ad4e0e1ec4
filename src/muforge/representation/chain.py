"""Maps one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from muforge.errors import RepresentationError
from muforge.representation.broaden import Broaden
from muforge.representation.centre import Centre
from muforge.representation.minmax import MinMax
from muforge.representation.polar import Polar
from muforge.representation.protocol import Map, Matrix, Vector
from muforge.representation.quantile import Quantile


class Chain:
    """Applies maps in order; the inverse undoes them in reverse order.

    Arguments:
        maps: One or more maps of the same number of columns.
    """

    kind: ClassVar[str] = "chain"

    def __init__(self, maps: Sequence[Map]) -> None:
        if len({each.dimensions for each in maps}) != 1:
            raise RepresentationError(
                f"chain of maps of {[each.dimensions for each in maps]} columns: expected the same number"
            )
        self.maps = tuple(maps)

    @property
    def dimensions(self) -> int:
        return self.maps[0].dimensions

    def forward(self, x: NDArray[np.floating[Any]]) -> Matrix:
        y = x.astype(np.float64)
        for each in self.maps:
            y = each.forward(y)
        return y

    def inverse(self, y: NDArray[np.floating[Any]]) -> Matrix:
        x = y.astype(np.float64)
        for each in reversed(self.maps):
            x = each.inverse(x)
        return x

    def image(self, low: Vector, high: Vector) -> tuple[Vector, Vector]:
        for each in self.maps:
            low, high = each.image(low, high)
        return low, high

    def state(self) -> dict[str, Any]:
        return {"kind": self.kind, "maps": [each.state() for each in self.maps]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        states = state.get("maps")
        if not isinstance(states, list) or not states:
            raise RepresentationError("map 'chain': constant 'maps' is not a list of maps")
        return cls([map_from_state(each) for each in states])


KINDS: dict[str, type[Map]] = {each.kind: each for each in (MinMax, Centre, Broaden, Polar, Quantile, Chain)}
"""Every kind of map that a representation can hold."""


def map_from_state(state: Any) -> Map:
    """The map that a state describes; raises `RepresentationError` if it describes none."""
    kind = state.get("kind") if isinstance(state, Mapping) else None
    if kind not in KINDS:
        raise RepresentationError(f"map of kind {kind!r}: unknown; known are {', '.join(KINDS)}")
    return KINDS[kind].from_state(state)
