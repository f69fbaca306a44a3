"""A classifier for the target domain, from source labels alone."""

import keras
import numpy as np
import tensorflow as tf

from adda.classification.classifier import Sample, probabilities, sample_labelled
from adda.engine.sampling import TARGET, sample_batch, to_float
from adda.inference.translation import translate_back
from adda.recipes.recipe import Recipe, TranslatesBack


def sample_translations(
    model: Recipe, source: np.ndarray, labels: np.ndarray, styles: np.ndarray, size: int, seed: int
) -> Sample:
    """Random batches of source images, translated afresh each time, in styles taken at random.

    Args:
        source: uint8 [n, 28, 28, 3].
        labels: uint8 [n], what they show.
        styles: uint8 [m, 28, 28, 3], of unlabelled target images, from `translation.styles`: found
            beforehand, since to find one costs more than to use it.
    """
    sample_source = sample_labelled(source, labels, size, seed)
    styles = tf.constant(styles)

    def sample(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, shown = sample_source(number)
        batch = sample_batch(len(styles), size, seed, TARGET, number)
        return model.render(images, to_float(tf.gather(styles, batch))), shown

    return sample


def ensemble(
    likely: np.ndarray, source_only: keras.Sequential, model: TranslatesBack, images: np.ndarray
) -> np.ndarray:
    """How likely each class is by two classifiers that saw no target label: float32 [n, classes].

    The two err on different images.

    Args:
        likely: float32 [n, classes], what the adapted classifier makes of the images.
        source_only: is shown the images translated back.
        images: uint8 [n, 28, 28, 3], of the target.
    """
    back = probabilities(source_only, translate_back(model, images))
    return np.mean([likely, back], axis=0)
