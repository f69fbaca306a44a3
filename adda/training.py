"""The baseline recipe: an autoencoder of both domains against an adversary that knows the target.

The encoder and decoder learn to reconstruct target images and to be called real on both domains;
the discriminator learns to tell target images from everything else. Source images get no
reconstruction loss, so what the adversary asks of them is to look like the target.
"""

from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from adda.checkpoints import Checkpoints, History, run_key
from adda.loop import Step, draw_batch, run_steps
from adda.losses import called_real, discriminator_loss, mean_squared_error, share_called_real
from adda.networks import Autoencoder, make_autoencoder, to_float
from adda.params import LossParams, ModelParams, TrainParams

LOSSES = ("l2", "adversarial", "discriminator")
# The adversary's health, as the share of each kind of image that it calls real: near 0.5 on all of
# them it learns nothing; at 1 on the target and 0 on the rest it has nothing left to learn.
FIGURES = ("target_called_real", "reconstructed_called_real", "translated_called_real")
SOURCE, TARGET = 0, 1  # streams of random numbers: the two domains are never drawn in pairs


def train_autoencoder(
    source: np.ndarray,
    target: np.ndarray,
    model: ModelParams,
    loss: LossParams,
    train: TrainParams,
    checkpoints: Path | None = None,
) -> tuple[Autoencoder, History]:
    """Train the three networks from scratch, or from where a killed run stopped.

    Args:
        source: uint8 [n, 28, 28, 3], binarised MNIST.
        target: uint8 [m, 28, 28, 3], MNIST-M.
        checkpoints: a folder for the progress of runs, to be removed when the networks are safely
            stored; None: no progress is kept.

    Returns:
        The networks, and the history of `run_steps` with the unweighted `LOSSES` and the `FIGURES`.
    """
    keras.utils.set_random_seed(train.seed)
    learners = make_learners(model, train)
    kept = None
    if checkpoints is not None:
        params = [group.model_dump_json() for group in (model, loss, train)]
        key = run_key(params, [source, target])
        kept = Checkpoints(checkpoints, key, learners.variables(), train.checkpoint_seconds)
    history = run_steps(
        make_step(learners, source, target, loss, train),
        LOSSES,
        FIGURES,
        steps=train.steps,
        steps_per_call=train.steps_per_call,
        title="train",
        checkpoints=kept,
        xla=train.xla,
    )
    return learners.networks, history


class Learners(NamedTuple):
    """The networks and the optimizers of their two sides."""

    networks: Autoencoder
    autoencoder_optimizer: keras.Optimizer
    discriminator_optimizer: keras.Optimizer

    def autoencoder_weights(self) -> list[keras.Variable]:
        networks = self.networks
        return networks.encoder.trainable_variables + networks.decoder.trainable_variables

    def discriminator_weights(self) -> list[keras.Variable]:
        return self.networks.discriminator.trainable_variables

    def variables(self) -> list[keras.Variable]:
        """Everything that a step changes."""
        optimizers = (self.autoencoder_optimizer, self.discriminator_optimizer)
        return [v for part in (*self.networks, *optimizers) for v in part.variables]


def make_learners(model: ModelParams, train: TrainParams) -> Learners:
    """Fresh networks, in the precision asked for, and optimizers."""
    policy = keras.config.dtype_policy()
    mixed = train.precision == "bfloat16"
    keras.config.set_dtype_policy("mixed_bfloat16" if mixed else "float32")
    try:
        networks = make_autoencoder(model)
    finally:
        keras.config.set_dtype_policy(policy)
    learners = Learners(
        networks,
        keras.optimizers.Adam(train.learning_rate),
        keras.optimizers.Adam(train.adversary_learning_rate),
    )
    learners.autoencoder_optimizer.build(learners.autoencoder_weights())
    learners.discriminator_optimizer.build(learners.discriminator_weights())
    return learners


def make_step(
    learners: Learners,
    source: np.ndarray,
    target: np.ndarray,
    loss: LossParams,
    train: TrainParams,
) -> Step:
    """One update of both sides, from one forward pass."""
    (encoder, decoder, discriminator), autoencoder_optimizer, discriminator_optimizer = learners
    autoencoder_weights = learners.autoencoder_weights()
    discriminator_weights = learners.discriminator_weights()
    # Whole training sets, uint8, stay on the device; a step copies nothing from the host.
    source, target = tf.constant(source), tf.constant(target)
    size = train.batch_size

    def step(number: tf.Tensor) -> dict[str, tf.Tensor]:
        source_batch = draw_batch(len(source), size, train.seed, SOURCE, number)
        target_batch = draw_batch(len(target), size, train.seed, TARGET, number)
        x_source = to_float(tf.gather(source, source_batch))
        x_target = to_float(tf.gather(target, target_batch))
        with tf.GradientTape(persistent=True) as tape:
            code = encoder(tf.concat([x_source, x_target], 0), training=True)
            reconstructed = decoder(code, training=True)
            # Reconstructions serve both losses; the rest is the discriminator's alone, and passing
            # it apart spares the autoencoder's gradient the way through it.
            fake_logits = discriminator(reconstructed, training=True)
            logits = discriminator(tf.concat([x_target, x_source], 0), training=True)
            losses = {
                "l2": mean_squared_error(x_target, reconstructed[size:]),
                "adversarial": called_real(fake_logits),
                "discriminator": discriminator_loss(logits[:size], fake_logits, logits[size:]),
                "target_called_real": share_called_real(logits[:size]),
                "reconstructed_called_real": share_called_real(fake_logits[size:]),
                "translated_called_real": share_called_real(fake_logits[:size]),
            }
            objective = (
                loss.l2_weight * losses["l2"] + loss.adversarial_weight * losses["adversarial"]
            )
        autoencoder_optimizer.apply(
            tape.gradient(objective, autoencoder_weights), autoencoder_weights
        )
        discriminator_optimizer.apply(
            tape.gradient(losses["discriminator"], discriminator_weights), discriminator_weights
        )
        return losses

    return step
