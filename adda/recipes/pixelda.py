"""A generator after PixelDA, to compare with: residual blocks, a noise vector, and a class loss.

Bousmalis et al. 2017 (arXiv:1612.05424, section 3 and the appendix's figures): the source image and
a noise vector go through six residual blocks; a discriminator tells generated from target images;
a classifier reads source and generated images, and its loss reaches the generator. It is our own
reading at our widths and schedule, not the authors' code: no dropout, no noise in the
discriminator, Adam as everywhere here.
"""

from typing import NamedTuple

import keras
import tensorflow as tf
from keras import layers

from adda.common.params import LossParams
from adda.engine.sampling import Batch
from adda.nn.layers import BatchNorm
from adda.nn.networks import IMAGE, filters, make_classifier
from adda.recipes.losses import called_fake, called_real, digit_cross_entropy

NOISE = 10  # numbers in the noise vector
BLOCKS = 6
ADVERSARIAL, CLASS = 0.011, 0.01  # weights on the generator, those that its authors published


class PixelDA(NamedTuple):
    """Generator, discriminator and classifier."""

    generator: keras.Model
    discriminator: keras.Model
    classifier: keras.Model

    def translate(self, source: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        """Redraw source images; the style image is nothing but the seed of the noise.

        Both are float32 [n, 28, 28, 3] in [0, 1], and so is the result.
        """
        return self.generator([source, _noise(style)], training=False)

    redraw = translate

    def style(self, images: tf.Tensor) -> tf.Tensor:
        return images

    def sides(self) -> dict[str, list[keras.Variable]]:
        return {
            "autoencoder": self.generator.trainable_variables,
            "discriminator": self.discriminator.trainable_variables,
            "classifier": self.classifier.trainable_variables,
        }

    def objective(
        self, batch: Batch, _loss: LossParams
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """As `SplitCode.objective`."""
        generated = self.generator([batch.source, _noise(batch.target)], training=True)
        real = self.discriminator(batch.target, training=True)
        fake = self.discriminator(generated, training=True)
        read = digit_cross_entropy(batch.digits, self.classifier(generated, training=True))
        plain = digit_cross_entropy(batch.digits, self.classifier(batch.source, training=True))
        adversarial = called_real(fake)
        discriminator = called_real(real) + called_fake(fake)
        return (
            {"adversarial": adversarial, "discriminator": discriminator, "class": read},
            {
                "autoencoder": ADVERSARIAL * adversarial + CLASS * read,
                "discriminator": discriminator,
                "classifier": read + plain,
            },
        )


def make_pixelda(width: float) -> PixelDA:
    """The three networks with fresh weights, drawn from Keras' global seed."""
    return PixelDA(_make_generator(width), _make_discriminator(width), make_classifier(width))


def _noise(images: tf.Tensor) -> tf.Tensor:
    """Normal noise [n, 10], keyed by a batch of images, so that `translate` is a function."""
    key = tf.cast(tf.reduce_sum(images) * 255, tf.int32)
    return tf.random.stateless_normal([tf.shape(images)[0], NOISE], [0, key])


def _make_generator(width: float) -> keras.Model:
    image, noise = layers.Input(IMAGE), layers.Input((NOISE,))
    plane = layers.Reshape((28, 28, 1))(layers.Dense(28 * 28)(noise))
    count = filters(64, width)
    hidden = layers.Concatenate()([image, plane])
    hidden = layers.Conv2D(count, 3, padding="same", activation="relu")(hidden)
    for _ in range(BLOCKS):
        inner = layers.Conv2D(count, 3, padding="same", use_bias=False)(hidden)
        inner = layers.ReLU()(BatchNorm()(inner))
        inner = BatchNorm()(layers.Conv2D(count, 3, padding="same", use_bias=False)(inner))
        hidden = layers.Add()([hidden, inner])
    colours = layers.Conv2D(3, 3, padding="same", activation="sigmoid")(hidden)
    return keras.Model([image, noise], colours)


def _make_discriminator(width: float) -> keras.Sequential:
    stack = [layers.Input(IMAGE)]
    for count, strides in ((64, 1), (128, 2), (256, 2), (512, 2)):
        stack += [layers.Conv2D(filters(count, width), 3, strides, padding="same")]
        stack += [layers.LeakyReLU(0.2)]
    return keras.Sequential([*stack, layers.Flatten(), layers.Dense(1)])
