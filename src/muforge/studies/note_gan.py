"""The note's GAN, and how it is trained, in the studies that compare its options."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from muforge.models.gan import DiscriminatorConfig, GANConfig, GeneratorConfig
from muforge.studies.protocol import StudyConfig
from muforge.training.config import TrainingConfig


class GANStudyConfig(StudyConfig):
    """A network of the note's kind, small enough that tens of it are trained in minutes.

    References:
        Marshall, GANs and VAEs testing (2018), section 7
    """

    steps: int = Field(default=6000, ge=1, description="training steps of each network")
    batch_size: int = Field(default=100, ge=4, description="muons per step, half of them generated")
    layers: int = Field(default=2, ge=1, le=4, description="hidden layers of G and of D")
    node_factor_generator: float = Field(
        default=0.5, gt=0, le=64, description="the note's -nG: 256n, 512n, ... nodes in the layers of G"
    )
    node_factor_discriminator: float = Field(default=0.25, gt=0, le=64, description="the note's -nD")
    learning_rate: float = Field(
        default=0.0005, gt=0, description="of both networks; the note's 0.0002 takes twice as many steps"
    )
    monitor_every: int = Field(
        default=1500,
        ge=1,
        description="steps between monitor calls, of which validation events choose the best",
    )
    judge_size: int = Field(default=20_000, ge=10, description="muons per side and half in the BDT test")

    def gan(self, **options: Any) -> GANConfig:
        """The network, with some options replaced."""
        return GANConfig.model_validate(
            {
                "generator": GeneratorConfig(layers=self.layers, node_factor=self.node_factor_generator),
                "discriminator": DiscriminatorConfig(
                    layers=self.layers, node_factor=self.node_factor_discriminator
                ),
                "learning_rate": self.learning_rate,
                **options,
            }
        )

    def training(self, **options: Any) -> TrainingConfig:
        """How it is trained, with some options replaced: without figures, and always to the last step."""
        return TrainingConfig.model_validate(
            {
                "steps": self.steps,
                "batch_size": self.batch_size,
                "monitor_every": self.monitor_every,
                "judge_size": self.judge_size,
                "checkpoint_every": max(2000, self.monitor_every),
                "patience": 0,
                "plots": False,
                "device": self.device,
                **options,
            }
        )


NOTE_SIZE: dict[str, Any] = {
    "device": "cuda",
    "seeds": 8,
    "steps": 200_000,
    "learning_rate": 0.0002,
    "node_factor_generator": 6.0,
    "node_factor_discriminator": 2.0,
    "monitor_every": 10_000,
    "judge_size": 50_000,
}
"""The note's best network (section 9) for a GPU, and a tenth of its training."""
