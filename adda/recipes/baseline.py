"""The baseline recipe: one latent code, and an adversary that knows the target.

The encoder and decoder learn to reconstruct target images and to be called real on both domains;
the discriminator learns to tell target images from everything else. Source images get no
reconstruction loss, so what the adversary asks of them is to look like the target (Munjal,
Adversarial-Domain-Adaptive-Autoencoders).
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from adda.common.params import LossParams, ModelParams
from adda.engine.sampling import Batch
from adda.nn.networks import make_decoder, make_discriminator, make_encoder
from adda.recipes.losses import (
    called_real,
    discriminator_loss,
    diversity,
    mean_squared_error,
    share_called_real,
)


class Baseline(NamedTuple):
    """Encoder and decoder, and the adversary that they are trained against."""

    encoder: keras.Model
    decoder: keras.Model
    discriminator: keras.Model

    def translate(self, source: tf.Tensor, _target: tf.Tensor) -> tf.Tensor:
        """Redraw source images, float32 [n, 28, 28, 3] in [0, 1]; the recipe knows one style."""
        return self.reconstruct(source)

    redraw = translate  # there is no style to be found first

    def reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """Pass images of either domain through both networks; shapes as in `translate`."""
        return self.decoder(self.code(images), training=False)

    def style(self, images: tf.Tensor) -> tf.Tensor:
        """One code holds everything, so the style of an image is the image."""
        return images

    def code(self, images: tf.Tensor) -> tf.Tensor:
        """The latent code of images of either domain, float32 [n, code_size]."""
        return self.encoder(images, training=False)

    def sides(self) -> dict[str, list[keras.Variable]]:
        """The weights of each side of the game."""
        return {
            "autoencoder": self.encoder.trainable_variables + self.decoder.trainable_variables,
            "discriminator": self.discriminator.trainable_variables,
        }

    def objective(
        self, batch: Batch, loss: LossParams
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """One forward pass for both sides.

        Returns:
            The unweighted terms and the adversary's health, by name; what each side minimises.
        """
        size = batch.target.shape[0]
        code = self.encoder(tf.concat([batch.source, batch.target], 0), training=True)
        redrawn = self.decoder(code, training=True)
        # Reconstructions serve both sides; the rest is the discriminator's alone, and passing it
        # apart spares the autoencoder's gradient the way through it.
        fake = self.discriminator(redrawn, training=True)
        logits = self.discriminator(tf.concat([batch.target, batch.source], 0), training=True)
        figures = {
            "l2": mean_squared_error(batch.target, redrawn[size:]),
            "adversarial": called_real(fake),
            "discriminator": discriminator_loss(logits[:size], fake, logits[size:]),
            "target_called_real": share_called_real(logits[:size]),
            "translated_called_real": share_called_real(fake[:size]),
            "reconstructed_called_real": share_called_real(fake[size:]),
            "diversity": diversity(redrawn[:size], batch.target),
        }
        autoencoder = (
            loss.l2_weight * figures["l2"] + loss.adversarial_weight * figures["adversarial"]
        )
        return figures, {"autoencoder": autoencoder, "discriminator": figures["discriminator"]}


def make_baseline(params: ModelParams) -> Baseline:
    """The three networks with fresh weights, drawn from Keras' global seed."""
    return Baseline(
        make_encoder(params.width, params.code_size),
        make_decoder(params.width, params.code_size),
        make_discriminator(params.width),
    )
