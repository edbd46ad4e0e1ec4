"""The chain against the compiled engine, the exact representation and the bounds of physics."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import ndtri

from muforge.bundle import Bundle
from muforge.chain import PhysicalChain
from muforge.engine.draw import draw
from muforge.errors import ConfigError
from muforge.kinematics import BEAM_MOMENTUM
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.rng import Purpose
from muforge.sample import CATEGORIES, OFF_AXIS_FEATURES
from muforge.spill.engine import Engine
from muforge.trained import TrainedModel
from tests.export.tiny import PHYSICAL, tiny

ROWS = 65_536
SEED = 2**40 + 3
FIRST = 2**33
"""Number of the first muon."""

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(PACKAGED_BUNDLE)


def muons(model: TrainedModel, normal: NDArray[np.float32], turn: NDArray[np.float32]) -> Floats:
    """Columns, shape (6, n)."""
    with torch.inference_mode():
        made = PhysicalChain(model)(torch.from_numpy(normal), torch.from_numpy(turn))
    assert made.dtype == torch.float32
    return np.asarray(made.numpy().T, np.float64)


def drawn(model: TrainedModel) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    numbers = np.arange(ROWS, dtype=np.int32)
    return draw(SEED, Purpose.MUON, FIRST, numbers, model.latent_dimensions)


def momentum_error(found: Floats, expected: Floats) -> Floats:
    """Largest difference of a component, over the momentum."""
    return np.asarray(np.abs(found - expected)[3:].max(axis=0) / np.linalg.norm(expected[3:], axis=0))


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_engine_makes_the_same_muons(bundle: Bundle, category: int) -> None:
    """Both round to float32, the engine in a table's place too: 3e-5 of the momentum and 1e-3 cm at most."""
    model = bundle.model(category)
    found = muons(model, *drawn(model))
    out = np.zeros((len(OFF_AXIS_FEATURES), ROWS), np.float32)
    Engine(bundle, SEED).starts(category, FIRST, np.arange(ROWS, dtype=np.int32), out)
    expected = out.astype(np.float64)
    error = momentum_error(found, expected)
    assert np.quantile(error, 0.999) < 1e-5
    assert error.max() < 3e-5
    radius = model.representation.scores_and_polar()[1].radius
    np.testing.assert_allclose(found[:2], expected[:2], rtol=0, atol=1e-5 * radius)
    np.testing.assert_allclose(found[2], expected[2], rtol=0, atol=1e-3)


@pytest.mark.parametrize("category", CATEGORIES)
def test_tables_are_close_to_the_exact_representation(bundle: Bundle, category: int) -> None:
    """Corners of the quantiles are cut: by 4e-4 of the momentum, 6e-4 of the radius and 0.05 cm of depth at most."""
    model = bundle.model(category)
    normal, turn = drawn(model)
    found = muons(model, normal, turn)
    with torch.inference_mode():
        learned = model.sampler(torch.from_numpy(normal)).numpy()
    score = ndtri(np.maximum(turn.astype(np.float64), 1e-12))
    columns = model.representation.decode(np.concatenate([learned, score[:, None]], axis=1))
    expected = np.stack([columns.get(name, np.zeros(ROWS)) for name in OFF_AXIS_FEATURES]).astype(np.float64)
    error = momentum_error(found, expected)
    assert np.median(error) < 1e-6
    assert error.max() < 1e-3
    apart = np.hypot(*(found - expected)[:2])
    assert (apart <= 2e-3 * np.hypot(*expected[:2])).all()
    depth = np.abs(found - expected)[2]
    assert np.median(depth) < 1e-4
    assert depth.max() < 0.1


@pytest.mark.parametrize("category", [1, 3])
@pytest.mark.parametrize("name", PHYSICAL)
def test_muons_are_within_bounds_even_for_extreme_latents(name: str, category: int) -> None:
    model = tiny(name, category)
    rng = np.random.default_rng(2)
    scale = np.logspace(-1, 1.5, 4000, dtype=np.float32)[:, None]
    normal = scale * rng.standard_normal((4000, model.latent_dimensions), np.float32)
    x, y, z, px, py, pz = muons(model, normal, rng.random(4000, np.float32))
    polar = model.representation.scores_and_polar()[1]
    assert np.isfinite([x, y, z, px, py, pz]).all()
    assert (np.sqrt(px**2 + py**2 + pz**2) < BEAM_MOMENTUM * (1 + 1e-6)).all()
    assert (pz > 0).all()
    assert (z >= np.float32(polar.front)).all()
    assert (np.hypot(x, y) < (polar.radius * (1 + 1e-6) if category == 3 else 1e-30)).all()
    assert len(np.unique(pz)) > 1000


@pytest.mark.parametrize("category", [1, 3])
@pytest.mark.parametrize("name", PHYSICAL)
def test_no_tensor_is_left_on_another_device(name: str, category: int) -> None:
    chain = PhysicalChain(tiny(name, category)).to("meta")
    normal = torch.empty(5, chain.latent_dimensions, device="meta")
    made = chain(normal, torch.empty(5, device="meta"))
    assert (made.device.type, made.shape) == ("meta", (5, 6))


def test_the_model_stays_as_it_was(bundle: Bundle) -> None:
    PhysicalChain(bundle.model(1)).double()
    assert next(bundle.model(1).sampler.parameters()).dtype == torch.float32


def test_another_representation_is_refused(untrained_bundle: Bundle) -> None:
    with pytest.raises(
        ConfigError, match=r"^category 3: model family 'gan' is not on the physical representation$"
    ):
        PhysicalChain(untrained_bundle.model(3))


@pytest.mark.parametrize("dimensions", [1, 2, 3, 5, 6, 7, 21])
def test_numbers_are_drawn_one_by_one(dimensions: int) -> None:
    numbers = np.array([3, 65_535, 0, 17, 4], np.int32)
    normal, turn = draw(SEED, Purpose.MUON, FIRST, numbers, dimensions)
    assert (normal.shape, turn.shape) == ((5, dimensions), (5,))
    for row, number in enumerate(numbers):
        alone = draw(SEED, Purpose.MUON, FIRST, np.array([number], np.int32), 22)
        np.testing.assert_array_equal(alone[0][0, :dimensions], normal[row])
        assert alone[1][0] == turn[row]


def test_numbers_are_normal_and_uniform() -> None:
    normal, turn = draw(1, Purpose.MUON, 0, np.arange(ROWS, dtype=np.int32), 6)
    every = np.column_stack([normal, ndtri(turn.astype(np.float64) + 2.0**-25)])
    np.testing.assert_allclose(np.cov(every.T), np.eye(7), rtol=0, atol=6 / np.sqrt(ROWS))
    np.testing.assert_allclose(every.mean(axis=0), 0, rtol=0, atol=5 / np.sqrt(ROWS))
