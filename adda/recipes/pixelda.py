"""A recipe after PixelDA, to compare with: residual blocks, a noise vector, and a class loss.

Bousmalis et al. 2017 (arXiv:1612.05424, section 3 and the appendix's figures): the source image and
a noise vector go through six residual blocks; an adversary tells generated from target images;
a classifier learns source and generated images, and its loss reaches the generator. It is our own
reading at our widths and schedule, not the authors' code: no dropout, no noise in the
adversary, Adam as everywhere here.
"""

from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from adda.common.params import Weight
from adda.engine.sampling import Batch
from adda.nn.layers import BatchNorm, Conv2D
from adda.nn.networks import filters, make_classifier
from adda.recipes.losses import class_cross_entropy, diversity
from adda.recipes.recipe import Domains, LossParams, Phase, Recipe, RecipeParams, trainable
from adda.recipes.terms import Terms

NOISE = 10  # numbers in the noise vector
BLOCKS = 6


class PixelDAParams(RecipeParams):
    """The class loss's weight on the generator; theirs: 0.01."""

    class_weight: Weight = 0.01


class PixelDA(Recipe):
    """Generator, adversary and classifier."""

    name = "pixelda"
    Params = PixelDAParams
    loss: ClassVar = {"adversarial_weight": 0.011}  # theirs; there is no reconstruction
    train: ClassVar = {"batch_size": 64, "adversary_learning_rate": 0.001}  # ours
    authors_share = 0.5  # Bousmalis et al. 2017, equation 3
    about = "A class loss alone keeps a digit's identity. The style is a vector of noise."

    def __init__(self, width: float, params: PixelDAParams, domains: Domains):
        super().__init__(width, params, domains)
        self.generator = _make_generator(width, self.image)
        self.adversary = _make_adversary(width, self.image)
        self.classifier = make_classifier(width, domains.classes, domains.size)

    @property
    def networks(self) -> dict[str, keras.Model]:
        return {
            "generator": self.generator,
            "adversary": self.adversary,
            "classifier": self.classifier,
        }

    def phases(self) -> list[Phase]:
        sides = {
            "autoencoder": trainable(self.generator),
            "adversary": trainable(self.adversary),
            "classifier": trainable(self.classifier),
        }
        return [Phase("train", 1.0, sides, [self.objective])]

    def objective(self, batch: Batch, loss: LossParams) -> Terms:
        """All terms, from one forward pass."""
        terms = Terms()
        generated = self.generator([batch.source, _noise(batch.target)], training=True)
        terms.add_game(
            loss.adversarial_weight,
            self.adversary,
            real=("target", batch.target),
            fake=("translated", generated),
        )
        if weight := self.params.class_weight:
            # A translation shows what its source does: a classifier learns from both and teaches
            # the generator (section 3.1).
            read, plain = (
                class_cross_entropy(batch.labels, self.classifier(seen, training=True))
                for seen in (generated, batch.source)
            )
            terms.add("class", weight, lambda: read, "autoencoder")
            terms.add("classifier", 1.0, lambda: read + plain, "classifier")
        terms.show("diversity", diversity(generated, batch.target))
        return terms

    def render(self, source: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        """The style image is nothing but the source of the noise."""
        return self.generator([source, _noise(style)], training=False)


def _noise(images: tf.Tensor) -> tf.Tensor:
    """A vector [n, 10] for each image, by a fixed random projection of unit length.

    Over random images it is near normal, and one image gives the same in training and in use.
    """
    count = int(np.prod(images.shape[1:]))
    projection = np.random.default_rng(0).normal(size=(count, NOISE)).astype(np.float32)
    flat = tf.reshape(images - 0.5, [-1, count])
    return tf.linalg.l2_normalize(flat, axis=1) @ projection


def _make_generator(width: float, shape: tuple[int, int, int]) -> keras.Model:
    image, noise = layers.Input(shape), layers.Input((NOISE,))
    plane = layers.Reshape((*shape[:2], 1))(layers.Dense(shape[0] * shape[1])(noise))
    count = filters(64, width)
    hidden = layers.Concatenate()([image, plane])
    hidden = Conv2D(count, 3, padding="same", activation="relu")(hidden)
    for _ in range(BLOCKS):
        inner = Conv2D(count, 3, padding="same", use_bias=False)(hidden)
        inner = layers.ReLU()(BatchNorm()(inner))
        inner = BatchNorm()(Conv2D(count, 3, padding="same", use_bias=False)(inner))
        hidden = layers.Add()([hidden, inner])
    colours = Conv2D(3, 3, padding="same", activation="sigmoid", dtype="float32")(hidden)
    return keras.Model([image, noise], colours)


def _make_adversary(width: float, shape: tuple[int, int, int]) -> keras.Sequential:
    stack = [layers.Input(shape)]
    for count, strides in ((64, 1), (128, 2), (256, 2), (512, 2)):
        stack += [Conv2D(filters(count, width), 3, strides, padding="same")]
        stack += [layers.LeakyReLU(0.2)]
    return keras.Sequential([*stack, layers.Flatten(), layers.Dense(1, dtype="float32")])
