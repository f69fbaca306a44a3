"""Random batches, the same on every run: stateless, keyed by seed and step."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

STREAMS = 2  # a batch
ALIGNED = 64  # bytes: TensorFlow reads memory in place from such addresses
SOURCE, TARGET = 0, 1  # streams of random numbers: the domains are never sampled in pairs


class Batch(NamedTuple):
    """What one step sees, or one replica's part of it."""

    source: tf.Tensor  # float32 [n, size, size, 3] in [0, 1]
    labels: tf.Tensor  # int32 [n], what the source images show
    target: tf.Tensor  # float32 [n, size, size, 3] in [0, 1]


def sample_batch(count: int, batch_size: int, seed: int, stream: int, step: tf.Tensor) -> tf.Tensor:
    """Indices of a random batch, int32 [batch_size] in [0, count), with replacement.

    Seed, stream (one a data set) and step determine it, so a run can be resumed.
    """
    # Left to itself, TensorFlow takes another generator under XLA.
    philox = {"alg": "philox"}
    key = tf.random.fold_in(tf.constant([seed, stream], tf.int64), step, **philox)
    return tf.random.stateless_uniform([batch_size], key, 0, count, tf.int32, **philox)


def pack(images: np.ndarray) -> tf.Tensor:
    """uint8 images as rows of float32, four values in the bits of each, for `pick`.

    TensorFlow has no kernel that gathers uint8 on a GPU: each step would first copy whole training
    sets to the host. On a CPU, images of a mapped file stay in the file: `read_array`.
    """
    rows = np.ascontiguousarray(images).reshape(len(images), -1).view(np.float32)
    if rows.flags.writeable and not rows.ctypes.data % ALIGNED:
        return tf.identity(tf.experimental.dlpack.from_dlpack(rows.__dlpack__()))
    return tf.constant(rows)


def pick(packed: tf.Tensor, indices: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Some of the images that `pack` packed, each of this shape: float32 in [0, 1]."""
    rows = tf.bitcast(tf.gather(packed, indices), tf.uint8)
    return to_float(tf.reshape(rows, (-1, *shape)))


def to_float(images: tf.Tensor) -> tf.Tensor:
    """uint8 images, 0 to 255, as float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0


def to_pixels(images: tf.Tensor) -> tf.Tensor:
    """float32 images in [0, 1] as uint8, 0 to 255: the inverse of `to_float`."""
    return tf.cast(tf.round(images * 255.0), tf.uint8)
