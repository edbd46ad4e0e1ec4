"""The gradient that reaches the generator of a GAN, with either loss that it can be given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from muforge.models import build, config_from
from muforge.models.adversarial import D, standing_still
from muforge.models.gan import GANConfig, GANModel
from muforge.models.label_gan import LabelGAN, generator_loss
from muforge.models.optimisers import descend
from muforge.models.precision import torch_settings
from muforge.models.protocol import Bounds
from muforge.representation import Representation
from muforge.rng import Purpose, stream
from muforge.training.batches import WeightedBatches
from muforge.training.checkpoint import load_checkpoint
from muforge.training.directory import LAST_NAME

LATENTS = 1000

ALONE = 1000
"""Steps after which a discriminator that learns alone tells all muons right."""


@dataclass(frozen=True)
class GeneratorGradients:
    """Norms of the generator's gradient.

    Arguments:
        note: With the note's loss, mean -log D(G(z)).
        minimax: With the first one of Goodfellow et al., mean log(1 - D(G(z))), which vanishes with a perfect D.

    References:
        Goodfellow et al., Generative adversarial networks, section 3 | https://arxiv.org/abs/1406.2661
    """

    note: float
    minimax: float


def generator_gradients(model: LabelGAN, latents: Tensor) -> GeneratorGradients:
    """Of a model as it is, its batch normalisation and dropout acting as in training.

    Arguments:
        model: Left as it was, but for the running statistics of its batch normalisation.
        latents: Shape (n, latent dimensions).
    """
    with standing_still(model.discriminator):
        logit = model.discriminator(model.generator(latents))
        losses = generator_loss(logit), -softplus(logit).mean()
        return GeneratorGradients(*(_norm(loss, model) for loss in losses))


@dataclass(frozen=True)
class Alone:
    """What a generator is left with by a discriminator that has learnt alone.

    Arguments:
        right: Share of real and of generated muons that D tells right in its last step.
        before, after: Gradients of the generator, which stays as it starts.
    """

    right: tuple[float, float]
    before: GeneratorGradients
    after: GeneratorGradients


def discriminator_alone(config: GANConfig, batches: WeightedBatches, bounds: Bounds, seed: int) -> Alone:
    """Train D for `ALONE` steps against a G that does not learn.

    Arguments:
        config: Of both networks; G's batch normalisation must be off, or it makes other muons than D has learnt.
        batches: Real muons in network space.
        bounds: Of network space.
        seed: Of weights and latents.
    """
    with torch.random.fork_rng(devices=[]), torch_settings(threads=1, matmul_precision="highest"):
        torch.manual_seed(seed)
        model = GANModel(config, len(bounds[0]), bounds)
        latents = torch.randn(LATENTS, model.latent_dimensions)
        before = generator_gradients(model, latents)
        optimiser = model.optimisers()[D]
        for step in range(ALONE):
            batch = batches.at(step)
            real = model.on_real(batch)
            descend(real.loss, optimiser)
            generated = model.on_generated(model.latents(len(batch), like=batch))
            descend(generated.loss, optimiser)
        right = float((real.logit > 0).float().mean()), float((generated.logit < 0).float().mean())
        return Alone(right, before, generator_gradients(model, latents))


def gradients_of_run(run: Path) -> GeneratorGradients | None:
    """Where a run stands; None if its family has no discriminator of labels.

    Raises:
        TrainingError: The checkpoint is not there, or damaged.
    """
    state = load_checkpoint(run / LAST_NAME)
    model = _restored(state["about"], state["machinery"]["model"])
    if not isinstance(model, LabelGAN):
        return None
    seed = state["about"]["config"]["training"]["seed"]
    normal = stream(seed, Purpose.MONITOR, state["about"]["category"], LATENTS).standard_normal(
        (LATENTS, model.latent_dimensions), "float32"
    )
    with torch.random.fork_rng(devices=[]), torch_settings(threads=1, matmul_precision="highest"):
        torch.manual_seed(seed)
        return generator_gradients(model, torch.from_numpy(normal))


def _restored(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> torch.nn.Module:
    representation = Representation.from_state(about["representation"])
    with torch.random.fork_rng(devices=[]):
        model = build(config_from(about["config"]["model"]), representation.learned, representation.bounds)
    model.load_state_dict(dict(tensors))
    return model


def _norm(loss: Tensor, model: LabelGAN) -> float:
    parameters = list(model.generator.parameters())
    gradients = torch.autograd.grad(loss, parameters, retain_graph=True)
    return float(torch.nn.utils.get_total_norm(gradients))
