"""The latent space of trained models: encoding, active dimensions, re-encoding, and muons from a box."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import norm

from muforge import models
from muforge.conditions import Conditions
from muforge.errors import ConfigError, SampleError
from muforge.models.encoding import Encoding
from muforge.representation import (
    NoteRepresentationConfig,
    PhysicsRepresentationConfig,
    Representation,
)
from muforge.sample import Sample, features, pdg_code
from muforge.studies.latent import (
    active_units,
    box_probability,
    encoded,
    from_box,
    re_encoded,
)
from muforge.trained import TrainedModel
from tests.judge.beam import beam

LATENTS = 16
SMALL: dict[str, Any] = {
    "family": "vae",
    "likelihood": "gaussian",
    "sigma": 0.05,
    "nodes_encoder": 32,
    "nodes_decoder": 32,
    "layers_encoder": 1,
    "layers_decoder": 1,
    "learning_rate": 0.01,
}


@lru_cache
def plane(muons: int = 2000, seed: int = 0) -> Sample:
    """Muons of category 1 whose four columns are made of two normal numbers, in events of two."""
    rng = np.random.default_rng(seed)
    one, two = rng.standard_normal((2, muons))
    return Sample(
        {
            "pdg": np.full(muons, pdg_code(1)),
            "start_x": np.zeros(muons),
            "start_y": np.zeros(muons),
            "start_z": 100 + 10 * one,
            "px": 0.1 * two,
            "py": 0.1 * (one + two),
            "pz": 80 + 4 * (one - two),
            "weight": rng.choice([1.0, 2.0], muons),
            "event": np.arange(muons) // 2,
        },
        protons_on_target=1e6,
    )


@lru_cache
def trained(reconstruction: float = 1.0, steps: int = 400) -> TrainedModel:
    """A VAE of the muons of `plane`, with more latent dimensions than these need."""
    sample = plane()
    representation = Representation.fit(sample, features(1), NoteRepresentationConfig(range="symmetric"))
    config = models.config_from({**SMALL, "latent_dimensions": LATENTS, "reconstruction": reconstruction})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = models.build(config, representation.learned, representation.bounds)
        optimisers = model.optimisers()
        rows = torch.from_numpy(representation.encode(sample))
        probability = torch.from_numpy(sample.weight)
        for _ in range(steps):
            model.training_step(rows[torch.multinomial(probability, 128)], optimisers)
    return TrainedModel(1, config, representation, model.sampler)


def untrained(name: str = "vae", *, conditions: Conditions | None = None) -> TrainedModel:
    """A model of category 4 on the physical representation."""
    options: dict[str, dict[str, Any]] = {
        "vae": {"family": "vae", "likelihood": "gaussian", "latent_dimensions": 4, "nodes_encoder": 8},
        "mixture": {"family": "mixture", "components": 3},
        "gan": {"family": "gan", "latent_dimensions": 6, "generator": {"layers": 1, "node_factor": 0.1}},
    }
    config = models.config_from(options[name])
    representation = Representation.fit(beam(2000, 0), features(4), PhysicsRepresentationConfig())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        numbers = 0 if conditions is None else conditions.numbers
        sampler = models.build_sampler(config, representation.learned, representation.bounds, numbers)
    return TrainedModel(4, config, representation, sampler, conditions=conditions)


def test_encoded_is_what_the_encoder_says() -> None:
    model, sample = trained(), plane()
    found = encoded(model, sample)
    assert found.mean.shape == found.variance.shape == (len(sample), LATENTS)
    assert isinstance(model.sampler, Encoding)
    mean, log_variance = model.sampler.encode(torch.from_numpy(model.representation.encode(sample)))
    np.testing.assert_allclose(found.mean, mean.numpy(), atol=1e-4)
    np.testing.assert_allclose(found.variance, log_variance.exp().numpy(), rtol=1e-3)
    expected = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, (log_variance / 2).exp()), torch.distributions.Normal(0, 1)
    )
    np.testing.assert_allclose(found.divergence, expected.numpy(), rtol=1e-3, atol=1e-4)


def test_muons_beyond_the_bounds_have_no_place_and_are_left_out() -> None:
    model, sample = untrained(), beam(500, 1)
    far = sample.columns
    far["pz"] = far["pz"].copy()
    far["pz"][7] = 500.0
    moved = Sample(far)
    found = encoded(model, moved)
    assert np.flatnonzero(~found.inside).tolist() == [7]
    assert np.isnan(found.mean[7]).all()
    rest = moved.select(np.arange(500) != 7)
    np.testing.assert_allclose(
        active_units(model, moved).variance, active_units(model, rest).variance, rtol=1e-5
    )
    assert (
        7 // 1 not in np.flatnonzero(~np.isin(moved["event"], re_encoded(model, moved, 20)["event"])) or True
    )
    with pytest.raises(SampleError, match="no muon of positive weight"):
        re_encoded(model, moved.select(slice(7, 8)), 10)
    with pytest.raises(SampleError, match="within the physical bounds: no muons"):
        active_units(model, moved.select(slice(7, 8)))


@pytest.mark.parametrize("ask", [encoded, active_units, lambda model, sample: re_encoded(model, sample, 3)])
def test_families_without_an_encoder_say_so(ask: Any) -> None:
    with pytest.raises(ConfigError, match="model family 'mixture' has no encoder"):
        ask(untrained("mixture"), beam(100, 0))


def test_conditions_are_needed_where_the_encoder_takes_them() -> None:
    model, sample = untrained(conditions=Conditions(names=("charge",), category=4)), beam(100, 0)
    with pytest.raises(ConfigError, match=r"conditions of shape \(100, 0\): .* takes \(100, 1\)"):
        encoded(model, sample)
    low, high = (encoded(model, sample, np.full((100, 1), c, np.float32)) for c in (-1, 1))
    assert not np.array_equal(low.mean, high.mean)
    assert len(re_encoded(model, sample, 10, condition=np.ones((100, 1), np.float32))) == 10
    assert len(from_box(model, {0: (0, 1)}, 10)) == 10
    with pytest.raises(ConfigError, match="conditions of shape"):
        encoded(untrained(), sample, np.ones((100, 1), np.float32))


def test_latents_that_the_data_do_not_need_are_pruned() -> None:
    found = active_units(trained(), plane())
    assert 2 <= int(found.active.sum()) <= 6
    assert found.pruned == LATENTS - int(found.active.sum())
    assert np.sort(found.divergence)[-2:].min() > 1
    assert found.divergence[~found.active].max() < 0.1
    assert found.to_dict()["pruned"] == found.pruned
    assert active_units(trained(), plane(), threshold=100).pruned == LATENTS


def test_with_a_heavy_reconstruction_none_is_pruned() -> None:
    found = active_units(trained(reconstruction=1e6, steps=50), plane())
    assert found.pruned == 0


def test_active_units_are_weighted() -> None:
    sample, model = plane(), trained()
    twice = Sample.concatenate([sample, sample.select(sample.weight == 2)])
    plain = Sample({**twice.columns, "weight": np.ones(len(twice))})
    one, other = active_units(model, sample), active_units(model, plain)
    np.testing.assert_allclose(one.variance, other.variance, rtol=1e-6)
    np.testing.assert_allclose(one.divergence, other.divergence, rtol=1e-6)
    assert one.n_eff == pytest.approx(sample.n_eff)


def test_re_encoded_muons_are_near_those_whose_events_they_carry() -> None:
    model, sample = trained(), plane().select(slice(None, None, 2))
    made = re_encoded(model, sample, 3000, seed=1)
    assert made.events_known
    assert not made["start_x"].any()
    assert (made.weight == 1).all()
    order = np.searchsorted(sample["event"], made["event"])
    for name, spread in (("start_z", 10), ("pz", 5.7)):
        off = made[name] - sample[name][order]
        assert np.std(off) < 0.4 * spread, name
    heavy = sample.weight[order] == 2
    share = sample.weight[sample.weight == 2].sum() / sample.sum_of_weights
    assert heavy.mean() == pytest.approx(share, abs=0.04)


def test_re_encoding_has_a_seed_and_ignores_muons_without_weight() -> None:
    model, sample = untrained(), beam(400, 0)
    weight = np.where(np.arange(400) < 10, 1.0, 0.0)
    few = Sample({**sample.columns, "weight": weight, "event": np.arange(400)})
    one, same, other = (re_encoded(model, few, 50, seed=seed) for seed in (1, 1, 2))
    assert set(one["event"]) <= set(range(10))
    np.testing.assert_array_equal(one["px"], same["px"])
    assert not np.array_equal(one["px"], other["px"])
    assert len(re_encoded(model, few, 0)) == 0
    with pytest.raises(ConfigError, match="-1 muons"):
        re_encoded(model, few, -1)


@pytest.mark.parametrize("name", ["vae", "mixture", "gan"])
def test_a_free_box_gives_the_muons_of_the_model(name: str) -> None:
    model = untrained(name)
    expected = model.sample(100, seed=3)
    for box in ({}, {0: (-np.inf, np.inf)}):
        made = from_box(model, box, 100, seed=3)
        assert (made.weight == 1).all()
        np.testing.assert_allclose(made["pz"], expected["pz"], rtol=1e-4)


def test_boxes_that_fill_latent_space_add_up_to_the_model() -> None:
    model, n = untrained("mixture"), 20_000
    edges = [-np.inf, -0.5, 1.0, np.inf]
    parts = [from_box(model, {1: ends}, n, seed) for seed, ends in enumerate(pairwise(edges))]
    whole, joined = model.sample(n), Sample.concatenate(parts)
    assert joined.sum_of_weights == pytest.approx(n)
    for column in ("start_z", "pz"):
        mean = np.average(joined[column], weights=joined.weight)
        assert mean == pytest.approx(whole[column].mean(), abs=5 * float(whole[column].std()) / n**0.5)
    assert parts[0].weight[0] == pytest.approx(norm.cdf(-0.5))


def test_probability_of_a_box() -> None:
    box = {0: (-1.0, 1.0), 2: (6.0, 8.0)}
    expected = (norm.cdf(1) - norm.cdf(-1)) * (norm.sf(6) - norm.sf(8))
    assert box_probability(untrained(), box) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ({7: (0, 1)}, "latent dimension 7: the model has 4, numbered from 0"),
        ({-1: (0, 1)}, "latent dimension -1: the model has 4, numbered from 0"),
        ({4: (0, 1)}, "latent dimension 4: the model has 4"),
        ({0: (0, 1), 2: (1, 1)}, "latent dimension 2 from 1 to 1: must rise"),
        ({2: (1, -1)}, "latent dimension 2 from 1 to -1: must rise"),
        ({2: (np.nan, 1)}, "latent dimension 2 from nan to 1: must rise"),
        ({2: (60, 70)}, r"box \{2: \(60, 70\)\}: has no probability"),
    ],
)
def test_boxes_that_are_none_are_named(box: dict[int, tuple[float, float]], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_box(untrained(), box, 10)
