"""Build the muon tables of the reference simulation, `muforge/reference/tables/muons.npz`, with PUMAS.

    python -m scripts.build_muon_tables [--workers 2]

Takes every material of the table of constants and about 40 seconds of one core for each element in
it. Needs `mulder` (PyPI, 0.3.7), which carries PUMAS.

For each material, on a grid uniform in the logarithm of the kinetic energy:

- `stopping`: mean total stopping power, GeV/cm.
- `soft`: the part of it below the cut, by PUMAS; for a check only.
- `soft_variance`: variance of the losses below the cut, 0.1% of the energy, GeV2/cm.
- `hard`: macroscopic cross-section of losses of more than a fraction `fraction[0]` of the energy, 1/cm.
- `scattering`: inverse transport mean free path, the variance of a projected angle per cm.
- `tail`: on a coarser grid, the part of the hard losses that exceeds each `fraction`.

PUMAS does not hand out its differential cross-sections, but it integrates them for any cut between soft
and hard losses. Cross-sections for a ladder of cuts are the integral spectrum itself; restricted stopping
powers for a ladder of cuts give the second moment below the cut.

References:
    Niess, The PUMAS library | https://doi.org/10.1016/j.cpc.2022.108438
    Sandrock, Soedingrekso, Rhode, radiative cross-sections | https://arxiv.org/abs/1910.07050
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.files import atomic
from muforge.reference.constants import Material, constants, material

Float = NDArray[np.float64]

FILE = Path(__file__).resolve().parents[1] / "src" / "muforge" / "reference" / "tables" / "muons.npz"
CUT = 1e-3
COARSENING = 4
ENERGIES: Float = np.geomspace(0.05, 8000.0, 60 * COARSENING + 1)
FRACTIONS: Float = np.append(np.geomspace(CUT, 0.95, 17), 1.0)
SOFT_CUTS: Float = np.geomspace(CUT / 30, CUT, 4)
SINGLE_SCATTERING = 0.99
"""Elastic collisions are hard beyond the angle at which their mean free path is this part of the transport
mean free path: as close to "none" as PUMAS allows, so that `scattering` holds the whole second moment."""


def composition(entry: Material) -> str:
    """Chemical formula, e.g. H2O."""
    return "".join(name + (str(n) if n > 1 else "") for name, n in entry.elements.items())


def compiled(name: str, cut: float) -> Any:
    """A material's tables in PUMAS for one cut between soft and hard losses."""
    import mulder
    from mulder.materials import Material as PumasMaterial

    entry = material(name)
    label = f"muforge_{name}"
    PumasMaterial.define(label, composition=composition(entry), density=1e3 * entry.density)
    return mulder.Physics(cutoff=cut, elastic_ratio=SINGLE_SCATTERING).compile(label)


def table(name: str) -> dict[str, Float]:
    """All columns of one material; lengths in cm."""
    first = compiled(name, CUT)
    hard = np.array([compiled(name, cut).cross_section(ENERGIES) for cut in FRACTIONS[1:-1]])
    hard = np.vstack([first.cross_section(ENERGIES), hard, np.zeros_like(ENERGIES)]) / 100
    tail = (hard / hard[0]).T[::COARSENING]
    below = [compiled(name, cut).stopping_power(ENERGIES, mode="mixed") for cut in SOFT_CUTS[:-1]]
    soft = np.array([*below, first.stopping_power(ENERGIES, mode="mixed")]) / 100
    return {
        "stopping": first.stopping_power(ENERGIES, mode="continuous") / 100,
        "soft": soft[-1],
        "soft_variance": soft_variance(soft),
        "hard": hard[0],
        "scattering": 1 / (100 * first.transport_path(ENERGIES)),
        "tail": tail,
    }


def soft_variance(soft: Float) -> Float:
    """Variance of the soft losses in GeV2/cm, from their mean for rising cuts of shape (cuts, energies).

    Between two cuts the mean loss is taken as linear in the logarithm of the cut, as for a spectrum that
    falls with the square of the loss; so it is below the lowest cut, which adds a thirtieth.
    """
    slope = np.diff(soft, axis=0) / np.diff(np.log(SOFT_CUTS))[:, None]
    moment = (slope * np.diff(SOFT_CUTS)[:, None]).sum(axis=0) + slope[0] * SOFT_CUTS[0]
    return np.asarray(moment * ENERGIES)


def build(workers: int) -> dict[str, NDArray[Any]]:
    """The arrays of the file."""
    names = list(constants().materials)
    with ProcessPoolExecutor(workers) as pool:
        tables = list(pool.map(table, names))
    columns = {key: np.array([entry[key] for entry in tables], np.float32) for key in tables[0]}
    return {
        "names": np.array(names),
        "kinetic": ENERGIES,
        "fraction": FRACTIONS,
        "coarsening": np.array(COARSENING),
        **columns,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=1)
    arrays = build(parser.parse_args().workers)
    with atomic(FILE) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    print(f"{FILE}: {len(arrays['names'])} materials, {FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
