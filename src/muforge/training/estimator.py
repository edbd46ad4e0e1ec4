"""`train`: one category of a data set, by the name of a preset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from muforge.presets import DEFAULT, preset
from muforge.sample import Sample
from muforge.trained import TrainedModel
from muforge.training.config import RunConfig
from muforge.training.loop import ProgressCallback
from muforge.training.ranks import ALONE, Ranks
from muforge.training.run import fit


class SplitData(Protocol):
    """Where training, validation and test events come from, such as `muforge.Dataset`."""

    def load(self, category: int, split: Literal["train", "validation", "test"], /) -> Sample: ...


def train(
    dataset: SplitData,
    category: int = 4,
    config: str | RunConfig = DEFAULT,
    directory: str | Path | None = None,
    *,
    resume: bool = False,
    progress: ProgressCallback = lambda step, steps, losses: None,
    should_stop: Callable[[], bool] = lambda: False,
    ranks: Ranks = ALONE,
) -> TrainedModel:
    """Train on a category's training events and return the best model by its validation events.

    Arguments:
        dataset: With `load(category, split)`.
        category: 1 to 4.
        config: The name of a preset, or a whole configuration.
        directory: Where the run is kept, with its history, figures and the judgement on the test events; None keeps
            nothing.
        resume: Go on with the run in `directory` if there is one.
        progress: Called after each step.
        should_stop: Asked before each step.
        ranks: Those that train it together.

    Raises:
        MuforgeError: As `muforge.training.run.fit`, or no such preset.

    Example:
        ```python
        import muforge as mf

        model = mf.train(mf.Dataset.open("ds"), category=4, directory="run-4")
        muons = model.sample(1000, seed=1)
        ```
    """
    return fit(
        dataset.load(category, "train"),
        dataset.load(category, "validation"),
        dataset.load(category, "test"),
        category,
        preset(config) if isinstance(config, str) else config,
        None if directory is None else Path(directory),
        resume=resume,
        progress=progress,
        should_stop=should_stop,
        ranks=ranks,
    ).model
