"""What muons have besides their start: learnt, generated, kept in a bundle, written to FairShip's tree."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import uproot

import muforge as mf
from muforge.bundle import Bundle, save_bundle
from muforge.dataset.store import Dataset
from muforge.errors import BundleError, Interrupted, RepresentationError
from muforge.quickstart.tour import PACKAGED_SAMPLE
from muforge.representation import PhysicsRepresentationConfig
from muforge.representation.completion import CompletionRepresentation
from muforge.rng import Purpose, stream
from muforge.sample import CATEGORIES, FURTHER, PARTNER, PLANE, Sample
from muforge.spill.generate import generate_files
from muforge.trained import TrainedModel
from muforge.trained_completion import TrainedCompletion
from muforge.training.config import RunConfig
from muforge.training.directory import load_run
from muforge.training.run import FitResult, fit
from tests.training.runs import differing, last_state

TRAINING = {"batch_size": 256, "checkpoint_every": 20, "monitor_every": 0, "judge_size": 200, "plots": False}
ROWS = 4000


def config(steps: int = 60) -> RunConfig:
    return RunConfig.from_mapping(
        {
            "model": {"family": "mixture", "components": 3},
            "representation": {"kind": "physics"},
            "training": {**TRAINING, "steps": 30},
            "completion": {
                "model": {"width": 8, "bins": 4, "knots": 6},
                "training": {**TRAINING, "steps": steps, "schedule": "cosine", "ema_decay": 0.9},
                "pairs": {**TRAINING, "steps": 40, "ema_decay": 0.9},
            },
        }
    )


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return mf.ingest([PACKAGED_SAMPLE], tmp_path_factory.mktemp("data") / "ds").dataset


def run(dataset: Dataset, category: int, directory: Path | None = None, **options: Any) -> FitResult:
    parts = [
        dataset.load(category, split).select(slice(0, ROWS)) for split in ("train", "validation", "test")
    ]
    return fit(parts[0], parts[1], parts[2], category, config(), directory, **options)


@pytest.fixture(scope="module")
def models(dataset: Dataset) -> dict[int, TrainedModel]:
    return {category: run(dataset, category).model for category in CATEGORIES}


@pytest.fixture(scope="module")
def bundle(
    dataset: Dataset, models: dict[int, TrainedModel], tmp_path_factory: pytest.TempPathFactory
) -> Bundle:
    return save_bundle(tmp_path_factory.mktemp("bundle") / "whole", models, dataset, name="whole")


def size(sample: Sample, prefix: str = "") -> Any:
    return np.sqrt(sum(sample[f"{prefix}p{axis}"].astype(np.float64) ** 2 for axis in "xyz"))


@pytest.mark.parametrize("category", CATEGORIES)
def test_muons_get_all_that_the_data_have(
    models: dict[int, TrainedModel], dataset: Dataset, category: int
) -> None:
    real, made = dataset.load(category), models[category].sample(3000, seed=1)
    assert {*FURTHER} <= {*made.names}
    assert set(zip(made["parent_pdg"], made["origin"], strict=True)) <= set(
        zip(real["parent_pdg"], real["origin"], strict=True)
    )
    assert np.unique(made["plane_z"]) == np.unique(real["plane_z"])
    assert (size(made, "plane_") < size(made)).all()
    lost = {
        name: float(np.median(size(each) - size(each, "plane_")))
        for name, each in (("made", made), ("real", real))
    }
    assert lost["made"] == pytest.approx(lost["real"], rel=0.25)


def test_time_is_that_of_light_and_more(models: dict[int, TrainedModel], dataset: Dataset) -> None:
    real, made = dataset.load(3), models[3].sample(3000, seed=1)
    late = [each["start_t"] - each["start_z"] / 29.9792458 for each in (real, made)]
    assert np.median(late[1]) == pytest.approx(np.median(late[0]), rel=0.3)
    assert late[1].min() > -1e-5


def test_the_state_behind_the_absorber_follows_from_the_start(models: dict[int, TrainedModel]) -> None:
    made = models[4].sample(3000, seed=1)
    straight = made["start_x"] + made["px"] / made["pz"] * (made["plane_z"] - made["start_z"])
    assert np.corrcoef(straight, made["plane_x"])[0, 1] > 0.8
    assert np.corrcoef(size(made), size(made, "plane_"))[0, 1] > 0.9


def test_training_raises_the_likelihood(dataset: Dataset) -> None:
    validation = dataset.load(4, "validation")
    trained = run(dataset, 4).model.completion
    assert trained is not None
    nothing = {name: torch.zeros_like(each) for name, each in trained.tensors().items()}
    before = TrainedCompletion.restore(trained.config.model_dump(), trained.representation.state(), nothing)
    means = []
    for each in (before, trained):
        log_prob = each.log_prob(validation)
        means.append(np.average(log_prob[np.isfinite(log_prob)]))
    assert means[1] > means[0] + 1


def test_the_density_integrates_to_one() -> None:
    """Over kinds and, on a grid, over a single score."""
    from muforge.models.completion import Completion, CompletionConfig

    torch.manual_seed(0)
    config = CompletionConfig(width=6, knots=4, bins=3)
    network = Completion(config, given=2, scores=1, paired=[False] * 3, pair_scores=0)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    grid = torch.linspace(-9, 9, 4001)
    given = torch.tensor([[0.3, -1.2]]).expand(len(grid), 2)
    with torch.no_grad():
        densities = [
            network.log_prob(torch.cat([given, grid[:, None], torch.full((len(grid), 1), kind)], dim=1)).exp()
            for kind in range(3)
        ]
    total = sum(float(torch.trapezoid(each, grid)) for each in densities)
    assert total == pytest.approx(1, abs=2e-3)
    with torch.no_grad():
        _, kinds, _ = network(given[:1].expand(20_000, 2), torch.randn(20_000, 2))
    shares = torch.bincount(kinds, minlength=3) / len(kinds)
    expected = [float(torch.trapezoid(each, grid)) for each in densities]
    np.testing.assert_allclose(shares, expected, atol=0.02)


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(dataset: Dataset, tmp_path: Path) -> None:
    whole = run(dataset, 1, tmp_path / "whole")
    calls = iter(range(1000))
    with pytest.raises(Interrupted):
        run(dataset, 1, tmp_path / "cut", should_stop=lambda: next(calls) == 25)
    resumed = run(dataset, 1, tmp_path / "cut", resume=True)
    assert not differing(last_state(tmp_path / "whole"), last_state(tmp_path / "cut"))
    kept = load_run(tmp_path / "cut").model
    muons = [model.sample(100, seed=3) for model in (whole.model, resumed.model, kept)]
    for name in FURTHER:
        assert muons[0][name].tobytes() == muons[1][name].tobytes() == muons[2][name].tobytes()


def test_the_bundle_makes_the_same_muons(bundle: Bundle, models: dict[int, TrainedModel]) -> None:
    again = Bundle.load(bundle.directory)
    assert set(again.modelled) >= {*FURTHER}
    for category, model in models.items():
        columns = [
            each.columns(50, stream(1, Purpose.LATENT, category)) for each in (model, again.model(category))
        ]
        for name in FURTHER:
            assert columns[0][name].tobytes() == columns[1][name].tobytes()


def test_every_column_of_fairships_tree_is_filled(bundle: Bundle, tmp_path: Path) -> None:
    file = tmp_path / "spill.root"
    generate_files(bundle, file, muons=2000, seed=2)
    tree = uproot.open(file)["pythia8-Geant4"].arrays(library="np")
    for name in ("x", "y", "z", "px", "py", "pz", "parentid"):
        assert (tree[name] != 0).mean() > 0.99, name
    metadata = mf.formats.metadata_of(file)
    assert metadata["not_modelled"] == []
    assert set(PLANE) <= set(metadata["modelled"])
    muons = mf.read([file])
    assert len(muons) == 2000


def test_a_bundle_with_one_category_incomplete_leaves_the_columns_out(
    dataset: Dataset, models: dict[int, TrainedModel], tmp_path: Path
) -> None:
    bare = TrainedModel(1, models[1].config, models[1].representation, models[1].sampler)
    bundle = save_bundle(tmp_path / "bundle", {**models, 1: bare}, dataset, name="mixed")
    assert not {*bundle.modelled} & {*FURTHER}
    assert "plane_x" not in mf.generate(bundle, muons=100)


def test_a_damaged_completion_is_named(bundle: Bundle, tmp_path: Path) -> None:
    copy = shutil.copytree(bundle.directory, tmp_path / "copy")
    content = json.loads((copy / "bundle.json").read_text(encoding="utf-8"))
    content["categories"]["1"]["completion"]["representation"]["origin"] = "x"
    (copy / "bundle.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BundleError, match="category 1: completion: 'origin' is damaged"):
        Bundle.load(copy).model(1)


def test_data_with_nothing_but_starts_cannot_be_completed(dataset: Dataset) -> None:
    bare = dataset.load(4, "train")
    bare = Sample({name: bare[name] for name in bare.names if name not in (*FURTHER, *PARTNER)})
    with pytest.raises(RepresentationError, match="the data have none of start_t, plane_x"):
        CompletionRepresentation.fit(bare, 4, PhysicsRepresentationConfig())


@pytest.mark.parametrize("left", [("parent_pdg",), PLANE, ("start_t",), ("start_t", "origin"), PARTNER])
def test_any_of_the_columns_will_do(dataset: Dataset, left: tuple[str, ...]) -> None:
    sample = dataset.load(3, "train").select(slice(0, 5000))
    kept = [name for name in sample.names if name not in (*FURTHER, *PARTNER) or name in left]
    sample = Sample({name: sample[name] for name in kept})
    representation = CompletionRepresentation.fit(sample, 3, PhysicsRepresentationConfig())
    assert set(representation.columns) == {*left}
    encoded = representation.encode(sample)
    decoded = representation.decode(sample.columns, encoded.scores, encoded.kind, encoded.pair)
    for name in left:
        np.testing.assert_allclose(decoded[name], sample[name], rtol=1e-3, atol=1e-3 * np.ptp(sample[name]))


def test_a_kind_that_was_not_seen_has_no_density(dataset: Dataset, models: dict[int, TrainedModel]) -> None:
    sample = dataset.load(4, "test").select(slice(0, 10))
    parents = sample["parent_pdg"].copy()
    parents[4] = 999
    completion = models[4].completion
    assert completion is not None
    log_prob = completion.log_prob(Sample({**sample.columns, "parent_pdg": parents}))
    assert list(np.flatnonzero(np.isneginf(log_prob))) == [4]
