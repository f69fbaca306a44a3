import numpy as np
import tensorflow as tf

from adda.engine.sampling import pack, pick


def test_what_is_packed_is_picked_bit_for_bit(rng):
    """Whatever number four pixels are as one float32, such as none."""
    images = rng.integers(0, 256, (50, 28, 28, 3), np.uint8)
    images[3] = 255  # not a number
    images[4] = [[[0, 0, 128]]]  # less than float32 holds in full
    chosen = tf.constant([3, 4, 4, 49, 0])
    picked = tf.function(lambda packed: pick(packed, chosen, images.shape[1:]))(pack(images))
    np.testing.assert_array_equal(np.rint(picked * 255), images[chosen.numpy()])
