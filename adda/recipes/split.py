"""The split code: what the digit is, and what it stands on.

The code of an image has two parts. Its *content* is a map of the digit, 28 x 28 in [0, 1]; a source
image is its own content, a target image's comes from the content encoder. Its *style* is the ground
that the digit stands on: the image with its content painted over. The decoder draws the figure that
a ground asks for, and lays it over the ground where the content is. So a source digit on the ground
of a target image is a translation that cannot lose the digit, and no label or pairing of target
images is ever used: the content encoder learns from translations, whose content is known, and from
an adversary that holds the contents of target images to look like those of translations.

Learning to cut by pasting is Remez et al. 2018 (arXiv:1803.06414); the layered image is that of
LR-GAN (Yang et al. 2017, arXiv:1703.01560).
"""

from collections import defaultdict
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from adda.common.params import LossParams, ModelParams
from adda.engine.sampling import Batch
from adda.nn.layers import BatchNorm, SpectralNorm
from adda.nn.networks import IMAGE, filters, make_classifier
from adda.recipes.losses import (
    called_fake,
    called_real,
    content_cross_entropy,
    digit_cross_entropy,
    diversity,
    mean_squared_error,
    share_called_real,
)

MAP = (28, 28, 1)
BLUR = 2.5  # pixels: how far the ground reaches into what is painted over
FIGURES = (
    "l2",
    "adversarial",
    "discriminator",
    "content_adversarial",
    "content_discriminator",
    "cycle",
    "class",
    "target_called_real",
    "translated_called_real",
    "source_content_called_real",
    "target_content_called_real",
    "diversity",
)


class SplitCode(NamedTuple):
    """Two encoders' worth of code, a decoder, and those that they are trained against."""

    content_encoder: keras.Model
    decoder: keras.Model
    discriminator: keras.Model
    content_discriminator: keras.Model
    classifier: keras.Model

    def translate(self, source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        """Draw source digits on the grounds of target images.

        Both are float32 [n, 28, 28, 3] in [0, 1], and so is the result.
        """
        return self.redraw(source, self.style(target))

    def redraw(self, source: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        """Draw source digits on grounds that `style` has found; shapes as in `translate`."""
        return self.draw(source[..., :1], style)

    def reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """Take target images apart and put them together again; shapes as in `translate`."""
        content = self.content(images)
        return self.draw(content, ground(images, content))

    def content(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The digit in target images [n, 28, 28, 3]: float32 [n, 28, 28, 1] in [0, 1]."""
        return tf.sigmoid(self.content_encoder(images, training=training))

    def style(self, images: tf.Tensor) -> tf.Tensor:
        """The ground of target images, of the same shape."""
        return ground(images, self.content(images))

    def code(self, images: tf.Tensor) -> tf.Tensor:
        """What both domains share: the content."""
        return self.content(images)

    def draw(self, content: tf.Tensor, style: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Lay the figure over the ground where the content is.

        The figure is an odd function of the ground about mid-grey: on an inverted ground stands an
        inverted figure. Without that, networks find bright digits on dark grounds and never the
        other half.
        """
        shade = style - 0.5
        figure = tf.sigmoid(
            self.decoder([shade, content], training=training)
            - self.decoder([-shade, content], training=training)
        )
        return (1 - content) * style + content * figure

    def sides(self) -> dict[str, list[keras.Variable]]:
        """The weights of each side of the game, and of the classifier that reads along."""
        return {
            "autoencoder": self.content_encoder.trainable_variables
            + self.decoder.trainable_variables,
            "discriminator": self.discriminator.trainable_variables
            + self.content_discriminator.trainable_variables,
            "classifier": self.classifier.trainable_variables,
        }

    def objective(
        self, batch: Batch, loss: LossParams
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """One forward pass for all sides. A term whose weight is zero is not computed, and reads 0.

        Returns:
            The unweighted terms and the adversaries' health, by name; what each side with a term
            minimises.
        """
        figures = dict.fromkeys(FIGURES, tf.constant(0.0))
        objectives = defaultdict(float)
        digit = batch.source[..., :1]
        content = self.content(batch.target, training=True)
        style = ground(batch.target, content)
        # Every source digit gets the ground of another image: which one is random already.
        translated = self.draw(digit, style, training=True)
        figures["diversity"] = diversity(translated, batch.target)

        if loss.l2_weight:
            # The decoder alone learns from it. To the encoder, finding no digit at all is best: the
            # image is its own ground then, and needs no figure.
            parts = tf.stop_gradient(content), tf.stop_gradient(style)
            reconstructed = self.draw(*parts, training=True)
            figures["l2"] = mean_squared_error(batch.target, reconstructed)
            objectives["autoencoder"] += loss.l2_weight * figures["l2"]

        if loss.adversarial_weight:
            real = self.discriminator(batch.target, training=True)
            fake = self.discriminator(translated, training=True)
            figures["adversarial"] = called_real(fake)
            figures["discriminator"] = called_real(real) + called_fake(fake)
            figures["target_called_real"] = share_called_real(real)
            figures["translated_called_real"] = share_called_real(fake)
            objectives["autoencoder"] += loss.adversarial_weight * figures["adversarial"]
            objectives["discriminator"] += figures["discriminator"]

        # What the content encoder makes of a translation. The translation itself is not to help:
        # it would learn to hide the digit where only the encoder sees it (Chu et al. 2017,
        # arXiv:1712.02950).
        returned = self.content_encoder(tf.stop_gradient(translated), training=True)

        if loss.cycle_weight:
            figures["cycle"] = content_cross_entropy(digit, returned)
            objectives["autoencoder"] += loss.cycle_weight * figures["cycle"]

        if loss.content_adversarial_weight:
            real = self.content_discriminator(tf.stop_gradient(tf.sigmoid(returned)), training=True)
            fake = self.content_discriminator(content, training=True)
            figures["content_adversarial"] = called_real(fake)
            figures["content_discriminator"] = called_real(real) + called_fake(fake)
            figures["source_content_called_real"] = share_called_real(real)
            figures["target_content_called_real"] = share_called_real(fake)
            objectives["autoencoder"] += (
                loss.content_adversarial_weight * figures["content_adversarial"]
            )
            objectives["discriminator"] += figures["content_discriminator"]

        if loss.class_weight:
            read = self.classifier(translated, training=True)
            figures["class"] = digit_cross_entropy(batch.digits, read)
            plain = self.classifier(batch.source, training=True)
            objectives["autoencoder"] += loss.class_weight * figures["class"]
            objectives["classifier"] += figures["class"] + digit_cross_entropy(batch.digits, plain)

        return figures, objectives


def make_split_code(params: ModelParams) -> SplitCode:
    """The networks with fresh weights, drawn from Keras' global seed."""
    return SplitCode(
        make_content_encoder(params.width),
        make_figure_decoder(params.width),
        make_spectral_discriminator(IMAGE, 2 * params.width, "discriminator"),
        make_spectral_discriminator(MAP, params.width, "content_discriminator"),
        make_classifier(params.width),
    )


def ground(images: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
    """Images with their content painted over by a blur of what surrounds it.

    The content is widened by a pixel and counts in full from one half on: what is left of a digit
    would tell the decoder what to draw.

    Args:
        images: float32 [n, 28, 28, 3] in [0, 1].
        content: float32 [n, 28, 28, 1] in [0, 1].

    Returns:
        float32 [n, 28, 28, 3] in [0, 1].
    """
    covered = tf.minimum(1.0, 2.0 * _widen(content))
    kept = 1.0 - covered
    around = _blur(images * kept) / (_blur(kept) + 1e-3)
    return kept * images + covered * around


def _widen(content: tf.Tensor) -> tf.Tensor:
    """The largest of each pixel and its eight neighbours."""
    # Not max_pool2d: inside a loop, which kernel its gradient gets depends on the order in which
    # TensorFlow's oneDNN pass reads the graph, and so rounding differs between processes.
    for vertical, horizontal in ((1, 0), (0, 1)):
        padded = tf.pad(content, [[0, 0], [vertical] * 2, [horizontal] * 2, [0, 0]])
        before, centre, after = (
            tf.slice(padded, [0, k * vertical, k * horizontal, 0], tf.shape(content))
            for k in range(3)
        )
        content = tf.maximum(tf.maximum(before, centre), after)
    return content


def _blur(images: tf.Tensor) -> tf.Tensor:
    place = np.arange(28)
    kernel = np.exp(-0.5 * ((place[:, None] - place) / BLUR) ** 2).astype(np.float32)
    # As two matrix products: a depthwise convolution's gradient is slow on a CPU.
    return tf.einsum("ij,njkc,kl->nilc", kernel, images, kernel)


def make_content_encoder(width: float) -> keras.Model:
    """Image to the logits of its content: a small U-Net (Ronneberger et al. 2015)."""
    image = layers.Input(IMAGE)
    fine = _convolution(image, filters(64, width), kernel=5)
    middle = _convolution(fine, filters(128, width), strides=2)
    coarse = _convolution(middle, filters(256, width), strides=2)
    coarse = layers.Add()([coarse, _convolution(coarse, filters(256, width))])
    up = layers.Concatenate()([layers.UpSampling2D()(coarse), middle])
    up = _convolution(up, filters(128, width))
    up = layers.Concatenate()([layers.UpSampling2D()(up), fine])
    up = _convolution(up, filters(64, width))
    logits = layers.Conv2D(1, 3, padding="same", dtype="float32")(up)
    return keras.Model(image, logits, name="content_encoder")


def make_figure_decoder(width: float) -> keras.Model:
    """Shade of the ground and content to the logits of the figure's colours."""
    shade, content = layers.Input(IMAGE), layers.Input(MAP)
    hidden = layers.Concatenate()([shade, content])
    hidden = layers.Conv2D(filters(64, width), 5, padding="same", activation="relu")(hidden)
    hidden = layers.Conv2D(filters(64, width), 3, padding="same", activation="relu")(hidden)
    colours = layers.Conv2D(3, 3, padding="same", dtype="float32")(hidden)
    return keras.Model([shade, content], colours, name="decoder")


def make_spectral_discriminator(
    shape: tuple[int, int, int], width: float, name: str
) -> keras.Sequential:
    """Image or content to one logit, positive for "real"; each layer's norm is one."""
    spectral = [
        SpectralNorm(layers.Conv2D(filters(64, width), 5, 2, padding="same", use_bias=False)),
        SpectralNorm(layers.Conv2D(filters(128, width), 5, 2, padding="same", use_bias=False)),
        SpectralNorm(layers.Conv2D(filters(256, width), 3, 2, padding="same", use_bias=False)),
    ]
    stack = [layer for each in spectral for layer in (each, layers.LeakyReLU(0.2))]
    return keras.Sequential(
        [
            layers.Input(shape),
            *stack,
            layers.Flatten(),
            SpectralNorm(layers.Dense(1, use_bias=False)),
            layers.Activation("linear", dtype="float32"),  # losses are float32
        ],
        name=name,
    )


def _convolution(
    inputs: keras.KerasTensor, count: int, kernel: int = 3, strides: int = 1
) -> keras.KerasTensor:
    outputs = layers.Conv2D(count, kernel, strides, padding="same", use_bias=False)(inputs)
    return layers.ReLU()(BatchNorm()(outputs))
