"""Layers against Keras' own and against NumPy."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import values_and_gradients

from adda.nn.layers import BatchNorm, MaxPool, SpectralNorm, UpConvolution


def test_a_batch_norm_is_that_of_keras(rng):
    shape = (16, 5, 5, 3)
    x = tf.constant(rng.normal(3, 2, shape).astype(np.float32))
    ours, theirs = BatchNorm(), keras.layers.BatchNormalization()
    found = []
    for layer in (ours, theirs):
        layer.build(shape)
        layer.gamma.assign([1.0, 2.0, 3.0])
        layer.beta.assign([0.0, 1.0, -1.0])
        train = partial(layer, training=True)
        passes = [values_and_gradients(train, x, weights=layer.weights[:2]) for _ in range(3)]
        found.append(passes[0])
    for left, right in zip(*found, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(ours.moving_mean, theirs.moving_mean, rtol=1e-4)
    # The fused operation averages the unbiased variance, n / (n - 1) times the other.
    count = np.prod(shape[:-1])
    unbiased = 0.99**3 + (np.asarray(theirs.moving_variance) - 0.99**3) * count / (count - 1)
    np.testing.assert_allclose(ours.moving_variance, unbiased, rtol=1e-4)
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (keras.layers.Conv2D(6, 3, padding="same", use_bias=False), (2, 8, 8, 3)),
        (keras.layers.Dense(6, use_bias=False), (2, 9)),
    ],
)
def test_a_spectral_layer_is_divided_by_its_largest_singular_value(rng, layer, shape):
    spectral = SpectralNorm(layer)
    spectral.build(shape)
    x = tf.constant(rng.normal(size=shape).astype(np.float32))
    for _ in range(100):  # the power iteration converges
        outputs = spectral(x, training=True)
    norm = np.linalg.svd(np.reshape(layer.kernel, (-1, 6)), compute_uv=False)[0]
    np.testing.assert_allclose(outputs, layer(x) / norm, rtol=1e-3, atol=1e-5)
    spectral.bias.assign(np.arange(6.0))
    vector = spectral.vector.numpy()
    moved = spectral(x, training=False)
    np.testing.assert_allclose(
        moved - outputs, np.broadcast_to(np.arange(6.0), moved.shape), atol=1e-4
    )
    assert (spectral.vector.numpy() == vector).all()  # it moves in training alone


def test_the_spectral_norm_passes_gradients(rng):
    """Scaling the kernel changes nothing, so the gradient is orthogonal to the kernel."""
    layer = keras.layers.Dense(4, use_bias=False)
    spectral = SpectralNorm(layer)
    spectral.build((5, 3))
    x = tf.constant(rng.normal(size=(5, 3)).astype(np.float32))
    train = partial(spectral, training=True)
    gradient = values_and_gradients(train, x, weights=[layer.kernel])[-1].numpy()
    kernel = layer.kernel.numpy()
    assert abs(gradient).max() > 0.01
    assert abs((gradient * kernel).sum()) < 1e-3 * np.linalg.norm(gradient) * np.linalg.norm(kernel)


def test_pooling_is_that_of_keras(rng):
    x = tf.constant(rng.normal(size=(2, 8, 6, 3)).astype(np.float32))
    layers = MaxPool(), keras.layers.MaxPooling2D()
    found = [values_and_gradients(layer, x) for layer in layers]
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_way_up_is_a_convolution_of_repeated_pixels_beside_fine_ones(rng):
    coarse = tf.constant(rng.normal(size=(2, 4, 5, 3)).astype(np.float32))
    fine = tf.constant(rng.normal(size=(2, 8, 10, 2)).astype(np.float32))
    ours = UpConvolution(6)
    theirs = keras.layers.Conv2D(6, 3, padding="same", use_bias=False)

    def join(coarse: tf.Tensor, fine: tf.Tensor) -> tf.Tensor:
        return theirs(tf.concat([keras.layers.UpSampling2D()(coarse), fine], axis=-1))

    join(coarse, fine)
    ours.build([coarse.shape, fine.shape])
    ours.kernel.assign(theirs.kernel)
    found = [
        values_and_gradients(call, coarse, fine, weights=[layer.kernel])
        for layer, call in ((ours, lambda *maps: ours(list(maps))), (theirs, join))
    ]
    for left, right in zip(*found, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-4)
