"""Muons of one decay together in a spill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import uproot

import muforge as mf
from muforge.bundle import Bundle, save_bundle
from muforge.dataset.store import Dataset
from muforge.errors import BundleError, ConfigError
from muforge.kinematics import MUON_MASS
from muforge.quickstart.tour import PACKAGED_SAMPLE
from muforge.sample import CATEGORIES, Sample
from muforge.spill.generate import Spill, generate_files
from muforge.spill.plan import ROWS_PER_CHUNK
from muforge.training.config import RunConfig
from muforge.training.run import fit

MUONS = 30_000
TWO_CHUNKS = 2 * ROWS_PER_CHUNK
TRAINING = {"batch_size": 256, "monitor_every": 0, "judge_size": 200, "plots": False, "ema_decay": 0.9}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return mf.ingest([PACKAGED_SAMPLE], tmp_path_factory.mktemp("data") / "ds").dataset


@pytest.fixture(scope="module")
def bundle(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    config = RunConfig.from_mapping(
        {
            "model": {"family": "mixture", "components": 2},
            "representation": {"kind": "physics"},
            "training": {**TRAINING, "steps": 30},
            "completion": {
                "model": {"width": 8, "bins": 4, "knots": 6},
                "training": {**TRAINING, "steps": 150},
                "pairs": {**TRAINING, "steps": 60},
            },
        }
    )
    models = {}
    for category in CATEGORIES:
        training, validation = dataset.load(category, "train"), dataset.load(category, "validation")
        models[category] = fit(training, validation, None, category, config).model
    return save_bundle(tmp_path_factory.mktemp("bundle") / "pairs", models, dataset, name="pairs")


@pytest.fixture(scope="module")
def spill(bundle: Bundle) -> Sample:
    return mf.generate(bundle, muons=MUONS, seed=1, pairs=True)


def pairs(sample: Sample) -> tuple[Sample, Sample]:
    """The first and the second muon of each event of two."""
    _, first, count = np.unique(sample["event"], return_index=True, return_counts=True)
    assert set(count) == {1, 2}
    rows = first[count == 2]
    return sample.select(rows), sample.select(rows + 1)


def test_muons_of_an_event_are_one_decay(spill: Sample) -> None:
    one, two = pairs(spill)
    assert len(one) > 500
    np.testing.assert_array_equal(one["pdg"], 13)
    np.testing.assert_array_equal(two["pdg"], -13)
    for name in ("start_x", "start_y", "start_z", "start_t", "parent_pdg", "origin", "weight", "plane_z"):
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)
    assert (one["plane_x"] != two["plane_x"]).all()
    energy = [
        np.sqrt(sum(s[p].astype(float) ** 2 for p in ("px", "py", "pz")) + MUON_MASS**2) for s in (one, two)
    ]
    total = [one[p].astype(float) + two[p] for p in ("px", "py", "pz")]
    mass = np.sqrt(np.maximum(sum(energy) ** 2 - sum(each**2 for each in total), 0))
    assert np.quantile(mass, 0.01) > 2 * MUON_MASS - 0.01
    assert 0.25 < np.median(mass) < 0.8


def test_as_many_pairs_and_muons_as_in_the_data(spill: Sample, dataset: Dataset) -> None:
    one, _ = pairs(spill)
    expected = np.mean(np.concatenate([dataset.load(category)["partner_pz"] != 0 for category in (2, 4)]))
    minus = spill["pdg"] == 13
    assert len(one) / minus.sum() == pytest.approx(expected, rel=0.25)
    assert len(spill) == pytest.approx(MUONS, rel=0.02)


def test_only_decays_that_make_pairs_make_them(spill: Sample) -> None:
    one, _ = pairs(spill)
    assert not np.isin(np.abs(one["parent_pdg"]), (211, 321)).any()


def test_shards_and_threads_change_nothing(bundle: Bundle, tmp_path: Path) -> None:
    files = []
    for name, number in {"one": 1, "two": 2}.items():
        out = tmp_path / f"{name}.root"
        made = generate_files(
            bundle, out, muons=TWO_CHUNKS, seed=4, pairs=True, shards=number, threads=number
        )
        muons = mf.read(list(made.files))
        assert {c: int((muons.category == c).sum()) for c in CATEGORIES} == made.counts
        files.append([uproot.open(file)["pythia8-Geant4"].arrays(library="np") for file in made.files])
    for name in ("event", "px", "x", "id"):
        whole, parts = files[0][0][name], np.concatenate([part[name] for part in files[1]])
        assert whole.tobytes() == parts.tobytes()
    assert mf.formats.metadata_of(tmp_path / "one.root")["pairs"] is True
    assert mf.read([tmp_path / "one.root"]).events_known


def test_an_interrupted_request_goes_on(bundle: Bundle, tmp_path: Path) -> None:
    def request() -> Spill:
        out = tmp_path / "spill.root"
        return generate_files(bundle, out, muons=TWO_CHUNKS, seed=4, pairs=True, shards=2, threads=1)

    whole = request()
    before = whole.files[1].read_bytes()
    whole.files[1].unlink()
    again = request()
    assert again.kept == (whole.files[0],)
    assert again.counts == whole.counts
    assert whole.files[1].read_bytes() == before


def test_without_pairs_muons_are_alone(bundle: Bundle) -> None:
    spill = mf.generate(bundle, muons=1000, seed=1)
    assert len(np.unique(spill["event"])) == len(spill) == 1000
    assert "partner_px" not in spill


def test_a_bundle_without_pairs_says_so(untrained_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="knows no pairs; train with '--preset whole'"):
        mf.generate(untrained_bundle, muons=100, pairs=True)


def test_formats_without_events_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="format 'npy': cannot hold pairs"):
        generate_files(bundle, tmp_path / "muons.npy", muons=100, pairs=True, format="npy")
