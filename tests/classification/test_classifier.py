import numpy as np
import pytest
import tensorflow as tf
from conftest import nodes, off_the_gpu

from adda.classification.calibration import scale
from adda.classification.classifier import (
    ClassifierForm,
    ClassifierParams,
    cross_entropy,
    fit_classifier,
    load_classifier,
    probabilities,
    sample_labelled,
    save_classifier,
)
from adda.nn.networks import members_of


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


def test_members_learn_apart_and_their_mean_is_the_classifier(dark_and_bright, tmp_path):
    images, labels = dark_and_bright
    params = ClassifierParams(
        shape="original", width=0.05, steps=5, batch_size=20, learning_rate=0.01, seed=0
    )
    sample = sample_labelled(images, labels, 20, 0)
    two = params.model_copy(update={"members": 2})
    alone, both = (fit_classifier(sample, 2, form, "test") for form in (params, two))
    seen = images.astype(np.float32) / 255
    single, first, second = (
        net(seen, training=False).numpy() for net in (alone, *members_of(both))
    )
    np.testing.assert_allclose(first, single, atol=1e-5)
    assert np.abs(first - second).max() > 0.01
    mean = (first + second) / 2
    save_classifier(tmp_path / "both", both, two, ["dark", "bright"])
    scale(both, 3.0)
    for classifier, expected in ((load_classifier(tmp_path / "both"), mean), (both, 3 * mean)):
        np.testing.assert_allclose(classifier(seen, training=False), expected, atol=1e-5)


def test_the_average_of_weights_teaches_and_is_the_classifier(dark_and_bright):
    """It computes in float32, whatever the precision of the training."""
    images, labels = dark_and_bright
    params = ClassifierParams(
        shape="original",
        width=0.05,
        steps=150,
        batch_size=20,
        learning_rate=0.01,
        precision="bfloat16",
        seed=0,
    )
    kept, teachers = tf.Variable(tf.zeros([150, 2, 2])), []

    def keep(classifier, average, number):
        teachers.append(average)
        precisions = [network.layers[0].compute_dtype for network in (classifier, average)]
        assert precisions == ["bfloat16", "float32"]
        biases = [network.layers[-2].bias.value for network in (classifier, average)]
        kept.scatter_nd_update([[number]], [tf.stack(biases)])
        return 0.0

    sample = sample_labelled(images, labels, 20, 0)
    fitted = fit_classifier(sample, 2, params, "test", unlabelled=keep)
    assert teachers == [fitted]
    average = np.zeros(2)
    own, averages = kept.numpy().swapaxes(0, 1)
    for done in range(149):
        decay = min(0.99, (1 + done) / (10 + done))
        average = decay * average + (1 - decay) * own[done + 1]
        np.testing.assert_allclose(averages[done + 1], average, atol=1e-6)
    assert np.abs(average).max() > 0.01


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
