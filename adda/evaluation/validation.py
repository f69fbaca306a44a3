"""What validators see of a run: the only place where they meet TensorFlow."""

import keras
import numpy as np
import scipy.special

from adda.classification.adapted import Adapted
from adda.classification.classifier import probabilities
from adda.evaluation.validators import Validation
from adda.inference.translation import translate_at_random
from adda.recipes.recipe import Recipe


def look(
    adapted: Adapted,
    source_only: keras.Sequential,
    model: Recipe,
    target: np.ndarray,
    source: np.ndarray,
    labels: np.ndarray,
) -> Validation:
    """Show images of the validation split to all networks.

    Args:
        target, source: uint8 [., size, size, 3].
        labels: uint8 [m], of the source images.
    """
    translated = translate_at_random(model, source, target)
    views = adapted.logits(target)
    return Validation(
        probabilities=scipy.special.softmax(views.sum(axis=0), axis=1),
        views=list(views),
        source_only=probabilities(source_only, target),
        translated=adapted.probabilities(translated),
        translated_source_only=probabilities(source_only, translated),
        labels=labels,
    )
