"""Running trained networks over many images, a batch at a time."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from adda.batch import to_float

BATCH_SIZE = 500  # images; bounds the memory of a pass


def apply(function: Callable[..., tf.Tensor], *images: np.ndarray) -> np.ndarray:
    """Apply a function of float32 images in [0, 1] to uint8 images [n, 28, 28, 3].

    Args:
        images: as many arrays, of one length, as the function takes.

    Returns:
        The results, stacked along the first axis.
    """
    signature = [tf.TensorSpec([None, *array.shape[1:]], tf.uint8) for array in images]

    @tf.function(input_signature=signature)
    def batch_function(*batch: tf.Tensor) -> tf.Tensor:
        return function(*map(to_float, batch))

    parts = (slice(at, at + BATCH_SIZE) for at in range(0, len(images[0]), BATCH_SIZE))
    return np.concatenate(
        [batch_function(*(tf.constant(array[part]) for array in images)).numpy() for part in parts]
    )
