"""What trained networks make of images: translations, reconstructions, contents and styles."""

import numpy as np
import tensorflow as tf

from adda.engine.sampling import to_pixels
from adda.inference.batches import apply
from adda.recipes.split import SplitCode
from adda.recipes.storage import Model


def translate(model: Model, source: np.ndarray, styles: np.ndarray) -> np.ndarray:
    """Redraw source images in the styles of target images, one each.

    Args:
        source, styles: uint8 [n, 28, 28, 3]; the baseline recipe ignores the styles.

    Returns:
        uint8 [n, 28, 28, 3].
    """
    return apply(lambda *pair: to_pixels(model.translate(*pair)), source, styles)


def reconstruct(model: Model, target: np.ndarray) -> np.ndarray:
    """Take target images to their code and back: uint8 [n, 28, 28, 3] to the same."""
    return apply(lambda batch: to_pixels(model.reconstruct(batch)), target)


def contents(model: SplitCode, target: np.ndarray) -> np.ndarray:
    """The digits of target images, which is their translation into the source domain.

    Args:
        target: uint8 [n, 28, 28, 3].

    Returns:
        uint8 [n, 28, 28, 3], 0 or 255, as source images are.
    """
    return apply(lambda images: binary_content(model, images), target).repeat(3, axis=-1)


def binary_content(model: SplitCode, images: tf.Tensor) -> tf.Tensor:
    """The digits of target images, float32 [n, 28, 28, 3], as uint8 [n, 28, 28, 1], 0 or 255."""
    return to_pixels(tf.round(model.content(images)))


def styles(model: Model, target: np.ndarray) -> np.ndarray:
    """The styles of target images as images, uint8 [n, 28, 28, 3]: what a digit can stand on."""
    return apply(lambda batch: to_pixels(model.style(batch)), target)


def draw_styles(target: np.ndarray, count: int, seed: int) -> np.ndarray:
    """`count` of the target images, uint8 [count, 28, 28, 3], at random with replacement."""
    return target[np.random.default_rng(seed).integers(len(target), size=count)]
