import numpy as np
import pytest
import tensorflow as tf

from adda.classification.moving import SHIFT, move


def moved(images, amount=0.15, number=0, stream=0):
    return move(tf.constant(images), amount, 0, stream, tf.constant(number, tf.int64)).numpy()


@pytest.fixture
def squares():
    images = np.zeros((2000, 28, 28, 1), np.float32)
    images[:, 9:19, 9:19] = 1
    return images


def middles(images):
    """The mean row and column of each image's ink, float [n, 2]."""
    ink = images[..., 0]
    places = np.arange(28.0)
    rows, columns = (ink.sum(axis=axis) @ places / ink.sum(axis=(1, 2)) for axis in (2, 1))
    return np.stack([rows, columns], axis=1)


def test_shifts_are_uniform_and_sizes_vary_by_the_amount(squares):
    images = moved(squares)
    from_middle = middles(images) - 13.5
    most = SHIFT * 0.15
    # The shift is seen through the map, whose size varies by as much.
    assert np.abs(from_middle).max() < 2 * most
    np.testing.assert_allclose(from_middle.mean(axis=0), 0, atol=0.15)
    np.testing.assert_allclose(from_middle.std(axis=0), most / 3**0.5, rtol=0.15)
    # An area is divided by the map's determinant.
    ratio = squares.sum(axis=(1, 2, 3)) / images.sum(axis=(1, 2, 3))
    assert np.median(ratio) == pytest.approx(1, abs=0.05)
    assert ratio.std() == pytest.approx(0.15 * 2**0.5, rel=0.25)


def test_the_same_step_moves_alike_and_another_does_not(squares):
    few = squares[:5]
    first = moved(few)
    np.testing.assert_array_equal(moved(few), first)
    assert len(np.unique(first, axis=0)) == 5
    for other in (moved(few, number=1), moved(few, stream=1)):
        assert (other != first).any(axis=(1, 2, 3)).all()
