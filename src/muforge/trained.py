"""`TrainedModel`: one category's generator, from latents to physical columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor, nn

from muforge.conditions import Conditions, Given
from muforge.errors import ConfigError, RepresentationError
from muforge.models import build_sampler, config_from
from muforge.models.density import LOG_NORMAL, Density
from muforge.models.precision import torch_settings
from muforge.models.protocol import Bounds, ModelConfig, gaussian_latent
from muforge.models.tensors import check_tensors
from muforge.problem import first_problem
from muforge.representation import Representation
from muforge.rng import Purpose, stream
from muforge.sample import OFF_AXIS_FEATURES, Sample, features, pdg_code
from muforge.trained_completion import TrainedCompletion

ROWS_PER_PASS = 1024
"""Rows that go through the network at once. Matrix products of other shapes round differently, so a pass is
always full and a shorter request takes its first rows."""

ROWS_PER_STREAM = 65_536
"""Rows of `TrainedModel.sample` that share a random stream."""


class TrainedModel:
    """Generates muons of one category.

    Arguments:
        category: 1 to 4.
        config: The model's configuration.
        representation: Of the category's features.
        sampler: Maps latents of shape (n, latent_dimensions) to network space; put into evaluation mode here.
        completion: What gives the muons further columns, if anything.
        conditions: What the sampler is told beside the latents, if anything.

    Raises:
        RepresentationError: The representation is of other columns than the category's features.
        SampleError: No such category.
    """

    def __init__(
        self,
        category: int,
        config: ModelConfig,
        representation: Representation,
        sampler: nn.Module,
        completion: TrainedCompletion | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        if representation.columns != features(category):
            raise RepresentationError(
                f"category {category} has {len(features(category))} columns ({', '.join(features(category))}), "
                f"the representation has {representation.dimensions} ({', '.join(representation.columns)})"
            )
        self.category = category
        self.config = config
        self.representation = representation
        self.sampler = sampler.eval().requires_grad_(False)
        width = representation.learned if conditions is None else conditions.width
        self.latent_dimensions = config.latents(width or representation.learned)
        self.completion = completion
        self.conditions = conditions

    def __repr__(self) -> str:
        return f"TrainedModel(category {self.category}, {self.config.family}: {', '.join(self.representation.columns)})"

    @classmethod
    def restore(
        cls,
        category: int,
        config: Mapping[str, Any],
        representation: Mapping[str, Any],
        tensors: Mapping[str, Tensor],
        conditions: Mapping[str, Any] | None = None,
    ) -> Self:
        """The model whose `config.model_dump()`, `representation.state()`, `tensors()` and conditions are given.

        Raises:
            ConfigError: A configuration is not valid, or tensors are missing, left over or of another shape.
            RepresentationError: The representation is not valid or of other columns.
        """
        try:
            own = config_from(config)
        except ValidationError as error:
            raise ConfigError(f"model configuration: {first_problem(error)}") from None
        fitted = Representation.from_state(representation)
        told = None if conditions is None else Conditions.restore(conditions)
        width = fitted.learned if told is None or told.width is None else told.width
        if told is not None and told.first + fitted.learned > width:
            raise ConfigError(f"conditions: {fitted.learned} columns from place {told.first} on, of {width}")
        with torch.random.fork_rng(devices=[]):
            bounds = widened(fitted.bounds, width)
            sampler = build_sampler(own, width, bounds, 0 if told is None else told.numbers)
        check_tensors(sampler.state_dict(), tensors)
        sampler.load_state_dict(dict(tensors))
        return cls(category, own, fitted, sampler, conditions=told)

    def completed_by(self, completion: TrainedCompletion) -> Self:
        """The same model, whose muons have the columns of a completion too."""
        return type(self)(
            self.category, self.config, self.representation, self.sampler, completion, self.conditions
        )

    @property
    def made(self) -> tuple[str, ...]:
        """The columns that muons get."""
        return OFF_AXIS_FEATURES + (() if self.completion is None else self.completion.representation.columns)

    def tensors(self) -> dict[str, Tensor]:
        """The sampler's weights and running statistics by name, on the CPU."""
        return {name: value.cpu().contiguous() for name, value in self.sampler.state_dict().items()}

    def columns(self, n: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Physical columns start_x, start_y, start_z [cm], px, py, pz [GeV] of n muons, each of shape (n,).

        A completion adds further ones. Equal generators give equal muons, and fewer muons are a prefix of more.
        Vertices of categories 1 and 2 are on the beam axis: start_x and start_y are zero.
        """
        return self._passes(n, rng, self.completion, None)

    def starts(self, n: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """As `columns`, without those of a completion."""
        return self._passes(n, rng, None, None)

    def sample(self, n: int, seed: int = 0, given: Given | None = None) -> Sample:
        """n muons, each an event of its own. Fewer of the same seed are a prefix of more.

        Their weight is 1, or what `Conditions.draw` says where something is asked of them: the sum of weights is then
        what n muons that nothing is asked of would have there.

        Arguments:
            n: How many.
            seed: Of the latents.
            given: What a conditional model is asked for.

        Raises:
            ConfigError: The seed or the number is out of range, or the model was not trained with a condition.
        """
        if n < 0:
            raise ConfigError(f"{n} muons: must not be negative")
        if given is not None and given.asked and self.conditions is None:
            raise ConfigError(f"condition '{given.asked[0]}': the model was not trained with any")
        parts = [
            self._passes(
                min(ROWS_PER_STREAM, n - start),
                stream(seed, Purpose.LATENT, self.category, start // ROWS_PER_STREAM),
                self.completion,
                given,
            )
            for start in range(0, max(n, 1), ROWS_PER_STREAM)
        ]
        return self.as_sample({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})

    def log_prob(self, sample: Sample, condition: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
        """Logarithm of the density of muons in network space, without the symmetric columns, shape (n,).

        It is minus infinity for muons beyond the physical bounds. Densities of models compare only where the
        representation is the same.

        Arguments:
            sample: Muons.
            condition: Of each, shape (n, numbers), as `FittedConditions.of` gives it, where the model takes one.

        Raises:
            ConfigError: The model's family has no density, or none for this category's columns alone, or it takes
                conditions and none are given.
        """
        if not isinstance(self.sampler, Density):
            raise ConfigError(f"model family '{self.config.family}' has no density")
        matrix = self.representation.encode(sample)[:, : self.representation.learned]
        if self.conditions is not None:
            if self.conditions.width not in (None, self.representation.learned):
                raise ConfigError(
                    f"category {self.category}: one network for categories of more columns has no density of its own"
                )
            if condition is None:
                raise ConfigError(
                    f"density given {', '.join(self.conditions.names)}: no conditions are given"
                )
            matrix = np.concatenate([matrix, condition], axis=1)
        inside = np.isfinite(matrix).all(axis=1)
        out = np.full(len(matrix), -np.inf)
        rows = torch.from_numpy(matrix[inside]).to(next(self.sampler.parameters()).device)
        with torch_settings(threads=1, matmul_precision="highest"), torch.inference_mode():
            parts = [self.sampler.log_prob(part) for part in torch.split(rows, ROWS_PER_PASS)]
        out[inside] = torch.cat(parts).cpu().numpy() if parts else []
        return out

    def density_ratio(self, other: TrainedModel, sample: Sample) -> NDArray[np.float64]:
        """Density of muons in another model over that in this one, shape (n,); its mean over this model is one.

        Arguments:
            other: Whose physical representation has the same front and radius, such as a replica.
            sample: Muons of this model.

        Raises:
            ConfigError: A model's family has no density.
            RepresentationError: A representation is not the physical one, or of another front or radius.
        """
        log_ratio = self.representation.log_ratio(other.representation, sample)
        log_ratio += other._log_dependence(sample) - self._log_dependence(sample)
        return np.asarray(np.where(np.isfinite(log_ratio), np.exp(log_ratio), 0.0))

    def _log_dependence(self, sample: Sample) -> NDArray[np.float64]:
        """Logarithm of the density in network space over that of independent standard normal columns."""
        y = self.representation.encode(sample)[:, : self.representation.learned].astype(np.float64)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.log_prob(sample) + (y**2 / 2 + LOG_NORMAL).sum(axis=1))

    def as_sample(self, columns: Mapping[str, NDArray[Any]]) -> Sample:
        """Columns of this category as a sample, of weight 1 unless that is among them."""
        n = len(columns["start_z"])
        pdg = np.full(n, pdg_code(self.category), np.int32)
        return Sample({"pdg": pdg, "weight": np.ones(n), **columns}, events_known=False)

    def _passes(
        self, n: int, rng: np.random.Generator, completion: TrainedCompletion | None, given: Given | None
    ) -> dict[str, NDArray[Any]]:
        passes = [self._one_pass(rng, completion, given) for _ in range(0, max(n, 1), ROWS_PER_PASS)]
        return {name: np.concatenate([each[name] for each in passes])[:n] for name in passes[0]}

    def _one_pass(
        self, rng: np.random.Generator, completion: TrainedCompletion | None, given: Given | None
    ) -> dict[str, NDArray[Any]]:
        further = 0 if completion is None else completion.latent_dimensions
        told = 0 if self.conditions is None else self.conditions.latents
        sizes = [self.latent_dimensions, self.representation.symmetric, further, told]
        latent = gaussian_latent(ROWS_PER_PASS, sum(sizes), rng)
        own, symmetric, of_completion, of_conditions = torch.split(latent, sizes, dim=1)
        weight = {}
        if self.conditions is not None:
            condition, factor = self.conditions.draw(of_conditions.numpy(), given or Given())
            own = torch.cat([own, torch.from_numpy(condition)], dim=1)
            weight = {"weight": factor} if given is not None else {}
        columns = self.made_of(own, symmetric) | weight
        return columns if completion is None else columns | completion.columns(columns, of_completion)

    def made_of(self, inputs: Tensor, symmetric: Tensor) -> dict[str, NDArray[Any]]:
        """Columns start_x, start_y, start_z [cm], px, py, pz [GeV] of chosen latents, each of shape (n,).

        Arguments:
            inputs: Of the sampler: latents, and conditions beside them, shape (n, latent_dimensions + conditions).
            symmetric: Normal numbers of the columns that are left to symmetry, shape (n, representation.symmetric).
        """
        device = next(self.sampler.parameters()).device
        first = 0 if self.conditions is None else self.conditions.first
        with torch_settings(threads=1, matmul_precision="highest"), torch.inference_mode():
            made = self.sampler(inputs.to(device)).cpu()
        learned = made[:, first : first + self.representation.learned]
        start = self.representation.decode(torch.cat([learned, symmetric], dim=1).numpy())
        on_axis = np.zeros(len(inputs), np.float32)
        return {name: start.get(name, on_axis) for name in OFF_AXIS_FEATURES}


def widened(bounds: Bounds, width: int) -> Bounds:
    """The box of more columns than a representation has, in a network space that has the same ends in all of them."""
    low, high = bounds
    return np.resize(low, width), np.resize(high, width)
