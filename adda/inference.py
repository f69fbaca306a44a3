"""Running trained networks over many images, a batch at a time."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from adda.networks import Autoencoder, to_float

BATCH_SIZE = 500  # images; bounds the memory of a pass


def apply(function: Callable[[tf.Tensor], tf.Tensor], images: np.ndarray) -> np.ndarray:
    """Apply a function of float32 images in [0, 1] to uint8 images [n, 28, 28, 3].

    Returns:
        The results, stacked along the first axis.
    """
    signature = tf.TensorSpec([None, *images.shape[1:]], tf.uint8)

    @tf.function(input_signature=[signature])
    def batch_function(batch: tf.Tensor) -> tf.Tensor:
        return function(to_float(batch))

    starts = range(0, len(images), BATCH_SIZE)
    return np.concatenate(
        [batch_function(tf.constant(images[at : at + BATCH_SIZE])).numpy() for at in starts]
    )


def redraw(networks: Autoencoder, images: np.ndarray) -> np.ndarray:
    """Pass images of either domain through encoder and decoder.

    For source images this is the translation, for target images the reconstruction.

    Args:
        images: uint8 [n, 28, 28, 3].

    Returns:
        uint8 [n, 28, 28, 3].
    """

    def pixels(batch: tf.Tensor) -> tf.Tensor:
        drawn = networks.decoder(networks.encoder(batch, training=False), training=False)
        return tf.cast(tf.round(drawn * 255.0), tf.uint8)

    return apply(pixels, images)
