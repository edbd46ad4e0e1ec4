"""Make the figures and tables of docs/reference.md from a simulation.

    python -m scripts.reference_page [--pot 100000] [--jobs 2]

It takes some minutes. Interrupted, the same command goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import muforge as mf
from muforge import report
from muforge.reference.config import SimulationConfig
from muforge.reference.geometry import VACUUM_INDEX, geometry
from muforge.reference.origin import Origin
from muforge.reference.simulate import Progress
from muforge.sample import CATEGORIES, CATEGORY_TITLES, Sample, effective_sample_size
from scripts.blocks import replace_block

DOCS = Path(__file__).resolve().parents[1] / "docs"
FIGURES = DOCS / "reference"
SEED = 1
GROUPS = {
    "pions, kaons, hyperons": (Origin.PION_KAON, Origin.HYPERON),
    "light resonances": (Origin.DIMUON_RESONANCE,),
    "photons, positrons": (Origin.PHOTON_CONVERSION, Origin.POSITRON_ANNIHILATION),
    "charm": (Origin.CHARM,),
    "beauty": (Origin.BEAUTY,),
    "charmonium, Drell-Yan": (Origin.CHARMONIUM, Origin.DRELL_YAN),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pot", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--build", type=Path, default=Path("build/reference-page"))
    arguments = parser.parse_args()
    arguments.build.mkdir(parents=True, exist_ok=True)
    samples = {exit: simulated(arguments, exit) for exit in ("cut", "none")}
    target = geometry()
    stack = target.stack()
    water = target.materials.index("H2O")
    slits = [
        (float(front), float(back))
        for front, back, medium in zip(stack.edges[:-1], stack.edges[1:], stack.material, strict=True)
        if medium in (water, VACUUM_INDEX)
    ]
    FIGURES.mkdir(exist_ok=True)
    figure = report.by_origin(
        samples["cut"],
        {name: [int(origin) for origin in origins] for name, origins in GROUPS.items()},
        z_end=target.target_end + 30,
        slits=slits,
        title=f"muons above 10 GeV at the end of the absorber, {arguments.pot:,} protons",
    )
    report.save(figure, FIGURES / "by_origin.png")
    command = f"`python -m scripts.reference_page --pot {arguments.pot}`"
    text = [
        f"From {arguments.pot:,} protons, seed {SEED} ({command}), errors from the scatter between protons.",
        "",
    ]
    replace_block(DOCS / "reference.md", "yields", "\n".join([*text, *yields(samples)]))


def simulated(arguments: argparse.Namespace, exit: str) -> Sample:
    file: Path = arguments.build / f"{exit}-{arguments.pot}.parquet"
    if not file.is_file():
        config = SimulationConfig.model_validate({"exit": exit})
        mf.simulate(
            file,
            pot=arguments.pot,
            seed=SEED,
            config=config,
            jobs=arguments.jobs,
            format="parquet",
            progress=show,
        )
    return mf.read(file)


def show(state: Progress) -> None:
    print(f"{state.done:,} of {state.protons:,} protons, {state.muons:,} muons", flush=True)


def yields(samples: dict[str, Sample]) -> list[str]:
    """Rows of a table: muons per proton by origin and by category, with and without a cut at the absorber's end."""
    lines = [
        "| muons per proton | above 10 GeV at the end | all that reach the end | muons, N_eff of events (cut) |",
        "|---|---|---|---|",
    ]
    rows: list[tuple[str, list[Origin], Sequence[int]]] = [
        (origin.title, [origin], CATEGORIES) for origin in Origin
    ]
    rows += [(f"category {n}: {name}", list(Origin), (n,)) for n, name in CATEGORY_TITLES.items()]
    for title, origins, categories in rows:
        chosen = {exit: _chosen(sample, origins, categories) for exit, sample in samples.items()}
        cut = chosen["cut"]
        size = f"{len(cut):,}, {_effective_events(cut):,.0f}"
        lines.append(f"| {title} | {_rate(cut)} | {_rate(chosen['none'])} | {size} |")
    return lines


def _chosen(sample: Sample, origins: Sequence[Origin], categories: Sequence[int]) -> Sample:
    rows = np.isin(sample["origin"], list(origins)) & np.isin(sample.category, categories)
    return sample.select(rows)


def _per_event(sample: Sample) -> np.ndarray:
    return np.bincount(np.unique(sample["event"], return_inverse=True)[1], sample.weight)


def _effective_events(sample: Sample) -> float:
    return effective_sample_size(_per_event(sample))


def _rate(sample: Sample) -> str:
    if not len(sample):
        return "0"
    assert sample.protons_on_target is not None
    error = float(np.sqrt((_per_event(sample) ** 2).sum())) / sample.protons_on_target
    value = sample.sum_of_weights / sample.protons_on_target
    exponent = int(np.floor(np.log10(value)))
    return f"({value / 10**exponent:.2f} ± {error / 10**exponent:.2f}) × 10<sup>{exponent}</sup>"


if __name__ == "__main__":
    main()
