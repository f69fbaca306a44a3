"""What trained networks make of images: translations both ways, reconstructions, codes, styles."""

import numpy as np
import tensorflow as tf

from adda.engine.sampling import to_pixels
from adda.inference.batches import apply
from adda.inference.capabilities import Encodes, GivesMask, Reconstructs, TranslatesBack, Writes
from adda.recipes.recipe import Recipe


def translate(model: Recipe, source: np.ndarray, styles: np.ndarray) -> np.ndarray:
    """Translate source images in the styles of target images, one each.

    Args:
        source, styles: uint8 [n, size, size, 3]; a recipe that knows one style ignores the styles.

    Returns:
        uint8 [n, size, size, 3].
    """
    return apply(lambda *pair: to_pixels(model.translate(*pair)), source, styles)


def render(model: Recipe, source: np.ndarray, style: np.ndarray) -> np.ndarray:
    """The same in styles that `styles` found."""
    return apply(lambda *pair: to_pixels(model.render(*pair)), source, style)


def translate_at_random(model: Recipe, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Translate source images, each in the style of a target image at random: `sample_styles`.

    Args:
        source: uint8 [n, size, size, 3].
        target: uint8 [m, size, size, 3].

    Returns:
        uint8 [n, size, size, 3].
    """
    return translate(model, source, sample_styles(target, len(source)))


def translate_back(model: TranslatesBack, target: np.ndarray) -> np.ndarray:
    """Target images as source images: uint8 [n, size, size, 3] to the same."""
    return apply(lambda images: to_pixels(model.translate_back(images)), target)


def reconstruct(model: Reconstructs, target: np.ndarray) -> np.ndarray:
    """Take target images to their code and back: uint8 [n, size, size, 3] to the same."""
    return apply(lambda images: to_pixels(model.reconstruct(images)), target)


def codes(model: Encodes, images: np.ndarray) -> np.ndarray:
    """The codes that both domains share, flat: uint8 [n, size, size, 3] to float32 [n, d]."""
    return apply(model.code, images).reshape(len(images), -1)


def styles(model: Recipe, target: np.ndarray) -> np.ndarray:
    """The styles of target images, uint8 [n, h, w, 3 or more]: their backgrounds come first."""
    return apply(lambda images: to_pixels(model.style(images)), target)


def masks(model: GivesMask, target: np.ndarray) -> np.ndarray:
    """Where the digit is in target images, uint8 [n, size, size, 3]: 255 where it is."""
    return apply(lambda images: to_pixels(tf.repeat(model.mask(images), 3, -1)), target)


def written(model: Writes, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Source images as the target would write them, on black: uint8 [n, size, size, 3]."""

    def write(source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        return to_pixels(tf.repeat(model.written(source, model.style(target)), 3, -1))

    return apply(write, source, target)


def sample_styles(target: np.ndarray, count: int) -> np.ndarray:
    """`count` of the target images, uint8 [count, size, size, 3], at random with replacement.

    They are the same in every experiment: two differ by their networks alone.
    """
    return target[np.random.default_rng(0).integers(len(target), size=count)]
