"""A classifier for the target domain, from source labels alone."""

from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field

from adda.classification.adapted import Adapted
from adda.classification.classifier import (
    LABEL_SMOOTHING,
    ClassifierParams,
    Sample,
    fit_classifier,
    sample_labelled,
)
from adda.classification.moving import move
from adda.classification.self_training import self_training
from adda.common.params import Group, Number, Weight
from adda.engine.checkpoints import Checkpoints
from adda.engine.sampling import SOURCE, TARGET, pack, pick, sample_batch
from adda.inference.capabilities import TranslatesBack
from adda.inference.translation import styles, translate_at_random
from adda.recipes.recipe import Recipe

STYLE_BYTES = 2**28  # of memory: 85,000 styles of 28 x 28, 16,000 of 64 x 64


class AdaptationParams(Group):
    """What the adapted classifier learns from, beside its size and schedule."""

    translated_share: Annotated[Number, Field(ge=0, le=1)]
    move: Annotated[Number, Field(ge=0, le=0.5)]
    self_training_weight: Weight
    class_balance: Weight
    averaged: Annotated[Number, Field(ge=0, lt=1)]


def adapt(
    model: Recipe,
    source_only: keras.Model,
    source: np.ndarray,
    labels: np.ndarray,
    target: np.ndarray,
    params: AdaptationParams,
    classifier: ClassifierParams,
    checkpoints: Checkpoints | None = None,
) -> Adapted:
    """Train a classifier for target images; it has a second view where translations are used.

    Args:
        source_only: of the form that `classifier` describes.
        source: uint8 [n, size, size, 3].
        labels: uint8 [n], what they show.
        target: uint8 [m, size, size, 3], unlabelled.
    """
    unlabelled = None
    if params.self_training_weight:
        weights = params.self_training_weight, params.class_balance
        unlabelled = self_training(target, *weights, params.move, classifier)
    fitted = fit_classifier(
        sample_translations(model, source, labels, target, params, classifier),
        source_only.output_shape[-1],
        classifier,
        "adapted",
        checkpoints,
        # Self-training needs a classifier that can be sure.
        smoothing=0.0 if unlabelled else LABEL_SMOOTHING,
        unlabelled=unlabelled,
        averaged=params.averaged if unlabelled else 0.0,
        size=source.shape[1],
    )
    if not (params.translated_share and isinstance(model, TranslatesBack)):
        return Adapted(fitted)
    second = classifier.make(source_only.output_shape[-1], source.shape[1])
    second.set_weights(source_only.get_weights())  # a copy, since calibration changes it
    return Adapted(fitted, model, second)


def as_trained_on(
    model: Recipe, source: np.ndarray, target: np.ndarray, params: AdaptationParams
) -> np.ndarray:
    """Source images as the classifier is shown them: translated, where it is shown translations."""
    if not params.translated_share:
        return source
    return translate_at_random(model, source, target)


def sample_translations(
    model: Recipe,
    source: np.ndarray,
    labels: np.ndarray,
    target: np.ndarray,
    params: AdaptationParams,
    classifier: ClassifierParams,
) -> Sample:
    """Random batches of source images, moved; of these, a share translated, in random styles.

    Args:
        source: uint8 [n, size, size, 3].
        labels: uint8 [n], what they show.
        target: uint8 [m, size, size, 3], unlabelled, whose styles are used. They are found
            beforehand, since to find one costs more than to use it.
    """
    size, seed = classifier.batch_size, classifier.seed
    sample_plain = sample_labelled(source, labels, size, seed)

    def sample_moved(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, shown = sample_plain(number)
        return move(images, params.move, seed, SOURCE, number), shown

    # Any share at all is an image at least: the second view and calibration reckon with some.
    count = max(round(params.translated_share * size), 1) if params.translated_share else 0
    if not count:
        return sample_moved
    most = STYLE_BYTES // (target[0].size // 3 * 4)  # a fourth channel is the most that recipes add
    style_images = styles(model, target[:most])
    packed = pack(style_images)

    def sample(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, shown = sample_moved(number)
        batch = sample_batch(len(style_images), size, seed, TARGET, number)[:count]
        translated = model.render(images[:count], pick(packed, batch, style_images.shape[1:]))
        return tf.concat([translated, images[count:]], axis=0), shown

    return sample
