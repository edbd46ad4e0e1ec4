"""`TrainedCompletion`: the columns of a category's muons besides their start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor

from muforge.errors import ConfigError
from muforge.models.completion import Completion, CompletionConfig
from muforge.models.precision import torch_settings
from muforge.models.protocol import gaussian_latent
from muforge.models.tensors import check_tensors
from muforge.problem import first_problem
from muforge.representation.completion import Columns, CompletionRepresentation
from muforge.sample import Sample

ROWS_PER_PASS = 1024
"""Rows whose density is computed at once."""


class TrainedCompletion:
    """Gives muons that have a start their time, mother, origin, and state behind the absorber, as far as it knows them.

    Arguments:
        config: The networks' sizes.
        representation: Of the columns.
        network: The conditional distribution; put into evaluation mode here.
    """

    def __init__(
        self, config: CompletionConfig, representation: CompletionRepresentation, network: Completion
    ) -> None:
        self.config = config
        self.representation = representation
        self.network = network.eval().requires_grad_(False)

    def __repr__(self) -> str:
        return f"TrainedCompletion({', '.join(self.representation.columns)})"

    @classmethod
    def restore(
        cls, config: Mapping[str, Any], representation: Mapping[str, Any], tensors: Mapping[str, Tensor]
    ) -> Self:
        """The completion whose `config.model_dump()`, `representation.state()` and `tensors()` are given.

        Raises:
            ConfigError: The configuration is not valid, or tensors are missing, left over or of another shape.
            RepresentationError: The representation is not valid.
        """
        try:
            own = CompletionConfig.model_validate(config)
        except ValidationError as error:
            raise ConfigError(f"completion's configuration: {first_problem(error)}") from None
        fitted = CompletionRepresentation.from_state(representation)
        with torch.random.fork_rng(devices=[]):
            network = fresh_network(own, fitted)
        check_tensors(network.state_dict(), tensors)
        network.load_state_dict(dict(tensors))
        return cls(own, fitted, network)

    @property
    def latent_dimensions(self) -> int:
        """Standard normal numbers that a muon takes."""
        return self.network.latent_dimensions

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def tensors(self) -> dict[str, Tensor]:
        """The network's weights by name, on the CPU."""
        return {name: value.cpu().contiguous() for name, value in self.network.state_dict().items()}

    def latents(self, n: int, rng: np.random.Generator) -> Tensor:
        """Standard normal numbers (n, latent_dimensions) for `columns`."""
        return gaussian_latent(n, self.latent_dimensions, rng)

    def columns(self, start: Columns, latent: Tensor) -> dict[str, NDArray[Any]]:
        """The columns, each of shape (n,), of muons that start as `start` says.

        Arguments:
            start: Columns start_x, start_y, start_z [cm], px, py, pz [GeV], each of shape (n,).
            latent: Standard normal numbers (n, latent_dimensions).
        """
        given = torch.from_numpy(self.representation.encode_start(start)).to(self._device)
        with torch_settings(threads=1, matmul_precision="highest"), torch.inference_mode():
            made = self.network(given, latent.to(self._device))
        return self.representation.decode(start, *(each.cpu().numpy() for each in made))

    def log_prob(self, sample: Sample) -> NDArray[np.float64]:
        """Logarithm of the density in network space given the start, without that of another muon, shape (n,).

        It is minus infinity where the start is beyond the physical bounds or the kind was not seen in training.
        """
        encoded = self.representation.encode(sample)
        rows = np.concatenate(
            [encoded.given, encoded.scores, encoded.kind[:, None].astype(np.float32)], axis=1
        )
        inside = np.isfinite(rows).all(axis=1) & (encoded.kind >= 0)
        out = np.full(len(sample), -np.inf)
        passes = torch.split(torch.from_numpy(rows[inside]).to(self._device), ROWS_PER_PASS)
        with torch_settings(threads=1, matmul_precision="highest"), torch.inference_mode():
            parts = [self.network.log_prob(each) for each in passes]
        out[inside] = torch.cat(parts).cpu().numpy() if inside.any() else []
        return out


def fresh_network(config: CompletionConfig, representation: CompletionRepresentation) -> Completion:
    """The network for a representation, with fresh weights from torch's default generator."""
    return Completion(
        config,
        given=representation.given,
        scores=representation.scores,
        paired=representation.paired,
        pair_scores=representation.pair_scores,
    )
