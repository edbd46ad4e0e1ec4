"""Where a run stands: everything that changes while it trains, and how it goes into a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor
from torch.optim import Optimizer

from muforge.errors import TrainingError
from muforge.models.protocol import Trainable
from muforge.training.ema import EMA


@dataclass
class Best:
    """The sampler at the monitor call with the best figure of merit so far."""

    step: int
    value: float
    tensors: dict[str, Tensor]


@dataclass
class Progress:
    """What the loop has counted so far.

    `stale` counts monitor calls since the best one; `loss_sums` and `loss_steps` go back to zero at each call.
    """

    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: Best | None = None
    stale: int = 0
    loss_sums: dict[str, float] = field(default_factory=dict)
    loss_steps: int = 0

    def count(self, step: int, losses: Mapping[str, Tensor]) -> dict[str, float]:
        """Note a step's losses and return them as numbers.

        Raises:
            TrainingError: A loss is not finite.
        """
        values = dict(zip(losses, torch.stack(list(losses.values())).tolist(), strict=True))
        for name, value in values.items():
            if not math.isfinite(value):
                raise TrainingError(
                    f"step {step}: {name} is {value}; training diverged, try a lower learning rate"
                )
            self.loss_sums[name] = self.loss_sums.get(name, 0.0) + value
        self.step = step
        self.loss_steps += 1
        return values

    def better(self, value: float, tensors: Mapping[str, Tensor]) -> Best | None:
        """Note a monitor's figure of merit, of which less is better: the new best, if it is the best so far."""
        if self.best is not None and value >= self.best.value:
            self.stale += 1
            return None
        self.stale = 0
        self.best = Best(self.step, value, {name: each.clone() for name, each in tensors.items()})
        return self.best

    def state(self) -> dict[str, Any]:
        """For a checkpoint; `from_state` makes the same of it."""
        return {**vars(self), "best": None if self.best is None else vars(self.best)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        best = state["best"]
        return cls(**{**state, "best": None if best is None else Best(**best)})

    def follow(self, state: Mapping[str, Any]) -> None:
        """Stand where another rank's progress stands, whose `state` this is."""
        vars(self).update(vars(self.from_state(state)))

    def take_mean_losses(self) -> dict[str, float]:
        """Mean of each loss since this was last called."""
        means = {name: total / self.loss_steps for name, total in self.loss_sums.items()}
        self.loss_sums, self.loss_steps = {}, 0
        return means


@dataclass(frozen=True)
class Machinery:
    """The objects whose tensors change in training."""

    model: Trainable
    optimisers: dict[str, Optimizer]
    ema: EMA
    device: torch.device

    def state(self) -> dict[str, Any]:
        """Every tensor and the state of torch's random generators."""
        return {
            "model": self.model.state_dict(),
            "ema": self.ema.average.state_dict(),
            "optimisers": {name: _optimiser_state(each) for name, each in self.optimisers.items()},
            "rng": torch.get_rng_state(),
            "device_rng": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a state; raises `TrainingError` if it is of another model."""
        try:
            self.model.load_state_dict(state["model"])
            self.ema.average.load_state_dict(state["ema"])
            for name, each in self.optimisers.items():
                _restore_optimiser(each, state["optimisers"][name])
            torch.set_rng_state(state["rng"])
            if self.device.type == "cuda":
                torch.cuda.set_rng_state(state["device_rng"], self.device)
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise TrainingError(f"checkpoint of another model ({' '.join(str(error).split())})") from error

    def scale_learning_rate(self, factor: float) -> None:
        """Set every learning rate to so many times its first value."""
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor

    def require_finite(self, step: int) -> None:
        """Raise `TrainingError` if a weight is no longer finite."""
        for name, weight in self.model.named_parameters():
            if not bool(torch.isfinite(weight).all()):
                raise TrainingError(f"step {step}: weights {name} are not finite; training diverged")


def _optimiser_state(optimiser: Optimizer) -> dict[str, Any]:
    state = optimiser.state_dict()
    return {**state, "state": {str(number): inner for number, inner in state["state"].items()}}


def _restore_optimiser(optimiser: Optimizer, state: Mapping[str, Any]) -> None:
    optimiser.load_state_dict(
        {**state, "state": {int(number): inner for number, inner in state["state"].items()}}
    )
