"""The unrolled GAN: no steps are the usual GAN, and steps are seen through."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from muforge.models.gan import GANConfig, GANModel
from muforge.models.label_gan import GENERATED, REAL, generator_loss
from muforge.models.optimisers import descend
from muforge.models.unrolled_gan import UnrolledGANConfig, UnrolledGANModel
from tests.models.test_families import box

FLAT: dict[str, Any] = {"shape": "flat", "width": 16, "layers": 2}
OPTIONS: dict[str, Any] = {
    "latent_dimensions": 4,
    "generator": FLAT,
    "discriminator": {**FLAT, "dropout": 0.2, "batch_norm": True, "spectral_norm": True},
}


def make(**options: Any) -> UnrolledGANModel:
    torch.manual_seed(0)
    return UnrolledGANModel(UnrolledGANConfig.model_validate({**OPTIONS, **options}), 2, box(2))


def real(n: int = 32) -> Tensor:
    return torch.rand(n, 2, generator=torch.Generator().manual_seed(1)) - 0.5


def test_without_steps_it_is_the_usual_gan() -> None:
    torch.manual_seed(0)
    usual: GANModel | UnrolledGANModel = GANModel(GANConfig.model_validate(OPTIONS), 2, box(2))
    unrolled = make(unrolled_steps=0)
    for model in (usual, unrolled):
        torch.manual_seed(1)
        optimisers = model.optimisers()
        for _ in range(3):
            model.training_step(real(), optimisers)
    for key, value in usual.state_dict().items():
        assert torch.equal(value, unrolled.state_dict()[key]), key


def test_steps_change_what_the_generator_learns_and_not_the_discriminator() -> None:
    models = [make(unrolled_steps=steps) for steps in (0, 3)]
    for model in models:
        torch.manual_seed(1)
        model.training_step(real(), model.optimisers())
    usual, unrolled = (dict(model.named_parameters()) for model in models)
    for key in usual:
        assert torch.equal(usual[key], unrolled[key]) == key.startswith("discriminator"), key


@pytest.mark.parametrize("steps", [1, 4])
def test_the_loss_is_that_of_a_discriminator_after_the_steps(steps: int) -> None:
    """Taken by torch's optimiser on the same muons."""
    plain = {"discriminator": {**FLAT, "dropout": 0.0}, "label_noise": 0.0, "data_noise": 0.0}
    model = make(unrolled_steps=steps, learning_rate=0.01, **plain)
    optimisers = model.optimisers()
    descend(model.on_real(real()).loss, optimisers["discriminator"])
    latents = model.latents(64, like=real())
    with torch.no_grad():
        generated = model.generator(latents)
    torch.manual_seed(2)
    model.latents = lambda n, *, like: latents  # type: ignore[method-assign]
    optimisers["generator"].param_groups[0]["lr"] = 0.0
    found = model.update_generator(real(), optimisers)["g_loss"]
    for _ in range(steps):
        losses = (
            model.label_loss(model.discriminator(muons), label)
            for muons, label in ((real(), REAL), (generated, GENERATED))
        )
        descend(sum(losses, torch.zeros(())) / 2, optimisers["discriminator"])
    with torch.no_grad():
        expected = generator_loss(model.discriminator(generated))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_the_gradient_goes_through_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """It differs from that through a discriminator ahead that is taken as given."""
    gradients = []
    for cut in (False, True):
        model = make(unrolled_steps=3, learning_rate=0.01, discriminator={**FLAT, "dropout": 0.0})
        optimisers = model.optimisers()
        descend(model.on_real(real()).loss, optimisers["discriminator"])
        if cut:
            inner = torch.autograd.grad

            def without_graph(*given: Any, inner: Any = inner, **options: Any) -> Any:
                return [each.detach() for each in inner(*given, **options)]

            monkeypatch.setattr(torch.autograd, "grad", without_graph)
        torch.manual_seed(5)
        model.update_generator(real(), optimisers)
        gradients.append(torch.cat([each.grad.flatten() for each in model.generator.parameters()]))  # type: ignore[union-attr]
    through, given = gradients
    assert float((through - given).norm() / given.norm()) > 1e-3
