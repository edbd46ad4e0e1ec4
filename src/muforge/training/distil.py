"""What a student learns from: a trained teacher, and pairs of latents and what it makes of them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from muforge.conditions import Given
from muforge.errors import ConfigError
from muforge.models.precision import torch_settings
from muforge.models.protocol import gaussian_latent
from muforge.models.student import StudentConfig
from muforge.rng import Purpose, stream
from muforge.trained import ROWS_PER_PASS, TrainedModel
from muforge.training.config import RunConfig, TeacherConfig


def teachers_run(config: RunConfig, teacher: TeacherConfig) -> RunConfig:
    """The run that trains the teacher: its own model and training, the student's network space."""
    return RunConfig(
        model=teacher.model,
        representation=config.representation,
        training=teacher.training,
        conditions=config.conditions,
        region=config.region,
    )


def make_pairs(teacher: TrainedModel, student: StudentConfig, pairs: int, seed: int) -> NDArray[np.float32]:
    """Latents, and conditions, beside what the teacher makes of them in network space.

    Their shape is (pairs, latents + conditions + learned).

    Raises:
        ConfigError: The student takes latents of another dimension, or keeps a number that the teacher changes.
    """
    learned, latents = teacher.representation.learned, teacher.latent_dimensions
    if student.latents(learned) != latents:
        raise ConfigError(
            f"model.latent_dimensions is {student.latents(learned)}, the teacher has {latents}: give the same"
        )
    passes = -(-pairs // ROWS_PER_PASS)
    rng = stream(seed, Purpose.DISTILLATION, teacher.category)
    latent = gaussian_latent(passes * ROWS_PER_PASS, latents, rng)
    if teacher.conditions is not None:
        normal = rng.standard_normal((len(latent), teacher.conditions.latents), np.float32)
        condition, _ = teacher.conditions.draw(normal, Given())
        latent = torch.cat([latent, torch.from_numpy(condition)], dim=1)
    with torch_settings(threads=1, matmul_precision="highest"), torch.inference_mode():
        made = torch.cat([teacher.sampler(each) for each in torch.split(latent, ROWS_PER_PASS)])
    if student.keeps_first and not torch.equal(latent[:, 0], made[:, 0]):
        raise ConfigError("model.keeps_first: this teacher does not keep its first latent number; give false")
    return torch.cat([latent, made], dim=1)[:pairs].numpy()
