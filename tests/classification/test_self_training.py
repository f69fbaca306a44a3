import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax, softmax

from adda.classification.classifier import ClassifierParams, fit_classifier, sample_labelled
from adda.classification.self_training import self_training, sure_cross_entropy
from adda.nn.networks import average

BALANCE = 0.3


def term(images, weight=1.0, steps=10):
    classifier = ClassifierParams(
        shape="original", width=0.1, steps=steps, batch_size=4, learning_rate=0.1, seed=0
    )
    return self_training(images, weight, BALANCE, 0.0, classifier)


def test_the_term_against_numpy(rng):
    plain = np.array([[9, 0, 0], [1, 0, 0], [0, 0, 8]], np.float32)  # sure, not sure, sure
    moved = rng.normal(size=(3, 3)).astype(np.float32)
    logs = log_softmax(moved, axis=1)
    own = -(logs[0, 0] + logs[2, 2]) / 3
    empty = -np.log(softmax(moved, axis=1).mean(axis=0) + 1e-6).mean()
    found = float(sure_cross_entropy(tf.constant(plain), tf.constant(moved), BALANCE))
    assert found == pytest.approx(own + BALANCE * empty, rel=1e-5)


def test_sure_is_from_07_on():
    def found(probability):
        rest = (1 - probability) / 9
        plain = tf.math.log([[probability, *[rest] * 9]])
        return float(sure_cross_entropy(plain, tf.zeros([1, 10]), BALANCE))

    unsure = BALANCE * np.log(10)
    assert found(0.69) == pytest.approx(unsure, rel=1e-3)
    assert found(0.71) == pytest.approx(unsure + np.log(10), rel=1e-3)


def test_members_learn_from_what_their_averages_say_together(rng):
    def member(unit, sure):
        bias = keras.initializers.Constant(sure * np.eye(3)[unit])
        return keras.Sequential(
            [
                keras.layers.Input((28, 28, 3)),
                keras.layers.Flatten(),
                keras.layers.Dense(3, kernel_initializer="zeros", bias_initializer=bias),
            ]
        )

    images = rng.integers(0, 256, (4, 28, 28, 3), np.uint8)
    network = average([member(2, 30.0), member(1, 2.0)])
    teacher = average([member(0, 30.0), member(1, 2.0)])  # together they are sure of 0
    found = float(term(images)(network, teacher, tf.constant(10, tf.int64)))
    together, *apart = (np.float32([logits]) for logits in ([15, 1, 0], [0, 0, 30], [0, 2, 0]))
    expected = sum(float(sure_cross_entropy(together, logits, BALANCE)) for logits in apart)
    assert found == pytest.approx(expected, rel=1e-5)


def test_its_weight_rises(rng):
    """From nothing, to all after three of ten steps; the network says one thing all along."""
    images = np.repeat(rng.integers(0, 256, (1, 28, 28, 3), np.uint8), 8, axis=0)
    network = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
    network.build((None, 28, 28, 3))
    steps = map(tf.constant, range(10))
    found = [float(term(images, 2.0)(network, network, number)) for number in steps]
    plain = network(images[:1] / np.float32(255))
    whole = 2 * float(sure_cross_entropy(plain, plain, BALANCE))
    np.testing.assert_allclose(found, whole * np.minimum(np.arange(10) / 3, 1), rtol=1e-4)


@pytest.mark.parametrize("averaged", [0.0, 0.99])
def test_a_classifier_learns_from_images_that_nobody_labelled(dark_and_bright, averaged):
    """Labels tell dark from bright by one half of the image, of which the target shows nothing."""
    images, labels = dark_and_bright
    source, target = images.copy(), images.copy()
    source[:, :, :7] = 128  # what is left to tell the target by
    target[:, :, 14:] = 128
    target = (0.6 * target + 50).astype(np.uint8)  # fainter

    def accuracy(weight, seed):
        params = ClassifierParams(
            shape="original", width=0.1, steps=200, batch_size=20, learning_rate=0.003, seed=seed
        )
        sample = sample_labelled(source, labels, 20, 0)
        unlabelled = self_training(target, weight, 0.1, 0.0, params)
        options = {"smoothing": 0.0, "unlabelled": unlabelled, "averaged": averaged}
        fitted = fit_classifier(sample, 2, params, "test", **options)
        logits = fitted(target.astype(np.float32) / 255, training=False).numpy()
        likely = softmax(logits, axis=1)
        return likely[np.arange(len(labels)), labels].mean()

    plain, taught = (np.mean([accuracy(w, seed) for seed in range(3)]) for w in (0.0, 3.0))
    assert taught > plain + 0.05
