"""One chunk of protons, from its address alone, to the muons at the absorber's end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.reference.cascade import Cascade
from muforge.reference.transport import propagate
from muforge.rng import Purpose, stream
from muforge.sample import Sample


def simulated(cascade: Cascade, seed: int, chunk: int, first: int, protons: int) -> Sample:
    """Muons at the end of the absorber, ordered by proton; for the arguments see `Cascade.run`.

    Their weights add up to what these protons make.
    """
    produced = cascade.run(seed, chunk, first, protons)
    arrival = propagate(
        cascade.stack,
        cascade.tables,
        produced.position,
        produced.momentum,
        stream(seed, Purpose.TRANSPORT, chunk),
        minimum=cascade.config.least_at_end,
    )
    rows = np.flatnonzero(arrival.alive)
    rows = rows[np.argsort(produced.event[rows], kind="stable")]
    columns: dict[str, NDArray[Any]] = {
        "pdg": produced.pdg,
        "start_x": produced.position[:, 0],
        "start_y": produced.position[:, 1],
        "start_z": produced.position[:, 2],
        "px": produced.momentum[:, 0],
        "py": produced.momentum[:, 1],
        "pz": produced.momentum[:, 2],
        "weight": produced.weight,
        "event": produced.event,
        "start_t": produced.time,
        "plane_x": arrival.position[:, 0],
        "plane_y": arrival.position[:, 1],
        "plane_z": arrival.position[:, 2],
        "plane_px": arrival.momentum[:, 0],
        "plane_py": arrival.momentum[:, 1],
        "plane_pz": arrival.momentum[:, 2],
        "parent_pdg": produced.parent,
        "origin": produced.origin,
        "decay": produced.decay,
        "ecut": np.full(len(produced), cascade.config.ecut),
    }
    return Sample({name: values[rows] for name, values in columns.items()}, protons_on_target=protons)
