"""`GAN`: the note's network as one object with a `fit`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from muforge.models.gan import GANConfig
from muforge.representation import NoteRepresentationConfig
from muforge.sample import Sample
from muforge.trained import TrainedModel
from muforge.training.config import RunConfig, TrainingConfig
from muforge.training.loop import ProgressCallback
from muforge.training.run import fit


class SplitData(Protocol):
    """Where training, validation and test events come from, such as `muforge.Dataset`."""

    def load(self, category: int, split: Literal["train", "validation", "test"], /) -> Sample: ...


class GAN:
    """The 2018 note's generative adversarial network.

    Arguments:
        config: Architecture and losses; the note's by default.
        training: Steps, batches, monitor.
        representation: How columns are put into network space.

    Example:
        ```python
        import muforge as mf

        model = mf.GAN().fit(mf.Dataset.open("ds"), category=4, directory="run-4")
        muons = model.sample(1000, seed=1)
        ```
    """

    def __init__(
        self,
        config: GANConfig | None = None,
        *,
        training: TrainingConfig | None = None,
        representation: NoteRepresentationConfig | None = None,
    ) -> None:
        self.config = RunConfig(
            model=config or GANConfig(),
            representation=representation or NoteRepresentationConfig(),
            training=training or TrainingConfig(),
        )

    def fit(
        self,
        dataset: SplitData,
        category: int = 4,
        directory: str | Path | None = None,
        *,
        resume: bool = False,
        progress: ProgressCallback = lambda step, steps, losses: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> TrainedModel:
        """Train on a category's training events and return the best model by its validation events.

        Arguments:
            dataset: With `load(category, split)`.
            category: 1 to 4.
            directory: Where the run is kept, with its history, figures and the judgement on the test events;
                None keeps nothing.
            resume: Go on with the run in `directory` if there is one.
            progress: Called after each step.
            should_stop: Asked before each step.

        Raises:
            MuforgeError: As `muforge.training.run.fit`.
        """
        training, validation, test = (
            dataset.load(category, "train"),
            dataset.load(category, "validation"),
            dataset.load(category, "test"),
        )
        return fit(
            training,
            validation,
            test,
            category,
            self.config,
            None if directory is None else Path(directory),
            resume=resume,
            progress=progress,
            should_stop=should_stop,
        ).model
