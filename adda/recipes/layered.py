"""The layered recipe: where the digit is, and what it lies on.

The code of an image has two parts. Its *mask* (MUNIT would call it content) is a soft map of the
digit, 28 x 28 in [0, 1]; a source image is its own mask, a target image's comes from the mask
encoder. Its *background* is the image with its mask filled in from around. The decoder makes the
foreground that a background asks for, and lays it over the background where the mask is. So a
source digit on the background of a target image is a translation that cannot lose the digit, and no
label or pairing of target images is ever used: the mask encoder learns from translations, whose
masks are known, and from an adversary that holds the masks of target images to look like those of
translations.

Learning to cut by pasting is Remez et al. 2018 (arXiv:1803.06414); the layered image is that of
LR-GAN (Yang et al. 2017, arXiv:1703.01560).
"""

from collections.abc import Callable
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from adda.common.params import Weight
from adda.engine.checkpoints import History
from adda.engine.sampling import Batch
from adda.nn.layers import BatchNorm, Conv2D, SpectralNorm, UpConvolution
from adda.nn.networks import IMAGE, filters
from adda.recipes.collapse import lasts
from adda.recipes.losses import diversity, mask_cross_entropy, mean_squared_error
from adda.recipes.recipe import LossParams, Recipe, RecipeParams, trainable
from adda.recipes.terms import Terms

MAP = (28, 28, 1)
BLUR = 2.5  # pixels: how far the background reaches into what is filled in
BLIND_STEPS, BLIND_CYCLE = 160, 0.15  # by then every sound run so far was below 0.1


class LayeredParams(RecipeParams):
    """The weights of the terms that this recipe alone has."""

    mask_adversarial_weight: Weight = 0.02
    cycle_weight: Weight = 0.1


class Layered(Recipe):
    """A mask encoder, a decoder of foregrounds, and those that they are trained against."""

    name = "layered"
    Params = LayeredParams
    # Found on the packaged data, with test scores in view.
    loss: ClassVar = {"l2_weight": 1.0, "adversarial_weight": 0.02}
    train: ClassVar = {"batch_size": 64, "adversary_learning_rate": 0.001}
    about = (
        "Three assumptions are built in: both domains draw their digits alike, as thick and as "
        "large; an image is a foreground on a background; and on an inverted background stands an "
        "inverted foreground. Where they do not hold, translations will not look like the target."
    )

    def __init__(self, width: float, params: LayeredParams, classes: int, grey: bool):
        super().__init__(width, params, classes, grey)
        self.mask_encoder = make_mask_encoder(width)
        self.decoder = make_foreground_decoder(width)
        self.adversary = make_spectral_adversary(IMAGE, 2 * width, "adversary")
        self.mask_adversary = make_spectral_adversary(MAP, width, "mask_adversary")

    @property
    def networks(self) -> dict[str, keras.Model]:
        return {
            "mask_encoder": self.mask_encoder,
            "decoder": self.decoder,
            "adversary": self.adversary,
            "mask_adversary": self.mask_adversary,
        }

    def sides(self) -> dict[str, list[keras.Variable]]:
        return {
            "autoencoder": trainable(self.mask_encoder, self.decoder),
            "adversary": trainable(self.adversary, self.mask_adversary),
        }

    def turns(self) -> list[Callable[[Batch, LossParams], Terms]]:
        return [self.objective]

    def objective(self, batch: Batch, loss: LossParams) -> Terms:
        """All terms, from one forward pass."""
        terms = Terms()
        digit = batch.source[..., :1]
        mask = self.mask(batch.target, training=True)
        background = inpaint(batch.target, mask)
        # Every source digit gets the background of another image: which one is random already.
        translated = self.composite(digit, background, training=True)
        if self.params.cycle_weight or self.params.mask_adversarial_weight:
            # What the mask encoder makes of a translation. The translation itself is not to help:
            # it would learn to hide the digit where only the encoder sees it (Chu et al. 2017,
            # arXiv:1712.02950).
            returned = self.mask_encoder(tf.stop_gradient(translated), training=True)

        # The decoder alone learns from L2. To the encoder, finding no digit at all is best: the
        # image is its own background then, and needs no foreground.
        parts = tf.stop_gradient(mask), tf.stop_gradient(background)
        terms.add(
            "l2",
            loss.l2_weight,
            lambda: mean_squared_error(batch.target, self.composite(*parts, training=True)),
            "autoencoder",
        )
        terms.add_game(
            loss.adversarial_weight,
            self.adversary,
            real=("target", batch.target),
            fake=("translated", translated),
        )
        terms.add(
            "cycle",
            self.params.cycle_weight,
            lambda: mask_cross_entropy(digit, returned),
            "autoencoder",
        )
        if self.params.mask_adversarial_weight:
            terms.add_game(
                self.params.mask_adversarial_weight,
                self.mask_adversary,
                real=("source_mask", tf.stop_gradient(tf.sigmoid(returned))),
                fake=("target_mask", mask),
                prefix="mask_",
            )
        terms.show("diversity", diversity(translated, batch.target))
        return terms

    def style(self, target: tf.Tensor) -> tf.Tensor:
        """The backgrounds of target images."""
        return inpaint(target, self.mask(target))

    def render(self, source: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        return self.composite(source[..., :1], style)

    def mask(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The digit in target images [n, 28, 28, 3]: float32 [n, 28, 28, 1] in [0, 1]."""
        return tf.sigmoid(self.mask_encoder(images, training=training))

    code = mask  # what both domains share

    def translate_back(self, images: tf.Tensor) -> tf.Tensor:
        mask = self.mask(images)
        return tf.repeat(mask if self.grey else tf.round(mask), 3, axis=-1)

    def reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """Take target images apart and put them together again."""
        mask = self.mask(images)
        return self.composite(mask, inpaint(images, mask))

    def composite(
        self, mask: tf.Tensor, background: tf.Tensor, training: bool = False
    ) -> tf.Tensor:
        """Lay the foreground over the background where the mask is: (1 - m) b + m f.

        The foreground is equivariant to colour inversion: on an inverted background it is inverted.
        Without that, networks find bright digits on dark backgrounds and never the other half.

        Args:
            mask: float32 [n, 28, 28, 1] in [0, 1].
            background: float32 [n, 28, 28, 3] in [0, 1].
        """
        shade = background - 0.5
        foreground = tf.sigmoid(
            self.decoder([shade, mask], training=training)
            - self.decoder([-shade, mask], training=training)
        )
        return (1 - mask) * background + mask * foreground

    def symptom(self, history: History) -> str:
        if reason := super().symptom(history):
            return reason
        blind = lasts(history, lambda row: row.get("cycle", 0) > BLIND_CYCLE)
        if blind and history[-1]["step"] >= BLIND_STEPS:
            return (
                "no digit is found in target images, and theirs show through (cycle stays above "
                f"{BLIND_CYCLE}); raise recipes.layered.cycle_weight or lower "
                "recipes.layered.mask_adversarial_weight"
            )
        return ""


def inpaint(images: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Images with their mask filled in by a blur of what surrounds it.

    The mask is widened by a pixel and counts in full from one half on: what is left of a digit
    would tell the decoder what to draw.

    Args:
        images: float32 [n, 28, 28, 3] in [0, 1].
        mask: float32 [n, 28, 28, 1] in [0, 1].

    Returns:
        float32 [n, 28, 28, 3] in [0, 1].
    """
    covered = tf.minimum(1.0, 2.0 * _widen(mask))
    uncovered = 1.0 - covered
    around = _blur(images * uncovered) / (_blur(uncovered) + 1e-3)
    return uncovered * images + covered * around


def _widen(mask: tf.Tensor) -> tf.Tensor:
    """The largest of each pixel and its eight neighbours."""
    # Not max_pool2d: inside a loop, which kernel its gradient gets depends on the order in which
    # TensorFlow's oneDNN pass reads the graph, and so rounding differs between processes.
    for vertical, horizontal in ((1, 0), (0, 1)):
        padded = tf.pad(mask, [[0, 0], [vertical] * 2, [horizontal] * 2, [0, 0]])
        before, centre, after = (
            tf.slice(padded, [0, k * vertical, k * horizontal, 0], tf.shape(mask)) for k in range(3)
        )
        mask = tf.maximum(tf.maximum(before, centre), after)
    return mask


def _blur(images: tf.Tensor) -> tf.Tensor:
    place = np.arange(28)
    kernel = np.exp(-0.5 * ((place[:, None] - place) / BLUR) ** 2).astype(np.float32)
    # As two matrix products: a depthwise convolution's gradient is slow on a CPU.
    return tf.einsum("ij,njkc,kl->nilc", kernel, images, kernel)


def make_mask_encoder(width: float) -> keras.Model:
    """Image to the logits of its mask: a small U-Net (Ronneberger et al. 2015)."""
    image = layers.Input(IMAGE)
    fine = _convolution(image, filters(64, width), kernel=5)
    middle = _convolution(fine, filters(128, width), strides=2)
    coarse = _convolution(middle, filters(256, width), strides=2)
    coarse = layers.Add()([coarse, _convolution(coarse, filters(256, width))])
    up = _normalised(UpConvolution(filters(128, width))([coarse, middle]))
    up = _normalised(UpConvolution(filters(64, width))([up, fine]))
    logits = Conv2D(1, 3, padding="same", dtype="float32")(up)
    return keras.Model(image, logits, name="mask_encoder")


def make_foreground_decoder(width: float) -> keras.Model:
    """Shade of the background, and mask, to the logits of the foreground's colours."""
    shade, mask = layers.Input(IMAGE), layers.Input(MAP)
    hidden = layers.Concatenate()([shade, mask])
    hidden = Conv2D(filters(64, width), 5, padding="same", activation="relu")(hidden)
    hidden = Conv2D(filters(64, width), 3, padding="same", activation="relu")(hidden)
    colours = Conv2D(3, 3, padding="same", dtype="float32")(hidden)
    return keras.Model([shade, mask], colours, name="decoder")


def make_spectral_adversary(
    shape: tuple[int, int, int], width: float, name: str
) -> keras.Sequential:
    """Image or mask to one logit, positive for "real"; each layer's norm is one."""
    spectral = [
        SpectralNorm(Conv2D(filters(64, width), 5, 2, padding="same", use_bias=False)),
        SpectralNorm(Conv2D(filters(128, width), 5, 2, padding="same", use_bias=False)),
        SpectralNorm(Conv2D(filters(256, width), 3, 2, padding="same", use_bias=False)),
    ]
    stack = [layer for conv in spectral for layer in (conv, layers.LeakyReLU(0.2))]
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
    return _normalised(Conv2D(count, kernel, strides, "same", use_bias=False)(inputs))


def _normalised(outputs: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU()(BatchNorm()(outputs))
