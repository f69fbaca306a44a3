"""The fused layer against NumPy and against Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from adda.nn.layers import BatchNorm, MaxPool, SpectralNorm, UpConvolution


@pytest.mark.parametrize("shape", [(16, 5, 5, 3), (16, 3)])
def test_training_normalises_by_the_batch(rng, shape):
    x = rng.normal(3, 2, shape).astype(np.float32)
    layer = BatchNorm()
    layer.build(shape)
    layer.gamma.assign([1.0, 2.0, 3.0])
    layer.beta.assign([0.0, 1.0, -1.0])
    axes = tuple(range(len(shape) - 1))
    normal = (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-3)
    expected = normal * [1, 2, 3] + [0, 1, -1]
    np.testing.assert_allclose(layer(x, training=True), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(16, 5, 5, 3), (16, 3)])
def test_gradients_averages_and_inference_are_those_of_keras(rng, shape):
    x = tf.constant(rng.normal(3, 2, shape).astype(np.float32))
    upstream = tf.constant(rng.normal(size=shape).astype(np.float32))
    ours, theirs = BatchNorm(), keras.layers.BatchNormalization()
    gradients = []
    for layer in (ours, theirs):
        layer.build(shape)
        for _ in range(3):
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(upstream * layer(x, training=True))
            gradients.append(tape.gradient(loss, [x, *layer.trainable_variables]))
    for left, right in zip(gradients[0], gradients[3], strict=True):
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
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(spectral(x, training=True)))
    gradient = tape.gradient(loss, layer.kernel.value).numpy()
    kernel = layer.kernel.numpy()
    assert abs(gradient).max() > 0.01
    assert abs((gradient * kernel).sum()) < 1e-3 * np.linalg.norm(gradient) * np.linalg.norm(kernel)


def test_pooling_is_that_of_keras(rng):
    x = tf.constant(rng.normal(size=(2, 8, 6, 3)).astype(np.float32))
    found = []
    for layer in (MaxPool(), keras.layers.MaxPooling2D()):
        with tf.GradientTape() as tape:
            tape.watch(x)
            pooled = layer(x)
        found.append((pooled, tape.gradient(pooled, x)))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_way_up_is_a_convolution_of_repeated_pixels_beside_fine_ones(rng):
    coarse = tf.constant(rng.normal(size=(2, 4, 5, 3)).astype(np.float32))
    fine = tf.constant(rng.normal(size=(2, 8, 10, 2)).astype(np.float32))
    upstream = rng.normal(size=(2, 8, 10, 6)).astype(np.float32)
    ours = UpConvolution(6)
    theirs = keras.layers.Conv2D(6, 3, padding="same", use_bias=False)

    def join(coarse: tf.Tensor, fine: tf.Tensor) -> tf.Tensor:
        return theirs(tf.concat([keras.layers.UpSampling2D()(coarse), fine], axis=-1))

    join(coarse, fine)
    ours.build([coarse.shape, fine.shape])
    ours.kernel.assign(theirs.kernel)
    found = []
    for layer, call in ((ours, lambda *maps: ours(list(maps))), (theirs, join)):
        with tf.GradientTape() as tape:
            tape.watch([coarse, fine])
            outputs = call(coarse, fine)
            loss = tf.reduce_sum(upstream * outputs)
        found.append([outputs, *tape.gradient(loss, [coarse, fine, layer.kernel.value])])
    for left, right in zip(*found, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-4)
