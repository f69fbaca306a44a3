"""A classifier for the target domain, from source labels alone."""

from typing import Annotated

import numpy as np
import tensorflow as tf
from pydantic import Field

from adda.classification.classifier import ClassifierParams, Sample, sample_labelled
from adda.classification.moving import move
from adda.common.params import Group, Weight
from adda.engine.sampling import SOURCE, TARGET, sample_batch, to_float
from adda.recipes.recipe import Recipe


class AdaptationParams(Group):
    """What the adapted classifier learns from, beside its size and schedule."""

    translated_share: Annotated[float, Field(ge=0, le=1)]
    move: Annotated[float, Field(ge=0, le=0.5)]
    self_training_weight: Weight


def sample_translations(
    model: Recipe,
    source: np.ndarray,
    labels: np.ndarray,
    styles: np.ndarray,
    params: AdaptationParams,
    classifier: ClassifierParams,
) -> Sample:
    """Random batches of source images, moved; of these, a share translated, in random styles.

    Args:
        source: uint8 [n, 28, 28, 3].
        labels: uint8 [n], what they show.
        styles: uint8 [m, 28, 28, 3], of unlabelled target images, from `translation.styles`: found
            beforehand, since to find one costs more than to use it.
    """
    size, seed = classifier.batch_size, classifier.seed
    sample_plain = sample_labelled(source, labels, size, seed)
    styles = tf.constant(styles)
    count = round(params.translated_share * size)

    def sample(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, shown = sample_plain(number)
        images = move(images, params.move, seed, SOURCE, number)
        if not count:
            return images, shown
        batch = sample_batch(len(styles), size, seed, TARGET, number)[:count]
        translated = model.render(images[:count], to_float(tf.gather(styles, batch)))
        return tf.concat([translated, images[count:]], axis=0), shown

    return sample
