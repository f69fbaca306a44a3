"""Each loss against its formula in NumPy, and each gradient against finite differences."""

import numpy as np
import pytest
import tensorflow as tf

from adda.recipes import losses


def test_called_real_and_fake_are_binary_cross_entropies(rng):
    logits = rng.normal(0, 3, (7, 1))
    probability = 1 / (1 + np.exp(-logits))
    assert float(losses.called_real(logits)) == pytest.approx(-np.log(probability).mean())
    assert float(losses.called_fake(logits)) == pytest.approx(-np.log(1 - probability).mean())


def test_extreme_logits_stay_finite():
    logits = tf.constant([[-1e4], [1e4]])
    assert float(losses.called_real(logits)) == pytest.approx(5e3)
    assert float(losses.called_fake(logits)) == pytest.approx(5e3)


def test_mask_divergence(rng):
    logits, mask = rng.normal(0, 3, (2, 28, 28, 1)), rng.random((2, 28, 28, 1))
    p = 1 / (1 + np.exp(-logits))
    expected = mask * np.log(mask / p) + (1 - mask) * np.log((1 - mask) / (1 - p))
    assert float(losses.mask_divergence(mask, logits)) == pytest.approx(expected.mean())
    right = np.log(mask / (1 - mask))
    assert float(losses.mask_divergence(mask, right)) == pytest.approx(0, abs=1e-9)


def test_diversity_is_zero_for_one_image_and_one_for_the_target(rng):
    target = rng.random((50, 28, 28, 3))
    assert float(losses.diversity(target[:1].repeat(50, axis=0), target)) < 1e-12
    assert float(losses.diversity(1 - target, target)) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    "loss",
    [
        losses.called_real,
        losses.called_fake,
        lambda x: losses.mean_squared_error(tf.zeros((4, 1), tf.float64), x),
        lambda x: losses.mask_divergence(tf.fill((4, 1), tf.constant(0.3, tf.float64)), x),
        lambda x: losses.class_cross_entropy([0, 0, 0, 0], x * tf.range(10, dtype=tf.float64)),
    ],
)
def test_gradients_by_central_differences(loss, rng):
    found, measured = tf.test.compute_gradient(loss, [rng.normal(size=(4, 1))], delta=1e-5)
    np.testing.assert_allclose(found, measured, rtol=1e-6, atol=1e-9)
