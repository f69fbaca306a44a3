"""A classifier for the target domain, from source labels alone."""

import numpy as np
import tensorflow as tf

from adda.classification.classifier import Sample, sample_labelled
from adda.engine.sampling import TARGET, sample_batch, to_float
from adda.recipes.recipe import Recipe


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
