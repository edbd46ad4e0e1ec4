"""The 2018 note's options of networks: whose each is, and where in a configuration it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muforge.errors import ConfigError

PLACES: Mapping[str, tuple[str, ...]] = {
    "-l": ("learning_rate",),
    "-o": ("optimiser",),
    "-nG": ("generator.node_factor",),
    "-nD": ("discriminator.node_factor",),
    "-layersG": ("generator.layers",),
    "-layersD": ("discriminator.layers", "layers_decoder"),
    "-lr": ("learning_rate",),
    "-x": ("reconstruction",),
    "-iE": ("nodes_encoder",),
    "-iD": ("nodes_decoder",),
    "-layersE": ("layers_encoder",),
}
"""Keys of a model that an option may set. The first that the model's family has is set."""

OPTIMISERS = {"0": "amsgrad", "1": "adam", "2": "rmsprop"}
"""The note's numbers of them."""

OF_GANS = ("-nG", "-nD", "-layersG")
OF_VAES = ("-lr", "-x", "-iE", "-iD", "-layersE")
"""Options that only one of the note's two networks has; the others can be of both."""

GAN, VAE = "gan-2018", "vae-2018"


def preset_of(options: Mapping[str, Any]) -> str | None:
    """The preset whose options are given, or None if none is.

    Arguments:
        options: By their names in `PLACES`; those that are None are not given.

    Raises:
        ConfigError: Some are of the GAN and some of the VAE, or two mean the same.
    """
    given = {name for name, value in options.items() if value is not None}
    if {"-l", "-lr"} <= given:
        raise ConfigError("-l, -lr: both are the learning rate, give one of them")
    gans, vaes = ([name for name in names if name in given] for names in (OF_GANS, OF_VAES))
    if gans and vaes:
        raise ConfigError(
            f"{', '.join(gans)} of the GAN and {', '.join(vaes)} of the VAE: give those of one network"
        )
    if vaes:
        return VAE
    return GAN if given else None


def named(name: str, value: Any) -> Any:
    """A value of an option as a configuration has it: an optimiser by its name, where the note has a number."""
    return OPTIMISERS.get(str(value), value) if name == "-o" else value


def placed(options: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are given, by dotted keys of a run's configuration.

    Arguments:
        options: As in `preset_of`.
        model: Options of the model that they go over, as nested mappings.

    Raises:
        ConfigError: The model's family has no such option.
    """
    return {place_of(name, model): named(name, value) for name, value in options.items() if value is not None}


def place_of(name: str, model: Mapping[str, Any]) -> str:
    """The dotted key of an option in a run's configuration; arguments and errors as `placed`."""
    place = next((each for each in PLACES[name] if _has(model, each)), None)
    if place is None:
        raise ConfigError(f"{name}: model family '{model['family']}' has no {' or '.join(PLACES[name])}")
    return f"model.{place}"


def _has(model: Mapping[str, Any], place: str) -> bool:
    *path, last = place.split(".")
    inner: Any = model
    for part in path:
        inner = inner.get(part) if isinstance(inner, Mapping) else None
    return isinstance(inner, Mapping) and last in inner
