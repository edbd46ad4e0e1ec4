"""A trained model at a path, whatever keeps it there."""

from __future__ import annotations

from pathlib import Path

from muforge.bundle import MANIFEST_NAME, Bundle
from muforge.errors import ConfigError
from muforge.trained import TrainedModel
from muforge.training.directory import RESULT_NAME, category_directory, load_run


def model_at(path: Path, category: int) -> TrainedModel:
    """The model of a category in a bundle, in a run of one category or in one of several.

    Raises:
        ConfigError: The run is of another category, or the model is a conditional one.
        MuforgeError: There is no bundle and no finished run, or it is damaged.
    """
    model = _load(path, category)
    if model.category != category:
        raise ConfigError(f"{path}: a model of category {model.category}, not {category}")
    if model.conditions is not None:
        raise ConfigError(
            f"{path}: a conditional model ({', '.join(model.conditions.names)}), whose muons are not of latents alone"
        )
    return model


def _load(path: Path, category: int) -> TrainedModel:
    if (path / MANIFEST_NAME).is_file():
        return Bundle.load(path).model(category)
    if (path / RESULT_NAME).is_file():
        return load_run(path).model
    return load_run(category_directory(path, category)).model
