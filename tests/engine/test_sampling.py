import numpy as np
import tensorflow as tf

from adda.common.array_files import read_array
from adda.engine.sampling import pack, pick, sample_batch


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


def test_batches_depend_on_seed_stream_and_step_alone():
    def sample(seed, stream, step):
        return sample_batch(1000, 64, seed, stream, tf.constant(step, tf.int64)).numpy()

    assert (sample(0, 0, 5) == sample(0, 0, 5)).all()
    for other in (sample(1, 0, 5), sample(0, 1, 5), sample(0, 0, 6), sample(5, 0, 0)):
        assert (sample(0, 0, 5) != other).any()


def test_batches_reach_every_image_equally():
    batches = [sample_batch(10, 100, 0, 0, tf.constant(i)).numpy() for i in range(50)]
    counts = np.bincount(np.concatenate(batches), minlength=10)
    assert len(counts) == 10
    assert (abs(counts - 500) < 100).all()  # 4.7 standard deviations
