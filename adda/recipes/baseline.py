"""The baseline recipe: one latent code, and an adversary that knows the target.

The encoder and decoder learn to reconstruct target images and to be called real on both domains;
the discriminator learns to tell target images from everything else. Source images get no
reconstruction loss, so what the adversary asks of them is to look like the target (Munjal,
Adversarial-Domain-Adaptive-Autoencoders).
"""

import keras
import tensorflow as tf

from adda.common.params import Count, Group
from adda.engine.sampling import Batch
from adda.nn.networks import make_decoder, make_discriminator, make_encoder
from adda.recipes.losses import (
    called_real,
    discriminator_loss,
    diversity,
    mean_squared_error,
    share_called_real,
)
from adda.recipes.recipe import LossParams, Recipe, Terms


class BaselineParams(Group):
    """The size of the latent code, in floats; published: 64."""

    code_size: Count = 64


class Baseline(Recipe):
    """Encoder and decoder, and the adversary that they are trained against."""

    name = "baseline"
    Params = BaselineParams
    one_style = True
    about = (
        "Nothing in this recipe keeps a digit's identity: a translation may show another digit "
        "than its source."
    )

    def __init__(self, width: float, params: BaselineParams):
        self.params = params
        self.encoder = make_encoder(width, params.code_size)
        self.decoder = make_decoder(width, params.code_size)
        self.discriminator = make_discriminator(width)

    def sides(self) -> dict[str, list[keras.Variable]]:
        return {
            "autoencoder": self.encoder.trainable_variables + self.decoder.trainable_variables,
            "discriminator": self.discriminator.trainable_variables,
        }

    def objective(self, batch: Batch, loss: LossParams) -> Terms:
        terms = Terms()
        size = batch.target.shape[0]
        code = self.encoder(tf.concat([batch.source, batch.target], 0), training=True)
        decoded = self.decoder(code, training=True)
        # Reconstructions serve both sides; the rest is the discriminator's alone, and passing it
        # apart spares the autoencoder's gradient the way through it.
        fake = self.discriminator(decoded, training=True)
        logits = self.discriminator(tf.concat([batch.target, batch.source], 0), training=True)
        terms.add(
            "l2",
            loss.l2_weight,
            lambda: mean_squared_error(batch.target, decoded[size:]),
            "autoencoder",
        )
        terms.add("adversarial", loss.adversarial_weight, lambda: called_real(fake), "autoencoder")
        terms.add(
            "discriminator",
            1.0,
            lambda: discriminator_loss(logits[:size], fake, logits[size:]),
            "discriminator",
        )
        terms.show("target_called_real", share_called_real(logits[:size]))
        terms.show("translated_called_real", share_called_real(fake[:size]))
        terms.show("reconstructed_called_real", share_called_real(fake[size:]))
        terms.show("diversity", diversity(decoded[:size], batch.target))
        return terms

    def render(self, source: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        """Translate source images; `style` changes nothing."""
        return self.reconstruct(source)

    def reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """Pass images of either domain through both networks."""
        return self.decoder(self.code(images), training=False)

    def code(self, images: tf.Tensor) -> tf.Tensor:
        """The latent code of images of either domain, float32 [n, code_size]."""
        return self.encoder(images, training=False)
