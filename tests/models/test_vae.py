"""The variational autoencoder: the note's, its likelihoods, its schedule, and the encoder that stays."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn.functional import binary_cross_entropy

from muforge.errors import ConfigError
from muforge.models.dense import Dropout, dense
from muforge.models.likelihoods import SMALLEST_SIGMA, Folded, Gaussian
from muforge.models.optimisers import make_optimiser
from muforge.models.vae import VAEConfig, VAEModel, VAESampler
from muforge.training.ema import EMA
from tests.models.test_families import box

SMALL: dict[str, Any] = {"latent_dimensions": 3, "nodes_encoder": 16, "nodes_decoder": 16}
EVERYWHERE = (-np.inf, np.inf)


def make(
    dimensions: int = 4, ends: tuple[float, float] = (0, 1), conditions: int = 0, **options: Any
) -> VAEModel:
    torch.manual_seed(0)
    config = VAEConfig.model_validate({**SMALL, **options})
    return VAEModel.build(config, dimensions, box(dimensions, *ends), conditions)


def gaussian(dimensions: int = 4, conditions: int = 0, **options: Any) -> VAEModel:
    return make(dimensions, EVERYWHERE, conditions, likelihood="gaussian", **options)


def unit(rows: int = 50, columns: int = 4) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((rows, columns), np.float32))


def with_zeroed(network: nn.Sequential) -> None:
    """Make a network give zeros, whatever it is given."""
    with torch.no_grad():
        for parameter in network[-1].parameters():
            parameter.zero_()


def test_defaults_are_the_notes() -> None:
    config = VAEConfig()
    assert config.latent_dimensions == 4
    assert (config.learning_rate, config.reconstruction) == (0.001, 1000)
    assert (config.nodes_encoder, config.nodes_decoder) == (100, 100)
    assert (config.layers_encoder, config.layers_decoder) == (3, 3)
    assert (config.likelihood, config.beta, config.beta_warm_up, config.free_bits) == ("bernoulli", 1, 0, 0)
    assert (config.batch_norm, config.dropout) == (False, 0)
    assert config.latents(6) == 4


def _written_out(widths: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for pair in pairwise(widths):
        layers += [dense(*pair), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def test_the_notes_vae_to_the_last_bit() -> None:
    """Three steps of the note's loss, written out here, end in the same weights."""
    model = make(6, latent_dimensions=4, nodes_encoder=100, nodes_decoder=100)
    torch.manual_seed(0)
    encoder, decoder = _written_out([6, 100, 100, 100, 8]), _written_out([4, 100, 100, 100, 6])
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimiser = make_optimiser("amsgrad", parameters, learning_rate=0.001, beta1=0.9)
    own = model.optimisers()
    for step in range(3):
        x = unit(100, 6)
        torch.manual_seed(step)
        losses = model.training_step(x, own)
        torch.manual_seed(step)
        z_mean, z_log_var = encoder(x).chunk(2, dim=1)
        z = z_mean + torch.exp(z_log_var / 2) * torch.randn_like(z_mean)
        logits = decoder(z)
        xent = 6 * nn.functional.binary_cross_entropy_with_logits(logits, x)
        kl = (z_mean * z_mean + z_log_var.exp() - 1 - z_log_var).sum(dim=1).mean() / 2
        optimiser.zero_grad()
        (1000 * xent + kl).backward()
        optimiser.step()
        assert losses == {"reconstruction": xent, "kl": kl}
        direct = 6 * binary_cross_entropy(logits.sigmoid(), x)
        torch.testing.assert_close(xent, direct)
    for mine, reference in zip(model.parameters(), parameters, strict=True):
        assert torch.equal(mine, reference)


@pytest.mark.parametrize("options", [{}, {"likelihood": "bernoulli"}])
@pytest.mark.parametrize("ends", [(-1.0, 1.0), EVERYWHERE])
def test_bits_need_the_unit_box(options: dict[str, Any], ends: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match=r"needs columns in \[0, 1\], give representation.range 'unit'"):
        make(4, ends, **options)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"sigma": 0}, "sigma"),
        ({"sigma": "each"}, "sigma"),
        ({"dropout": 1}, "dropout"),
        ({"beta": -1}, "beta"),
        ({"likelihood": "poisson"}, "likelihood"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        VAEConfig.model_validate(options)


def test_a_gaussian_has_the_evidence_bound_by_default() -> None:
    assert VAEConfig.model_validate({"likelihood": "gaussian"}).reconstruction == 1
    assert VAEConfig.model_validate({"likelihood": "gaussian", "reconstruction": 7}).reconstruction == 7


@pytest.mark.parametrize("network", ["encoder", "decoder"])
def test_order_of_a_hidden_layer(network: str) -> None:
    layers = list(
        getattr(make(batch_norm=True, dropout=0.4, layers_encoder=1, layers_decoder=1).sampler, network)
    )
    assert [type(each) for each in layers] == [nn.Linear, nn.LeakyReLU, nn.BatchNorm1d, Dropout, nn.Linear]
    assert layers[1].negative_slope == 0
    assert layers[3].share == 0.4


@pytest.mark.parametrize("sigma", ["column", "muon", 0.3])
def test_the_gaussian_cost_is_minus_the_log_likelihood(sigma: Any) -> None:
    likelihood = Gaussian(box(3, *EVERYWHERE), sigma)
    given, x = torch.randn(20, likelihood.outputs), torch.randn(20, 3)
    mean, log_sigma = likelihood.parameters_of(given)
    normal: Any = Normal(mean, log_sigma.exp().expand(20, 3))
    expected = -normal.log_prob(x).sum(dim=1).mean()
    torch.testing.assert_close(likelihood.cost(given, x), expected)
    assert torch.equal(mean, given[:, :3])
    if sigma == 0.3:
        torch.testing.assert_close(log_sigma.exp(), torch.full((20, 3), 0.3))


@pytest.mark.parametrize("sigma", ["column", "muon"])
def test_a_learnt_width_has_a_least_value_and_is_else_what_it_says(sigma: Any) -> None:
    likelihood = Gaussian(box(1, *EVERYWHERE), sigma)
    for told, expected in ((-50.0, np.log(SMALLEST_SIGMA)), (2.0, 2.0)):
        if likelihood.width is not None:
            likelihood.width.data.fill_(told)
        given = torch.tensor([[0.0, told][: likelihood.outputs]])
        assert likelihood.parameters_of(given)[1].item() == pytest.approx(expected, abs=2e-3)


def test_sampling_adds_the_noise_of_the_decoder() -> None:
    model = gaussian(2, sigma=0.5)
    with_zeroed(model.sampler.decoder)
    assert model.latent_dimensions == model.config.latents(2) == 3 + 2
    latent = torch.randn(20_000, 5)
    with torch.no_grad():
        drawn = model.sampler(latent)
        latent[:, 3:] = 0
        assert not model.sampler(latent).any()
    assert drawn.std(dim=0).tolist() == pytest.approx([0.5, 0.5], rel=0.03)


def test_in_a_box_noise_is_reflected() -> None:
    low, high = np.array([-1, 0], np.float32), np.array([1, 2], np.float32)
    folded = Folded((low, high))
    x = torch.tensor([[0.5, 0.5], [1.25, -0.5], [-1.5, 2.25], [3.5, 4.5], [-1.0, 2.0]])
    expected = [[0.5, 0.5], [0.75, 0.5], [-0.5, 1.75], [-0.5, 0.5], [-1.0, 2.0]]
    torch.testing.assert_close(folded(x), torch.tensor(expected))
    model = make(2, (-1, 1), likelihood="gaussian", sigma=3.0)
    with torch.no_grad():
        drawn = model.sampler(10 * torch.randn(5000, 5))
    assert float(drawn.abs().max()) <= 1
    assert int((drawn.abs() == 1).sum()) == 0


def test_the_weight_of_the_divergence_grows_from_zero_and_is_kept_by_a_checkpoint() -> None:
    model = gaussian(beta=0.5, beta_warm_up=4)
    optimisers = model.optimisers()
    weights = []
    for _ in range(6):
        weights.append(float(model.beta()))
        model.training_step(unit(), optimisers)
    assert weights == [0, 0.125, 0.25, 0.375, 0.5, 0.5]
    other = gaussian(beta=0.5, beta_warm_up=10)
    other.load_state_dict(model.state_dict())
    assert float(other.beta()) == pytest.approx(0.3)
    assert "step" not in model.sampler.state_dict()


def test_without_weight_the_divergence_moves_nothing() -> None:
    """With a decoder that ignores latents, only the divergence teaches the encoder."""

    def moved(**options: Any) -> bool:
        model = gaussian(**options)
        model.sampler.decoder.requires_grad_(False)
        with_zeroed(model.sampler.decoder)
        first: Any = model.sampler.encoder[0]
        before = first.weight.detach().clone()
        model.training_step(unit(), model.optimisers())
        return not torch.equal(first.weight, before)

    assert moved(beta=1)
    assert not moved(beta=0)
    assert not moved(beta=1, beta_warm_up=10)
    assert moved(beta=1, free_bits=1e-6)
    assert not moved(beta=1, free_bits=100)


def test_encoder_and_decoder_see_the_condition() -> None:
    model = gaussian(2, conditions=1)
    model.training_step(torch.randn(30, 3), model.optimisers())
    with torch.no_grad():
        means = [model.sampler.encode(torch.tensor([[0.1, 0.2, c]]))[0] for c in (0.0, 1.0)]
        made = [model.sampler(torch.tensor([[0.1, 0.2, 0.3, 0.0, 0.0, c]])) for c in (0.0, 1.0)]
    assert means[0].shape == (1, 3)
    assert made[0].shape == (1, 2)
    assert not torch.equal(*means)
    assert not torch.equal(*made)


def test_conditions_are_learnt() -> None:
    """Muons of two conditions at two places come out at the right ones."""
    model = gaussian(1, conditions=1, learning_rate=0.01)
    optimisers = model.optimisers()
    for _ in range(200):
        condition = torch.randint(0, 2, (100, 1)).float()
        x = 4 * condition - 2 + 0.3 * torch.randn(100, 1)
        model.training_step(torch.cat([x, condition], dim=1), optimisers)
    latent = torch.randn(2000, 4)
    with torch.no_grad():
        for value, mean in ((0.0, -2), (1.0, 2)):
            made = model.sampler(torch.cat([latent, torch.full((2000, 1), value)], dim=1))
            assert float(made.mean()) == pytest.approx(mean, abs=0.15)
            assert float(made.std()) == pytest.approx(0.3, abs=0.1)


def test_the_encoder_stays_with_the_sampler_and_is_averaged_but_not_used_to_sample() -> None:
    model = make()
    ema = EMA(model.sampler, 0.9)
    average = ema.average
    assert isinstance(average, VAESampler)
    before = copy.deepcopy(average)
    model.training_step(unit(), model.optimisers())
    ema.update(1)
    x, latent = unit(), torch.randn(50, 3)
    mean, log_variance = average.encode(x)
    assert mean.shape == log_variance.shape == (50, 3)
    assert average.encoded == 3
    assert not torch.equal(mean, before.encode(x)[0])
    made = average(latent)
    with_zeroed(average.encoder)
    assert not average.encode(x)[0].any()
    assert torch.equal(average(latent), made)


@pytest.mark.parametrize("sigma", ["column", "muon"])
def test_it_learns_a_correlated_distribution(sigma: str) -> None:
    """Samples have the width of the data: without the noise of the decoder they would be too narrow."""
    model = gaussian(2, sigma=sigma, learning_rate=0.01, latent_dimensions=2, beta_warm_up=200)
    optimisers = model.optimisers()
    mixing = torch.tensor([[1.0, 0.8], [0.0, 0.6]])
    for _ in range(400):
        model.training_step(torch.randn(200, 2) @ mixing, optimisers)
    with torch.no_grad():
        made = model.sampler.eval()(torch.randn(20_000, 4))
    covariance = torch.cov(made.T)
    torch.testing.assert_close(covariance, mixing.T @ mixing, atol=0.15, rtol=0)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_regularised_networks_train_and_sample_alike_in_any_company(likelihood: str) -> None:
    """In evaluation a muon does not depend on the others of its batch."""
    model = make(batch_norm=True, dropout=0.2, likelihood=likelihood, reconstruction=1)
    optimisers = model.optimisers()
    for _ in range(20):
        model.training_step(unit(), optimisers)
    latent = torch.randn(40, model.latent_dimensions)
    with torch.no_grad():
        sampler = model.sampler.eval()
        torch.testing.assert_close(sampler(latent)[:7], sampler(latent[:7]))
