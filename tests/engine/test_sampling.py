import numpy as np
import tensorflow as tf

from adda.common.array_files import read_array
from adda.engine.sampling import pack, pick


def test_what_is_packed_is_picked_bit_for_bit(rng):
    """Whatever number four pixels are as one float32, such as none."""
    images = rng.integers(0, 256, (50, 28, 28, 3), np.uint8)
    images[3] = 255  # not a number
    images[4] = [[[0, 0, 128]]]  # less than float32 holds in full
    chosen = tf.constant([3, 4, 4, 49, 0])
    picked = tf.function(lambda packed: pick(packed, chosen, images.shape[1:]))(pack(images))
    np.testing.assert_array_equal(np.rint(picked * 255), images[chosen.numpy()])


def test_images_in_a_file_stay_there(rng, tmp_path):
    np.save(tmp_path / "images.npy", rng.integers(0, 256, (50, 28, 28, 3), np.uint8))
    images = read_array(tmp_path / "images.npy")
    packed = pack(images)
    images[7] = 3  # not in the file, and so only seen where memory is shared
    assert (np.rint(pick(packed, tf.constant([7]), (28, 28, 3)) * 255) == 3).all()
    assert (np.load(tmp_path / "images.npy")[7] != 3).any()
