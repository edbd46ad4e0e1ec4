"""Checks that take minutes: `make test-long`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import muforge as mf
from muforge.reference.config import Boosts, SimulationConfig
from muforge.reference.constants import number
from muforge.reference.geometry import Geometry, Slab, geometry
from muforge.reference.heavy_flavour import HardMuon, HardSource
from muforge.reference.interactions import Interactions
from muforge.reference.origin import Origin
from muforge.reference.simulate import simulate
from muforge.sample import Sample
from tests.shared_data import reference_files

pytestmark = pytest.mark.long
pytest.importorskip("pythia8mc", reason="pythia8mc is not installed (pip install 'muforge[simulate]')")

Column = Callable[[Sample], NDArray[np.float64]]

SPILL = 5e13


def momentum(sample: Sample) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(sample.matrix(("px", "py", "pz")).astype(np.float64), axis=1))


def transverse(sample: Sample) -> NDArray[np.float64]:
    return np.asarray(np.hypot(sample["px"], sample["py"]), np.float64)


def start_z(sample: Sample) -> NDArray[np.float64]:
    return sample["start_z"].astype(np.float64)


COLUMNS: dict[str, Column] = {"p": momentum, "pT": transverse, "z": start_z}


def total(sample: Sample) -> tuple[float, float]:
    """Sum of weights and its error, clustered by event."""
    per_event = np.bincount(np.unique(sample["event"], return_inverse=True)[1], sample.weight)
    return float(per_event.sum()), float(np.sqrt((per_event**2).sum()))


def mean(sample: Sample, column: Column) -> tuple[float, float]:
    """Weighted mean and its error, clustered by event."""
    values, weight = column(sample), sample.weight
    average = float(np.average(values, weights=weight))
    event = np.unique(sample["event"], return_inverse=True)[1]
    per_event = np.bincount(event, weight * (values - average))
    return average, float(np.sqrt((per_event**2).sum()) / weight.sum())


def of_origin(sample: Sample, origin: Origin) -> Sample:
    return sample.select(sample["origin"] == origin)


@pytest.fixture(scope="module")
def boosted_differently(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, Sample]:
    folder = tmp_path_factory.mktemp("boosts")
    tenth = Boosts(**{name: 0.1 * value for name, value in Boosts().model_dump().items()})
    samples = []
    for name, boosts, seed in (("high", Boosts(), 1), ("low", tenth, 2)):
        out = folder / f"{name}.parquet"
        config = SimulationConfig(exit="none", boosts=boosts)
        simulate(out, pot=20_000, seed=seed, config=config, format="parquet")
        samples.append(mf.read(out))
    return samples[0], samples[1]


@pytest.mark.parametrize(
    "origin",
    [Origin.PION_KAON, Origin.DIMUON_RESONANCE, Origin.PHOTON_CONVERSION, Origin.CHARM, Origin.BEAUTY],
)
def test_a_tenth_of_the_boosts_gives_the_same_rates_and_shapes(
    boosted_differently: tuple[Sample, Sample], origin: Origin
) -> None:
    high, low = (of_origin(sample, origin) for sample in boosted_differently)
    assert len(high) > 5 * len(low)
    for one, two in [(total(high), total(low))] + [
        (mean(high, column), mean(low, column)) for column in COLUMNS.values()
    ]:
        assert abs(one[0] - two[0]) < 4 * np.hypot(one[1], two[1])


# What differs from the six reference files, and by how much the figures may differ for it, in parts of the value:
# charge of pi/K: real Mo and W in place of Ag and Au, cross-sections of K+ and K- apart, decays of K and hyperons that
# feed pions: +6% mu+, +2% mu-; light resonances: the same reasons, -2%.
DIFFERENCES = {Origin.PION_KAON: 0.06, Origin.DIMUON_RESONANCE: 0.04}


@pytest.fixture(scope="module")
def reference_and_ours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, Sample]:
    """Ours with the prototype's absorber: 500 cm of iron directly behind a target without limit in x and y."""
    files = reference_files()
    target = geometry("ship-2018")
    like_prototype = Geometry(
        name="prototype", target=target.target, absorber=(Slab(material="Fe", length=500.0),), radius=1e4
    )
    out = tmp_path_factory.mktemp("reference") / "ours.parquet"
    config = SimulationConfig(target=like_prototype, exit="none")
    simulate(out, pot=40_000, seed=5, config=config, format="parquet")
    reference = mf.read(files)
    per_proton = Sample({**reference.columns, "weight": reference.weight / SPILL}, protons_on_target=1.0)
    ours = mf.read(out)
    return per_proton, Sample({**ours.columns, "weight": ours.weight / 40_000}, protons_on_target=1.0)


@pytest.mark.parametrize("origin", list(DIFFERENCES))
@pytest.mark.parametrize("category", [1, 2, 3, 4])
def test_the_reference_files_are_reproduced(
    reference_and_ours: tuple[Sample, Sample], origin: Origin, category: int
) -> None:
    if origin is Origin.PION_KAON and category <= 2:
        assert not (of_origin(reference_and_ours[1], origin).category <= 2).any()
        return
    theirs, ours = (
        chosen.select(chosen.category == category)
        for chosen in (of_origin(sample, origin) for sample in reference_and_ours)
    )
    allowed = DIFFERENCES[origin]
    for one, two in [(total(theirs), total(ours))] + [
        (mean(theirs, column), mean(ours, column)) for column in COLUMNS.values()
    ]:
        assert abs(one[0] - two[0]) < 3 * np.hypot(one[1], two[1]) + allowed * one[0]


def test_primary_charm_is_that_of_the_reference_files(reference_and_ours: tuple[Sample, Sample]) -> None:
    theirs, ours = (
        chosen.select(chosen.category <= 2)
        for chosen in (of_origin(sample, Origin.CHARM) for sample in reference_and_ours)
    )
    one, two = total(theirs), total(ours)
    assert abs(one[0] - two[0]) < 3 * np.hypot(one[1], two[1]) + 0.05 * one[0]


@pytest.mark.parametrize("on_nucleons", [False, True])
def test_charm_and_beauty_of_the_whole_cascade(
    on_nucleons: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pairs of the whole cascade over those of primary collisions.

    The SHiP note has 2.3 and 1.7, of a cascade of collisions with single nucleons, elastic ones included. Nuclei slow
    the cascade down; with single nucleons here too, which have no elastic collisions, the factors are between.
    """
    counted: dict[Origin, list[float]] = {Origin.CHARM: [], Origin.BEAUTY: []}

    def count(source: HardSource, pdg: int, momentum: tuple[float, float, float]) -> list[HardMuon]:
        if source.origin in counted:
            counted[source.origin].append(float(np.linalg.norm(momentum)))
        return []

    def one_nucleon(self: Interactions, *arguments: Any) -> Any:
        Z, A, mean = nuclei(self, *arguments)
        return Z, A, np.ones_like(mean)

    nuclei = Interactions.nuclei
    monkeypatch.setattr(HardSource, "muons", count)
    if on_nucleons:
        monkeypatch.setattr(Interactions, "nuclei", one_nucleon)
    config = SimulationConfig(boosts=Boosts(charm=1e5, beauty=1e8))
    simulate(tmp_path / "x.parquet", pot=3000, config=config, jobs=1, format="parquet")
    factor = {origin: len(momenta) / (np.array(momenta) > 399.9).sum() for origin, momenta in counted.items()}
    charm, beauty = (1.76, 1.28) if on_nucleons else (1.46, 1.11)
    assert factor[Origin.CHARM] == pytest.approx(charm, abs=0.06)
    assert factor[Origin.BEAUTY] == pytest.approx(beauty, abs=0.06)
    assert factor[Origin.CHARM] < number("cascade_factor_charm")
    assert factor[Origin.BEAUTY] < number("cascade_factor_beauty")
