"""InfoGAN: codes of which muons tell."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor
from torch.nn.functional import cross_entropy

from muforge.models.infogan import InfoGANConfig, InfoGANModel
from tests.models.test_families import box

FLAT: dict[str, Any] = {"shape": "flat", "width": 32, "layers": 2}
CENTRES = torch.tensor([[0.6, 0.6], [-0.6, 0.6], [0.0, -0.7]])


def make(**options: Any) -> InfoGANModel:
    torch.manual_seed(0)
    settings = {
        **{"latent_dimensions": 3, "generator": FLAT, "discriminator": {**FLAT, "dropout": 0.0}},
        **{"categorical": [3], "continuous": 1, "nodes_q": 16, "learning_rate": 0.002, **options},
    }
    return InfoGANModel(InfoGANConfig.model_validate(settings), 2, box(2))


def clusters(n: int) -> Tensor:
    """Three clusters, each a short horizontal line."""
    along = torch.rand(n, 1) * 0.4 - 0.2
    return CENTRES[torch.randint(3, (n,))] + torch.cat([along, 0.03 * torch.randn(n, 1)], dim=1)


def test_a_latent_vector_has_a_number_for_each_code() -> None:
    model = make(categorical=[3, 4], continuous=2)
    assert model.latent_dimensions == 3 + 2 + 2
    assert model.generator(torch.randn(5, 7)).shape == (5, 2)


@pytest.mark.parametrize("options", [{"categorical": [], "continuous": 0}, {"categorical": [1]}])
def test_codes_that_say_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"at least one code|greater than or equal to 2"):
        make(**options)


def test_the_loss_of_q_equals_its_definition() -> None:
    model = make(categorical=[3, 2], continuous=2)
    features, latents = torch.randn(20, 32), model.latents(20, like=torch.zeros(1))
    q = model.recogniser
    logits, means = q(features)
    share = torch.special.ndtr(latents[:, 3:])
    expected = cross_entropy(logits[0], (share[:, 0] * 3).long())
    expected = expected + cross_entropy(logits[1], (share[:, 1] * 2).long())
    expected = expected + ((2 * share[:, 2:] - 1 - means) ** 2).sum(dim=1).mean() / 2
    torch.testing.assert_close(q.loss(features, latents), expected)


def test_q_learns_from_generated_muons_with_d_and_stands_still_for_g() -> None:
    model = make()
    optimisers = model.optimisers()
    own = {id(each) for each in model.recogniser.parameters()}
    assert own <= {id(each) for each in optimisers["discriminator"].param_groups[0]["params"]}
    assert not own & {id(each) for each in optimisers["generator"].param_groups[0]["params"]}
    model.on_real(clusters(20)).loss.backward()  # type: ignore[no-untyped-call]
    assert all(each.grad is None for each in model.recogniser.parameters())
    model.update_generator(clusters(20), optimisers)
    assert all(each.grad is None for each in model.recogniser.parameters())
    model.on_generated(model.latents(20, like=clusters(1))).loss.backward()  # type: ignore[no-untyped-call]
    assert all(each.grad is not None for each in model.recogniser.parameters())


def agreement(model: InfoGANModel, n: int = 1500) -> tuple[float, float]:
    """Share of muons whose cluster is the commonest of their category (distinct clusters only), and the correlation of
    the continuous code with what Q reads off the muon."""
    with torch.no_grad():
        latents = model.latents(n, like=torch.zeros(1))
        muons = model.generator.eval()(latents)
        (category,), continuous = model.recogniser._codes.told(latents)
        means = model.recogniser(model.discriminator.features(muons))[1]
    cluster = torch.cdist(muons, CENTRES).argmin(dim=1)
    counts = torch.bincount(3 * category + cluster, minlength=9).view(3, 3)
    distinct = len(set(counts.argmax(dim=1).tolist())) == 3
    correlation = torch.corrcoef(torch.cat([continuous, means], dim=1).T)[0, 1]
    return float(counts.max(dim=1).values.sum() / n) if distinct else 0.0, float(correlation)


def test_codes_are_recovered_on_planted_clusters() -> None:
    model = make(label_noise=0.0, data_noise=0.02)
    optimisers = model.optimisers()
    before = agreement(model)
    assert before[0] < 0.9
    for _ in range(600):
        losses = model.training_step(clusters(64), optimisers)
    purity, correlation = agreement(model)
    assert purity > 0.95
    assert correlation > 0.8
    assert float(losses["q_loss"]) < 0.3
