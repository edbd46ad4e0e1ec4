"""Replicas of a run, from training to weights that vary."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from typer.testing import CliRunner

import muforge as mf
from muforge.assess import judge_files
from muforge.bundle import Bundle
from muforge.cli.app import app
from muforge.dataset.store import Dataset
from muforge.errors import BundleError, ConfigError, TrainingError
from muforge.quickstart.tour import PACKAGED_SAMPLE
from muforge.representation import NoteRepresentationConfig, Representation
from muforge.sample import VARIATIONS, features
from muforge.spill.generate import generate_files
from muforge.training.config import RunConfig
from muforge.training.replica import replica_config

REPLICAS = 3
OPTIONS = (
    *("--category", 2, "--steps", 150, "--batch-size", 256, "--jobs", 1),
    *("--set", "training.epochs=null", "--set", "training.judge_size=300", "--set", "training.plots=false"),
    *("--set", "model.width=8", "--set", "model.bins=4", "--set", "model.knots=8"),
)


def muforge(*arguments: Any) -> Any:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return mf.ingest([PACKAGED_SAMPLE], tmp_path_factory.mktemp("data") / "ds").dataset


@pytest.fixture(scope="module")
def run(dataset: Dataset) -> Path:
    out = dataset.directory.parent / "run"
    muforge("train", dataset.directory, "--out", out, "--replicas", REPLICAS, *OPTIONS)
    return out


@pytest.fixture(scope="module")
def bundle(run: Path, dataset: Dataset) -> Bundle:
    muforge("bundle", run, "--data", dataset.directory, "--out", run.parent / "bundle")
    return Bundle.load(run.parent / "bundle")


def test_replicas_are_other_trainings_in_the_same_coordinates(bundle: Bundle) -> None:
    assert len(bundle.replicas) == REPLICAS
    states = [each.model(2).representation.chain.state()["maps"] for each in (bundle, *bundle.replicas)]
    polar, tables = zip(*states, strict=True)
    assert all(each == polar[0] for each in polar)
    assert len({json.dumps(each) for each in tables}) == 1 + REPLICAS
    assert len({each.rates[2] for each in (bundle, *bundle.replicas)}) == 1 + REPLICAS


def test_resuming_a_finished_run_adds_replicas_only(run: Path, dataset: Dataset, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    shutil.rmtree(copy / "replica-3")
    before = (copy / "replica-2/category-2/checkpoints/best.safetensors").read_bytes()
    muforge("train", dataset.directory, "--out", copy, "--replicas", REPLICAS, "--resume", *OPTIONS)
    assert (copy / "replica-2/category-2/checkpoints/best.safetensors").read_bytes() == before
    again = (copy / "replica-3/category-2/checkpoints/best.safetensors").read_bytes()
    assert again == (run / "replica-3/category-2/checkpoints/best.safetensors").read_bytes()


def test_weighted_muons_are_the_replicas_muons(bundle: Bundle) -> None:
    spill = mf.generate(bundle, muons=60_000, seed=1, variations=True)
    edges = np.quantile(spill["pz"], np.linspace(0, 1, 13))
    for number, replica in enumerate(bundle.replicas):
        variation = spill[VARIATIONS[number]].astype(float)
        assert np.isfinite(variation).all()
        assert variation.min() >= 0
        assert variation.mean() == pytest.approx(replica.rates[2] / bundle.rates[2], rel=0.01)
        own = np.histogram(replica.model(2).sample(200_000, seed=9)["pz"], edges)[0] / 200_000
        nominal = np.histogram(bundle.model(2).sample(200_000, seed=9)["pz"], edges)[0] / 200_000
        weighted = np.histogram(spill["pz"], edges, weights=variation)[0] / variation.sum()
        plain = np.histogram(spill["pz"], edges)[0] / len(spill)
        predicted, truth = weighted / plain - 1, own / nominal - 1
        assert np.corrcoef(predicted, truth)[0, 1] > 0.7
        assert np.abs(predicted - truth).max() < 0.05


def test_variations_do_not_change_the_muons(bundle: Bundle, tmp_path: Path) -> None:
    plain = generate_files(bundle, tmp_path / "plain.root", muons=3000, seed=2)
    varied = generate_files(bundle, tmp_path / "varied.root", muons=3000, seed=2, variations=True)
    trees = [uproot.open(each.files[0])["pythia8-Geant4"].arrays(library="np") for each in (plain, varied)]
    assert set(trees[1]) - set(trees[0]) == set(VARIATIONS[:REPLICAS])
    for name in trees[0]:
        assert trees[0][name].tobytes() == trees[1][name].tobytes()
    assert mf.formats.metadata_of(varied.files[0])["variations"] == REPLICAS
    back = mf.read([varied.files[0]])
    np.testing.assert_array_equal(back["variation_2"], trees[1]["variation_2"])


def test_the_judge_tells_the_uncertainty(bundle: Bundle, dataset: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "judged"
    judgement = judge_files(dataset.directory, bundle.directory, out=out, repeats=1, threads=1)
    details = judgement.categories[2].details
    assert details["uncertainty"]["replicas"] == REPLICAS
    assert 0 < details["uncertainty"]["coverage"]["within"] <= 1
    assert details["amplification"]["members"] == 1 + REPLICAS
    assert "Uncertainty of the generator" in (out / "report.html").read_text(encoding="utf-8")


def test_a_bundle_without_replicas_has_no_variations(untrained_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="has no replicas; train with '--replicas 10'"):
        mf.generate(untrained_bundle, muons=10, variations=True)


def test_formats_that_cannot_hold_them_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="format 'hdf5': cannot hold variations; flat, rntuple, parquet can"
    ):
        generate_files(bundle, tmp_path / "muons.h5", muons=10, variations=True, format="hdf5")


def test_a_replica_that_was_changed_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    copy = shutil.copytree(bundle.directory, tmp_path / "bundle")
    with (copy / "replica-2" / "bundle.json").open("a", encoding="utf-8") as file:
        file.write(" ")
    with pytest.raises(BundleError, match=r"replica-2: is not the replica that bundle\.json names"):
        Bundle.load(copy)


def test_what_can_have_no_replicas_is_refused_before_training(dataset: Dataset, tmp_path: Path) -> None:
    for name in ("shared", "gan-2018"):
        out = tmp_path / name
        given = ["train", dataset.directory, "--out", out, "--preset", name, "--replicas", 2]
        done = CliRunner().invoke(app, [str(each) for each in given])
        assert isinstance(done.exception, ConfigError)
        assert "replicas" in str(done.exception)
        assert not out.exists()


def test_other_representations_have_no_replicas(dataset: Dataset) -> None:
    nominal = Representation.fit(dataset.load(2, "train"), features(2), NoteRepresentationConfig())
    with pytest.raises(TrainingError, match=r"replicas need representation\.kind 'physics'"):
        replica_config(RunConfig(), nominal, 1)
