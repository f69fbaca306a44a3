"""Images moved, scaled, turned and sheared at random, as handwriting differs."""

import tensorflow as tf

from adda.common.array_files import SIZE

SHIFT = 13.0  # pixels of 28, at an amount of 1: two at 0.15
STREAM = 8  # streams of random numbers of moves come after those of images


def move(images: tf.Tensor, amount: float, seed: int, stream: int, number: tf.Tensor) -> tf.Tensor:
    """Apply a random affine map to each image, about its middle.

    The map's matrix is the identity and normal noise; its shift is uniform (French et al. 2018,
    arXiv:1706.05208, section 4.1). What comes in from outside repeats the image, mirrored.

    Args:
        images: float32 [n, height, width, channels].
        amount: standard deviation of the matrix's noise; at 0 the images are returned as they are.
        seed, stream, number: determine the noise, as in `sample_batch`.
    """
    if not amount:
        return images
    philox = {"alg": "philox"}
    key = tf.random.fold_in(tf.constant([seed, STREAM + stream], tf.int64), number, **philox)
    noise, shifts = tf.unstack(tf.random.split(key, 2, **philox))
    count, middle = tf.shape(images)[0], (images.shape[1] - 1) / 2
    matrix = tf.eye(2) + amount * tf.random.stateless_normal([count, 2, 2], noise, **philox)
    most = SHIFT * images.shape[1] / SIZE * amount
    shift = tf.random.stateless_uniform([count, 2], shifts, -most, most, **philox)
    offset = middle - tf.reduce_sum(matrix * middle, axis=2) + shift
    rows = tf.concat([matrix, offset[..., None]], axis=2)  # of each image: a b c, d e f
    maps = tf.concat([tf.reshape(rows, [count, 6]), tf.zeros([count, 2])], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=maps,
        output_shape=images.shape[1:3],
        interpolation="BILINEAR",
        fill_mode="REFLECT",
        fill_value=0.0,
    )
