"""Models that are told what kind of muon to make: of one category, and one network for several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import muforge as mf
from muforge.bundle import Bundle, save_bundle
from muforge.chain import PhysicalChain
from muforge.conditions import Given
from muforge.dataset.store import Dataset
from muforge.errors import ConfigError, Interrupted
from muforge.quickstart.tour import PACKAGED_SAMPLE
from muforge.spill.generate import generate_files
from muforge.training.categories import fit_categories
from muforge.training.config import RunConfig
from muforge.training.joint import JOINT_NAME
from muforge.training.run import FitResult, fit
from tests.judge.beam import beam
from tests.training.runs import differing, last_state

REGION = {"windows": [{"p": [35, 60], "pt": [0.1, 9]}]}
TRAINING = {
    "steps": 300,
    "batch_size": 128,
    "monitor_every": 0,
    "judge_size": 500,
    "plots": False,
    "ema_decay": 0.9,
}
FLOW = {"family": "flow", "width": 12, "depth": 1, "bins": 6, "knots": 8, "knots_others": 4}
GAN = {
    "family": "gan",
    "latent_dimensions": 4,
    "generator": {"shape": "flat", "width": 8, "layers": 1},
    "discriminator": {"shape": "flat", "width": 8, "layers": 1},
}


def config(model: dict[str, Any], conditions: list[str], kind: str = "physics", **training: Any) -> RunConfig:
    return RunConfig.from_mapping(
        {
            "model": model,
            "representation": {"kind": kind},
            "training": {**TRAINING, **training},
            "conditions": conditions,
            "region": REGION,
        }
    )


def trained(directory: Path | None, **training: Any) -> FitResult:
    samples = [beam(n, seed) for seed, n in enumerate((4000, 1500, 1500))]
    of_flow = config(FLOW, ["dangerous", "rarity"], figure_of_merit="nll", **training)
    return fit(samples[0], samples[1], samples[2], 4, of_flow, directory)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> FitResult:
    return trained(tmp_path_factory.mktemp("told") / "run")


def inside(sample: mf.Sample) -> Any:
    return config(FLOW, ["dangerous"]).region.contains(sample)


def test_dangerous_muons_can_be_asked_for(told: FitResult) -> None:
    model, real = told.model, beam(4000, 0)
    share = real.weight[inside(real)].sum() / real.sum_of_weights
    asked, others = (model.sample(4000, 1, Given(dangerous=flag)) for flag in (True, False))
    assert inside(asked).mean() > 0.8
    assert inside(others).mean() < 0.1
    assert asked.sum_of_weights / 4000 == pytest.approx(share)
    assert (asked.sum_of_weights + others.sum_of_weights) / 4000 == pytest.approx(1)
    plain = model.sample(4000, 1)
    assert (plain.weight == 1).all()
    assert inside(plain).mean() == pytest.approx(share, abs=0.04)


def test_rare_muons_lie_farther_out(told: FitResult) -> None:
    plain, rare = told.model.sample(4000, 1), told.model.sample(4000, 1, Given(rarity=2))
    spread = [np.std(np.log(np.hypot(each["px"], each["py"]))) for each in (plain, rare)]
    assert spread[1] > 1.3 * spread[0]
    assert rare.sum_of_weights / 4000 == pytest.approx(0.0455, abs=1e-4)


def test_fewer_muons_that_are_asked_for_are_a_prefix_of_more(told: FitResult) -> None:
    given = Given(dangerous=True, rarity_spread=2)
    few, many = (told.model.sample(n, 3, given) for n in (100, 3000))
    for name in few.names:
        if name != "event":
            assert np.array_equal(few[name], many[name][:100]), name


def test_conditions_are_kept_in_run_and_bundle(tmp_path: Path) -> None:
    result = trained(tmp_path / "run", steps=5)
    from muforge.training.directory import load_run

    again = load_run(tmp_path / "run").model
    data = dataset(tmp_path)
    bundle = save_bundle(tmp_path / "bundle", {4: result.model}, data, name="told")
    from_bundle = Bundle.load(bundle.directory).model(4)
    given = Given(dangerous=True)
    expected = result.model.sample(50, 1, given)
    for model in (again, from_bundle):
        assert model.conditions == result.model.conditions
        assert np.array_equal(model.sample(50, 1, given)["px"], expected["px"])
    with pytest.raises(ConfigError, match="category 4: its model is conditional, and those are not exported"):
        PhysicalChain(from_bundle)


def test_what_was_not_trained_is_named(told: FitResult) -> None:
    plain = fit(beam(400, 0), beam(200, 1), None, 4, config(FLOW, [], steps=1, judge_size=50)).model
    with pytest.raises(ConfigError, match="condition 'rarity': the model was not trained with any"):
        plain.sample(10, given=Given(rarity=1))
    with pytest.raises(ConfigError, match="density given dangerous, rarity: no conditions are given"):
        told.model.log_prob(beam(10, 0))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"conditions": ["dangerous", "dangerous"]}, "one is there twice"),
        ({"conditions": ["rare"]}, "conditions.0: 'rare'"),
        (
            {"conditions": ["category"], "representation": {"kind": "note", "centre": True}},
            "not with representation",
        ),
        ({"region": {"windows": [{"p": [60, 25], "pt": [2, 3]}]}}, "must rise"),
    ],
)
def test_bad_configurations_are_refused(content: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        RunConfig.from_mapping({"model": GAN, **content})


def dataset(path: Path) -> Dataset:
    return mf.ingest([PACKAGED_SAMPLE], path / "ds").dataset


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return dataset(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize(
    ("model", "kind"),
    [(GAN, "note"), (FLOW, "physics"), ({"family": "flow_matching", "width": 8}, "physics")],
)
def test_one_network_makes_all_categories(
    packaged: Dataset, tmp_path: Path, model: dict[str, Any], kind: str
) -> None:
    own = config(model, ["category"], kind, steps=20, judge_size=50)
    results = fit_categories(packaged, tmp_path, (1, 2, 3, 4), own)
    tensors = [each.model.tensors() for each in results.values()]
    assert not differing(tensors[0], tensors[3])
    for category, result in results.items():
        made = result.model.sample(200, 1)
        assert set(made.category.tolist()) == {category}
        assert np.isfinite(made.matrix(mf.sample.OFF_AXIS_FEATURES)).all()
    assert results[1].judged is not None
    bundle = save_bundle(
        tmp_path / "bundle", {c: r.model for c, r in results.items()}, packaged, name="joint"
    )
    generate_files(bundle, tmp_path / "spill.parquet", muons=2000, format="parquet")
    made = mf.read(tmp_path / "spill.parquet")
    assert set(made.category.tolist()) == {1, 2, 3, 4}


def test_columns_of_the_same_name_lie_in_the_same_place(packaged: Dataset, tmp_path: Path) -> None:
    own = config(GAN, ["category"], "note", steps=5, judge_size=50)
    results = fit_categories(packaged, tmp_path, (1, 3), own)
    places = {
        number: (each.model.conditions.first, each.model.conditions.width)
        for number, each in results.items()
        if each.model.conditions is not None
    }
    assert places == {1: (2, 6), 3: (0, 6)}


def test_a_joint_training_goes_on_where_it_was_interrupted(packaged: Dataset, tmp_path: Path) -> None:
    own = config(GAN, ["charge"], "note", steps=20, judge_size=50, checkpoint_every=5)
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    fit_categories(packaged, one, (3, 4), own)
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 12

    with pytest.raises(Interrupted):
        fit_categories(packaged, two, (3, 4), own, should_stop=stop)
    fit_categories(packaged, two, (3, 4), own, resume=True)
    assert not differing(last_state(one / JOINT_NAME), last_state(two / JOINT_NAME))


def test_the_charge_does_not_tell_columns(packaged: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="have different columns, which the charge does not tell"):
        fit_categories(packaged, tmp_path, (1, 3), config(GAN, ["charge"], "note"))
    with pytest.raises(ConfigError, match="figure_of_merit 'nll'"):
        fit_categories(packaged, tmp_path, (1, 3), config(FLOW, ["category"], figure_of_merit="nll"))


def test_replicas_of_conditional_models_are_refused() -> None:
    from muforge.training.replica import check_replicas

    with pytest.raises(ConfigError, match="nor of conditional ones"):
        check_replicas(config(FLOW, ["dangerous"]))
