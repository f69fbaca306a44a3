"""Values and gradients against TensorFlow's own, for maps of few pixels and of more."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import values_and_gradients

from adda.nn.convolution import FEW, convolve, convolve_transposed


def draw(rng: np.random.Generator, *shape: int) -> tf.Tensor:
    return tf.constant(rng.normal(size=shape).astype(np.float32))


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize(
    ("stride", "height", "width"), [(1, 4, 4), (1, 9, 8), (2, 7, 8), (2, 6, 7), (2, 14, 13)]
)
def test_a_convolution_is_that_of_tensorflow(rng, size, stride, height, width):
    images, kernel = draw(rng, 2, height, width, 3), draw(rng, size, size, 3, 5)
    ours = values_and_gradients(lambda x, k: convolve(x, k, stride), images, kernel)
    theirs = values_and_gradients(lambda x, k: tf.nn.conv2d(x, k, stride, "SAME"), images, kernel)
    for left, right in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize(
    ("stride", "height", "width"), [(1, 4, 4), (1, 9, 8), (2, 4, 4), (2, 3, 5), (2, 7, 8)]
)
def test_a_transposed_convolution_is_that_of_tensorflow(rng, size, stride, height, width):
    maps, kernel = draw(rng, 2, height, width, 3), draw(rng, size, size, 5, 3)
    shape = (2, stride * height, stride * width, 5)
    ours = values_and_gradients(lambda x, k: convolve_transposed(x, k, stride), maps, kernel)
    theirs = values_and_gradients(
        lambda x, k: tf.nn.conv2d_transpose(x, k, shape, stride, "SAME"), maps, kernel
    )
    for left, right in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-3)


def test_both_ways_are_tested():
    """The shapes above lie on both sides of what counts as few."""
    assert 4 * 4 <= FEW < 7 * 7
