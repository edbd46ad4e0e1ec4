"""The network that tells real muons from generated ones, and what can be done to it."""

from __future__ import annotations

from itertools import islice

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from muforge.models.dense import DenseConfig, dense, hidden_layers


class DiscriminatorConfig(DenseConfig):
    """Hidden layers of the discriminator.

    References:
        Miyato et al., Spectral normalization for generative adversarial networks | https://arxiv.org/abs/1802.05957
        Salimans et al., Improved techniques for training GANs | https://arxiv.org/abs/1606.03498
    """

    dropout: float = Field(
        default=0.25, ge=0, lt=1, description="share of nodes dropped after each hidden layer"
    )
    spectral_norm: bool = Field(
        default=False, description="divide the weights of each layer by their largest singular value"
    )
    minibatch_kernels: int = Field(
        default=0, ge=0, le=1024, description="kernels B of minibatch discrimination; 0 is off"
    )
    minibatch_dimensions: int = Field(
        default=5, ge=1, le=256, description="numbers C by which a kernel tells muons apart"
    )


class Discriminator(nn.Sequential):
    """Hidden layers, minibatch discrimination if there is any, and a layer that gives one logit.

    Batches are always normalised by themselves: a discriminator has no use in evaluation.

    Arguments:
        config: Of the hidden layers.
        inputs: Numbers in an input vector.
    """

    def __init__(self, config: DiscriminatorConfig, inputs: int) -> None:
        hidden = hidden_layers(config, inputs, running_statistics=False)
        nodes, kernels = config.widths[-1], config.minibatch_kernels
        compared = [MinibatchDiscrimination(nodes, kernels, config.minibatch_dimensions)] if kernels else []
        super().__init__(*hidden, *compared, dense(nodes + kernels, 1))
        self._hidden = len(hidden)
        if config.spectral_norm:
            for layer in self:
                if isinstance(layer, nn.Linear):
                    spectral_norm(layer)

    def features(self, x: Tensor) -> Tensor:
        """What the last hidden layer gives, shape (n, nodes)."""
        for layer in islice(self, self._hidden):
            x = layer(x)
        return x

    def judge(self, features: Tensor) -> Tensor:
        """Logits, shape (n, 1), of what `features` gave."""
        for layer in islice(self, self._hidden, None):
            features = layer(features)
        return features


class MinibatchDiscrimination(nn.Module):
    """Adds to the features of each muon how close the others of its batch are to it, so that a collapse is seen.

    With f the features and M = f T of shape (B, C), kernel b adds the mean over the other muons j of
    exp(-sum_c |M_bc - M_jbc|). The paper has the sum, which depends on the number of muons.

    Warning:
        Takes memory in proportion to the square of the batch.

    Arguments:
        features: Numbers in f.
        kernels: B.
        dimensions: C.

    References:
        Salimans et al., Improved techniques for training GANs, section 3.2 | https://arxiv.org/abs/1606.03498
    """

    def __init__(self, features: int, kernels: int, dimensions: int) -> None:
        super().__init__()
        self._kernels = kernels
        self.weight = nn.Parameter(torch.empty(features, kernels * dimensions))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, features: Tensor) -> Tensor:
        """Features with closeness beside them, shape (n, features + kernels)."""
        n = len(features)
        at = (features @ self.weight).view(n, self._kernels, -1)
        distance = (at[:, None] - at[None]).abs().sum(dim=-1)
        closeness = (torch.exp(-distance).sum(dim=1) - 1) / max(n - 1, 1)
        return torch.cat([features, closeness], dim=1)
