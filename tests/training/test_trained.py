"""`TrainedModel`: addressed, prefix-stable generation within physical bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from muforge import models
from muforge import trained as trained_module
from muforge.errors import ConfigError, RepresentationError
from muforge.models import config_from
from muforge.representation import NoteRepresentationConfig, Representation
from muforge.rng import Purpose, stream
from muforge.sample import CATEGORIES, OFF_AXIS_FEATURES, features, pdg_code
from muforge.trained import ROWS_PER_PASS, TrainedModel
from tests.muons import make_sample
from tests.training.runs import TINY_MODEL


def make(category: int = 4, **representation: Any) -> TrainedModel:
    data = make_sample(200, category=category)
    fitted = Representation.fit(data, features(category), NoteRepresentationConfig(**representation))
    config = config_from(TINY_MODEL)
    torch.manual_seed(category)
    sampler = models.build_sampler(config, fitted.dimensions, fitted.bounds)
    return TrainedModel(category, config, fitted, sampler)


@pytest.mark.parametrize("category", CATEGORIES)
def test_muons_of_each_category(category: int) -> None:
    sample = make(category).sample(500, seed=3)
    assert len(sample) == 500
    assert (sample["pdg"] == pdg_code(category)).all()
    assert (sample.category == category).all()
    assert (sample.weight == 1).all()
    assert not sample.events_known
    assert len(np.unique(sample["event"])) == 500
    assert len(np.unique(sample["pz"])) > 490


@pytest.mark.parametrize("options", [{}, {"range": "unit"}, {"centre": True}, {"broaden": False}])
def test_physical_bounds_hold(options: dict[str, Any]) -> None:
    model = make(4, **options)
    with torch.no_grad():
        for weight in model.sampler.parameters():
            weight.mul_(30)
    sample, real = model.sample(3000), make_sample(200, category=4)
    for name in OFF_AXIS_FEATURES:
        assert sample[name].min() >= real[name].min()
        assert sample[name].max() <= real[name].max()
    assert sample["pz"].min() == real["pz"].min()
    assert sample["pz"].max() == real["pz"].max()


@pytest.mark.parametrize("n", [0, 1, 17, ROWS_PER_PASS, ROWS_PER_PASS + 1])
def test_fewer_muons_are_a_prefix_of_more(n: int) -> None:
    model = make()
    many = model.columns(2 * ROWS_PER_PASS + 5, np.random.default_rng(1))
    few = model.columns(n, np.random.default_rng(1))
    for name, values in few.items():
        assert values.shape == (n,)
        assert values.dtype == np.float32
        assert values.tobytes() == many[name][:n].tobytes()


def test_samples_are_made_of_addressed_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained_module, "ROWS_PER_STREAM", 100)
    model = make()
    sample = model.sample(250, seed=7)
    for block, rows in ((0, 100), (1, 100), (2, 50)):
        alone = model.columns(rows, stream(7, Purpose.LATENT, 4, block))
        np.testing.assert_array_equal(sample["px"][100 * block : 100 * block + rows], alone["px"])
    np.testing.assert_array_equal(model.sample(130, seed=7)["pz"], sample["pz"][:130])


def test_seed_and_category_decide() -> None:
    model = make()
    assert model.sample(50, seed=1)["pz"].tobytes() == model.sample(50, seed=1)["pz"].tobytes()
    assert model.sample(50, seed=1)["pz"].tobytes() != model.sample(50, seed=2)["pz"].tobytes()
    with pytest.raises(ConfigError, match="seed -1"):
        model.sample(5, seed=-1)
    with pytest.raises(ConfigError, match="-5 muons: must not be negative"):
        model.sample(-5)


def test_generation_disturbs_nothing_and_is_not_disturbed() -> None:
    model = make()
    before = torch.get_rng_state(), torch.get_num_threads(), torch.get_float32_matmul_precision()
    expected = model.sample(100)["px"].tobytes()
    assert torch.equal(torch.get_rng_state(), before[0])
    torch.set_num_threads(2)
    torch.set_float32_matmul_precision("medium")
    torch.manual_seed(99)
    try:
        assert model.sample(100)["px"].tobytes() == expected
        assert (torch.get_num_threads(), torch.get_float32_matmul_precision()) == (2, "medium")
    finally:
        torch.set_num_threads(before[1])
        torch.set_float32_matmul_precision(before[2])


@pytest.mark.parametrize("category", [1, 4])
def test_restore(category: int) -> None:
    model = make(category, centre=True)
    rng = torch.get_rng_state()
    again = TrainedModel.restore(
        category, model.config.model_dump(mode="json"), model.representation.state(), model.tensors()
    )
    assert torch.equal(torch.get_rng_state(), rng)
    for name, values in model.sample(300).columns.items():
        assert values.tobytes() == again.sample(300)[name].tobytes()


def test_parts_that_do_not_fit_are_refused() -> None:
    model, on_axis = make(4), make(1)
    config, state, tensors = model.config.model_dump(), model.representation.state(), model.tensors()
    with pytest.raises(RepresentationError, match=r"category 1 has 4 columns .* the representation has 6"):
        TrainedModel.restore(1, config, state, tensors)
    with pytest.raises(ConfigError, match=r"tensor '\d+\.(weight|bias)': shape \(4.*expected \(6"):
        TrainedModel.restore(4, config, state, on_axis.tensors())
    with pytest.raises(ConfigError, match=r"tensor '0\.bias': missing"):
        TrainedModel.restore(4, config, state, {k: v for k, v in tensors.items() if k != "0.bias"})
    with pytest.raises(ConfigError, match="tensor 'zz': not part of this model"):
        TrainedModel.restore(4, config, state, {**tensors, "zz": torch.zeros(1)})
    with pytest.raises(ConfigError, match=r"model configuration: generator\.width: -1"):
        TrainedModel.restore(4, config | {"generator": {"width": -1}}, state, tensors)
