"""The 2018 code's training step in Keras 3, as it stands: numpy's weighted choice, `predict`, labels in a loop, two
updates of D on half batches, one of the stacked model.

Setting `D.trainable = False` once, as the original does, leaves D untrained for ever in Keras 3; here it is switched
on and off. Keras is no dependency of muforge: this runs where it is installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from muforge.models.gan import GANConfig


def steps_in_keras(
    config: GANConfig,
    matrix: np.ndarray[Any, Any],
    weight: np.ndarray[Any, Any],
    *,
    steps: int,
    batch: int,
) -> Callable[[], None]:
    """A function that makes so many training steps.

    Arguments:
        config: The network.
        matrix: Real muons in network space, shape (n, d).
        weight: Their weights, shape (n,).
        steps: Number of steps.
        batch: Muons in a batch, half of them real.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    import keras
    from keras import layers

    half = batch // 2
    dimensions = matrix.shape[1]
    probability = weight / weight.sum()

    def optimiser() -> Any:
        return keras.optimizers.Adam(config.learning_rate, beta_1=config.beta1, amsgrad=True)

    def generator_loss(_: Any, answer: Any) -> Any:
        return -keras.ops.mean(keras.ops.log(keras.ops.clip(answer, 1e-7, 1 - 1e-7)), axis=-1)

    generator = keras.Sequential([keras.Input((config.latent_dimensions,))])
    for nodes in config.generator.widths:
        generator.add(layers.Dense(nodes))
        generator.add(layers.LeakyReLU(negative_slope=0.2))
        generator.add(layers.BatchNormalization(momentum=0.8))
    generator.add(layers.Dense(dimensions, activation="tanh"))
    discriminator = keras.Sequential([keras.Input((dimensions,))])
    for nodes in config.discriminator.widths:
        discriminator.add(layers.Dense(nodes))
        discriminator.add(layers.LeakyReLU(negative_slope=0.2))
        discriminator.add(layers.Dropout(0.25))
    discriminator.add(layers.Dense(1, activation="sigmoid"))
    discriminator.compile(loss="binary_crossentropy", optimizer=optimiser())
    discriminator.trainable = False
    stacked = keras.Sequential([generator, discriminator])
    stacked.compile(loss=generator_loss, optimizer=optimiser())
    rng = np.random.default_rng(0)

    def noise(rows: int) -> np.ndarray[Any, Any]:
        return rng.standard_normal((rows, config.latent_dimensions), np.float32)

    def labels(value: float) -> np.ndarray[Any, Any]:
        noisy = np.full((half, 1), value)
        for row in range(half):
            noisy[row] += rng.normal(0, 0.3)
        return noisy

    def work() -> None:
        for _ in range(steps):
            real = matrix[rng.choice(len(matrix), size=half, p=probability, replace=False)]
            generated = generator.predict(noise(half), verbose=0)
            discriminator.trainable = True
            discriminator.train_on_batch(real, labels(1.0))
            discriminator.train_on_batch(generated, labels(0.0))
            discriminator.trainable = False
            stacked.train_on_batch(noise(batch), np.ones((batch, 1), np.float32))

    return work
