"""Compare the reference simulation with data, and with other simulations, and put the figures into docs/reference.md.

    python -m scripts.reference_checks [--reference muons_*.root]

The files are full-simulation files with the columns `event` and `origin` and weights per spill of 5e13 protons, from
the prototype of the simulation. Without them that comparison is left out. It takes some minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from benchmarks.record import new_record, save_record
from numpy.typing import NDArray

import muforge as mf
from muforge.reference.cascade import Cascade
from muforge.reference.config import Boosts, SimulationConfig
from muforge.reference.constants import mass, number
from muforge.reference.geometry import Geometry, Slab, geometry
from muforge.reference.hadron_nucleus import HadronNucleus, mean_collisions
from muforge.reference.hard_process import HardProcess
from muforge.reference.heavy_flavour import HardSource
from muforge.reference.interactions import Interactions
from muforge.reference.origin import Origin
from muforge.sample import Sample
from scripts.blocks import replace_block
from scripts.published import in_beryllium, published

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEAM = 400.0
CUT = 10.0
SPILL = number("protons_per_spill_2018")
HADRONS = {211: "π⁺", -211: "π⁻", 321: "K⁺", -321: "K⁻"}

Ratio = tuple[float, float]
"""A value and its error."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--reference", type=Path, nargs="+")
    parser.add_argument("--pot", type=int, default=40_000, help="protons to compare with the files")
    arguments = parser.parse_args()
    record = new_record("python -m scripts.reference_checks --reference FILES")
    record["hadrons in p + Be over data"] = beryllium()
    record["pairs of the cascade over primary ones"] = {
        "nuclei": cascade_factors(on_nucleons=False),
        "single nucleons": cascade_factors(on_nucleons=True),
    }
    record["mean rapidity of J/psi"] = j_psi_rapidity()
    if arguments.reference:
        ours, theirs = like_prototype(arguments.reference, arguments.pot)
        record["ours over the reference files"] = compared(ours, theirs)
    path = save_record(record, "reference-checks")
    replace_block(DOCS / "reference.md", "checks", "\n".join(text(record, path.name)))
    print(path)


def multiplicities(Z: int, A: int, n: int) -> dict[int, float]:
    """Mean numbers of hadrons above the cut in inelastic collisions of protons of 400 GeV with a nucleus."""
    collider = HadronNucleus(frozenset())
    m = mass(2212)
    proton = (2212, 0.0, 0.0, float(np.sqrt(BEAM**2 - m * m)), BEAM, m)
    mean = float(mean_collisions(collider.cross_section(2212, BEAM), A))
    counts: Counter[int] = Counter()
    for _ in range(n):
        found = collider.collide(proton, Z, A, mean, CUT).stable
        counts.update(code for code, *_, e, m in found if e - m > CUT)
    return {kind: counts[kind] / n for kind in HADRONS}


def beryllium(n: int = 5000) -> dict[str, Ratio]:
    """Fast hadrons per collision with Be, over the fit to data, with the statistical error."""
    found = multiplicities(4, 9, n)
    data = dict(zip(HADRONS, (*in_beryllium("pi", CUT), *in_beryllium("K", CUT)), strict=True))
    return {
        name: (found[kind] / data[kind], float(np.sqrt(found[kind] / n)) / data[kind])
        for kind, name in HADRONS.items()
    }


def cascade_factors(*, on_nucleons: bool, protons: int = 3000) -> dict[str, float]:
    """Pairs of charm and of beauty in the whole cascade, over those of primary collisions.

    Arguments:
        on_nucleons: Let every collision be with a single nucleon.
        protons: How many cascades.
    """
    counted: dict[str, list[float]] = {Origin.CHARM.title: [], Origin.BEAUTY.title: []}

    def count(source: HardSource, pdg: int, momentum: tuple[float, float, float]) -> list[Any]:
        if source.origin.title in counted:
            counted[source.origin.title].append(float(np.linalg.norm(momentum)))
        return []

    def one_nucleon(self: Interactions, *arguments: Any) -> Any:
        Z, A, mean = nuclei(self, *arguments)
        return Z, A, np.ones_like(mean)

    nuclei = Interactions.nuclei
    with ExitStack() as stack:
        stack.enter_context(patch.object(HardSource, "muons", count))
        if on_nucleons:
            stack.enter_context(patch.object(Interactions, "nuclei", one_nucleon))
        Cascade(SimulationConfig(boosts=Boosts(charm=1e5, beauty=1e8))).run(1, 0, 0, protons)
    primary = np.sqrt(BEAM**2 - mass(2212) ** 2) - 1e-6
    return {name: len(found) / int((np.array(found) > primary).sum()) for name, found in counted.items()}


def j_psi_rapidity(n: int = 3000) -> dict[str, float]:
    """Mean rapidity between 0.3 and 2 in the nucleon-nucleon frame: ours in p + p, and SHiP's in its thick target."""
    table = published("jpsi_rapidity")["bins"]
    edges = np.array([[low, low + 0.1, value] for low, value in table if low > 0.25])
    data = float(np.average(edges[:, :2].mean(axis=1), weights=edges[:, 2]))
    process = HardProcess(Origin.CHARMONIUM, BEAM)
    m = mass(2212)
    frame = np.arctanh(np.sqrt(BEAM**2 - m * m) / (BEAM + m))
    found = np.array([process.event(2212, 2212, BEAM, 443)[0] for _ in range(n)])
    energy = np.sqrt((found[:, 1:5] ** 2).sum(axis=1))
    rapidity = np.arctanh(found[:, 3] / energy) - frame
    return {"ours": float(rapidity[(rapidity > 0.3) & (rapidity < 2)].mean()), "SHiP": data}


def like_prototype(files: Sequence[Path], pot: int) -> tuple[Sample, Sample]:
    """Ours with the prototype's absorber, and the files' muons; weights per proton.

    The absorber is 500 cm of iron directly behind a target without limit in x and y.
    """
    target = Geometry(
        name="prototype",
        target=geometry("ship-2018").target,
        absorber=(Slab(material="Fe", length=500.0),),
        radius=1e4,
    )
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "ours.parquet"
        config = SimulationConfig(target=target, exit="none")
        mf.simulate(out, pot=pot, seed=5, config=config, format="parquet")
        ours = mf.read(out)
    return _per_proton(ours, pot), _per_proton(mf.read(list(files)), SPILL)


def _per_proton(sample: Sample, protons: float) -> Sample:
    return Sample({**sample.columns, "weight": sample.weight / protons}, protons_on_target=1.0)


def momentum(sample: Sample) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(sample.matrix(("px", "py", "pz")).astype(np.float64), axis=1))


def transverse_momentum(sample: Sample) -> NDArray[np.float64]:
    return np.asarray(np.hypot(sample["px"], sample["py"]), np.float64)


def start_z(sample: Sample) -> NDArray[np.float64]:
    return sample["start_z"].astype(np.float64)


MEANS: dict[str, Callable[[Sample], NDArray[np.float64]]] = {
    "mean p": momentum,
    "mean pT": transverse_momentum,
    "mean start z": start_z,
}


def total(sample: Sample) -> Ratio:
    """Sum of weights and its error, clustered by event."""
    per_event = np.bincount(np.unique(sample["event"], return_inverse=True)[1], sample.weight)
    return float(per_event.sum()), float(np.sqrt((per_event**2).sum()))


def mean_of(sample: Sample, column: Callable[[Sample], NDArray[np.float64]]) -> Ratio:
    """Weighted mean and its error, clustered by event."""
    values, weight = column(sample), sample.weight
    average = float(np.average(values, weights=weight))
    event = np.unique(sample["event"], return_inverse=True)[1]
    per_event = np.bincount(event, weight * (values - average))
    return average, float(np.sqrt((per_event**2).sum()) / weight.sum())


def figures(sample: Sample) -> dict[str, Ratio]:
    """Rate and means, with errors clustered by event."""
    return {"rate": total(sample)} | {name: mean_of(sample, column) for name, column in MEANS.items()}


def part(sample: Sample, origin: Origin, category: int) -> Sample:
    """Muons of an origin and a category."""
    return sample.select((sample["origin"] == origin) & (sample.category == category))


def compared(ours: Sample, theirs: Sample) -> dict[str, dict[str, Ratio]]:
    """Ratios, by origin and category, where both have muons."""
    found = {}
    for origin in (Origin.PION_KAON, Origin.DIMUON_RESONANCE, Origin.PHOTON_CONVERSION, Origin.CHARM):
        for category in (1, 2, 3, 4):
            parts = [part(sample, origin, category) for sample in (ours, theirs)]
            if all(len(one) for one in parts):
                one, two = (figures(each) for each in parts)
                found[f"{origin.title}, category {category}"] = {
                    name: _ratio(one[name], two[name]) for name in one
                }
    return found


def _ratio(one: Ratio, two: Ratio) -> Ratio:
    value = one[0] / two[0]
    return value, value * float(np.hypot(one[1] / one[0], two[1] / two[0]))


def text(record: dict[str, Any], name: str) -> list[str]:
    """The record as Markdown."""
    hadrons = ", ".join(
        f"{hadron} {value:.2f} ± {error:.2f}"
        for hadron, (value, error) in record["hadrons in p + Be over data"].items()
    )
    factors = record["pairs of the cascade over primary ones"]
    rapidity = record["mean rapidity of J/psi"]
    lines = [
        f"Record `benchmarks/records/{name}`, commit `{record['commit'][:12]}`.",
        "",
        f"- Fast hadrons in p + Be at 400 GeV, above 10 GeV, over the fit to NA20's data (good to 10%): {hadrons}.",
        *(
            f"- Pairs of {flavour} in the whole cascade over those of primary collisions: "
            f"{factors['nuclei'][flavour]:.2f}; with single nucleons for nuclei "
            f"{factors['single nucleons'][flavour]:.2f}; SHiP's note {number(f'cascade_factor_{flavour}'):.1f}."
            for flavour in ("charm", "beauty")
        ),
        f"- Mean rapidity of J/psi between 0.3 and 2: {rapidity['ours']:.2f} in p + p; measured in SHiP's thick "
        f"target, where secondaries make some, {rapidity['SHiP']:.2f}.",
    ]
    if "ours over the reference files" in record:
        columns = ["rate", *MEANS]
        lines += [
            "",
            f"| ours over the reference files | {' | '.join(columns)} |",
            f"|---|{'---|' * len(columns)}",
        ]
        for what, ratios in record["ours over the reference files"].items():
            cells = " | ".join(f"{ratios[column][0]:.3f} ± {ratios[column][1]:.3f}" for column in columns)
            lines.append(f"| {what} | {cells} |")
    return lines


if __name__ == "__main__":
    main()
