import numpy as np
import pytest
import tensorflow as tf
from conftest import nodes, off_the_gpu

from adda.classification.classifier import (
    ClassifierForm,
    ClassifierParams,
    cross_entropy,
    fit_classifier,
    probabilities,
    sample_labelled,
)


def test_cross_entropy(rng):
    digits = np.array([3, 0, 9])
    logits = rng.normal(size=(3, 10)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = np.full((3, 10), 0.01)
    wanted[[0, 1, 2], digits] = 0.91
    expected = -(wanted * np.log(shares)).sum(axis=1).mean()
    assert float(cross_entropy(digits, logits, 0.1)) == pytest.approx(expected, rel=1e-6)


def test_a_trained_classifier_is_as_sure_as_its_smoothed_labels(dark_and_bright):
    """0.91, where plain cross-entropy would end near 1."""
    images, digits = dark_and_bright
    params = ClassifierParams(
        shape="original", width=0.05, steps=300, batch_size=20, learning_rate=0.01, seed=0
    )
    sure = probabilities(
        fit_classifier(sample_labelled(images, digits, 20, 0), 10, params, "test"), images
    )
    np.testing.assert_allclose(sure[np.arange(60), digits], 0.91, atol=0.02)


@pytest.mark.parametrize("shape", ["original", "deep"])
def test_gradients_depend_on_no_order_and_have_gpu_kernels(shape):
    """As in tests/training/test_trainer.py, of recipes."""
    classifier = ClassifierForm(shape=shape, width=0.05).make(10)

    @tf.function(input_signature=[tf.TensorSpec([4, 28, 28, 3])], autograph=False)
    def gradients(images):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(classifier(images, training=True) ** 2)
        return tape.gradient(loss, classifier.trainable_variables)

    graph = gradients.get_concrete_function().graph
    assert "Conv2DBackpropFilter" in {node.op for node in nodes(graph)}
    assert not {"MaxPoolGrad", "LRNGrad"} & {node.op for node in nodes(graph)}
    assert not off_the_gpu(graph)
