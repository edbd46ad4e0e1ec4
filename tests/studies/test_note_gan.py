"""The network of the note that studies vary."""

from __future__ import annotations

import pytest

from muforge.studies import study_module
from muforge.studies.note_gan import GANStudyConfig


def test_options_reach_network_and_training() -> None:
    config = GANStudyConfig(
        layers=3,
        node_factor_generator=2,
        node_factor_discriminator=1,
        learning_rate=0.001,
        steps=70,
        batch_size=50,
        device="cuda",
    )
    gan, training = config.gan(beta1=0.1), config.training(steps=80)
    assert gan.generator.widths == (512, 1024, 2048)
    assert gan.discriminator.widths == (256, 512, 1024)
    assert (gan.learning_rate, gan.beta1) == (0.001, 0.1)
    assert (training.steps, training.batch_size, training.device) == (80, 50, "cuda")
    assert (training.patience, training.plots) == (0, False)


@pytest.mark.parametrize("name", ["smearing", "normalisation", "architecture", "gan-vae"])
def test_the_configuration_for_a_gpu_is_larger(name: str) -> None:
    module = study_module(name)
    small, large = module.Config(), module.LARGE
    assert large.device == "cuda"
    assert large.steps > small.steps
    assert large.seeds > small.seeds
    assert large.node_factor_generator > small.node_factor_generator
