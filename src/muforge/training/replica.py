"""The configuration of replicas: trainings on resampled events that spread as the muons learnt from would."""

from __future__ import annotations

from muforge.errors import ConfigError, TrainingError
from muforge.representation import Representation
from muforge.representation.polar import Polar
from muforge.training.config import RunConfig


def check_replicas(config: RunConfig) -> None:
    """Raise `ConfigError` if a run of this configuration can have no replicas."""
    if config.shared or config.conditions:
        raise ConfigError(
            "replicas: not of one network for all categories, nor of conditional ones; give shared: false and "
            "conditions: []"
        )
    if config.representation.kind != "physics":
        raise ConfigError("replicas need representation.kind 'physics'")


def replica_config(config: RunConfig, nominal: Representation, replica: int) -> RunConfig:
    """The configuration of a replica: other events, another seed, the nominal one's front and radius.

    Raises:
        TrainingError: The representation is not the physical one: densities of replicas could not be compared.
    """
    polar = next((each for each in getattr(nominal.chain, "maps", ()) if isinstance(each, Polar)), None)
    if polar is None:
        raise TrainingError("replicas need representation.kind 'physics'")
    bounds = config.representation.model_copy(update={"front": polar.front, "radius": polar.radius})
    training = config.training.model_copy(
        update={"replica": replica, "seed": config.training.seed + replica, "plots": False}
    )
    return config.model_copy(update={"representation": bounds, "training": training})
