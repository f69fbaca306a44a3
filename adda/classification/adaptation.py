"""A classifier for the target domain, from source labels alone."""

import keras
import numpy as np
import tensorflow as tf

from adda.classification.classifier import Draw, labelled, probabilities
from adda.common.errors import AddaError
from adda.engine.sampling import TARGET, draw_batch, to_float
from adda.inference.translation import contents
from adda.recipes.split import SplitCode
from adda.recipes.storage import Model


def translations(
    model: Model, source: np.ndarray, digits: np.ndarray, styles: np.ndarray, size: int, seed: int
) -> Draw:
    """Random batches of source images, translated afresh each time, in styles drawn at random.

    Args:
        source: uint8 [n, 28, 28, 3].
        digits: uint8 [n], 0 to 9, what they show.
        styles: uint8 [m, 28, 28, 3], of unlabelled target images, from `translation.styles`: found
            beforehand, since to find one costs more than to use it.
    """
    draw_source = labelled(source, digits, size, seed)
    styles = tf.constant(styles)

    def draw(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, drawn = draw_source(number)
        batch = draw_batch(len(styles), size, seed, TARGET, number)
        return model.redraw(images, to_float(tf.gather(styles, batch))), drawn

    return draw


def confident(
    classifier: keras.Sequential, images: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray]:
    """The images that a classifier is sure of, and its digits for them (Lee 2013, pseudo-labels).

    Args:
        images: uint8 [n, 28, 28, 3].
        least: the least probability of the most likely digit, in [0, 1].

    Returns:
        uint8 [k, 28, 28, 3] and uint8 [k].

    Raises:
        AddaError: it is sure of none.
    """
    likely = probabilities(classifier, images)
    sure = likely.max(axis=1) >= least
    if not sure.any():
        raise AddaError(
            f"the adapted classifier is nowhere as sure as adapt.confidence, {least}; lower it"
        )
    return images[sure], likely[sure].argmax(axis=1).astype(np.uint8)


def both_ways(
    adapted: keras.Sequential, source_only: keras.Sequential, model: SplitCode, images: np.ndarray
) -> np.ndarray:
    """How likely each digit is by two classifiers that saw no target label: float32 [n, 10].

    The mean of what the adapted one makes of target images, uint8 [n, 28, 28, 3], and the source's
    of their contents. The two err on different images.
    """
    views = probabilities(adapted, images), probabilities(source_only, contents(model, images))
    return np.mean(views, axis=0)


def in_halves(first: Draw, second: Draw) -> Draw:
    """Batches that are half the one's and half the other's."""

    def draw(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        parts = zip(first(number), second(number), strict=True)
        images, digits = (tf.concat(pair, 0) for pair in parts)
        return images, digits

    return draw
