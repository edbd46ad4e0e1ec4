"""The reference simulation as a contestant."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from muforge.bench.contestant import Contestant, Group, Unavailable

PROTONS = 2000
BOOSTS: Mapping[str, float] = {
    "pion": 100,
    "kaon": 100,
    "k_long": 100,
    "charm": 400,
    "dimuon": 12_000,
    "conversion": 12_000,
    "charmonium": 12_000,
    "drell_yan": 12_000,
}
"""As the data sets of docs/models.md have them."""


def simulation() -> list[Contestant]:
    """Weighted muons from Pythia 8 and the transport, on one processor, without the time to start.

    Raises:
        Unavailable: Pythia 8 is not installed.
    """
    if find_spec("pythia8mc") is None:
        raise Unavailable("reference simulation", "pip install 'muforge[simulate]'")
    from muforge.reference.cascade import Cascade
    from muforge.reference.chunk import simulated
    from muforge.reference.config import SimulationConfig

    cascade = Cascade(SimulationConfig.model_validate({"boosts": BOOSTS}))

    def run() -> int:
        return len(simulated(cascade, 1, 0, 0, PROTONS))

    return [Contestant("boosted, 1 core", Group.simulation, run(), run)]
