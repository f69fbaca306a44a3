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
from adda.engine.checkpoints import Checkpoints
from adda.engine.devices import in_precision
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


def test_the_average_of_weights_teaches_and_is_the_classifier(
    dark_and_bright, tmp_path, monkeypatch
):
    """It computes in float32, whatever the precision of the training, and survives a kill."""
    monkeypatch.setattr("adda.engine.checkpoints.SECONDS", 0)
    images, labels = dark_and_bright
    form = {"shape": "original", "width": 0.05, "batch_size": 20, "learning_rate": 0.01, "seed": 0}
    params = ClassifierParams(**form, steps=150, precision="bfloat16")
    sample, networks = sample_labelled(images, labels, 20, 0), []
    kept = tf.Variable(tf.zeros([150, 2, 5]))

    def values(network):  # an offset for each class, three of the batch norm's averages
        return tf.concat([network.layers[-2].bias, network.layers[1].moving_mean], 0)

    def keep(classifier, average, number):
        networks[:] = classifier, average
        kept.scatter_nd_update([[number]], [tf.stack([values(classifier), values(average)])])
        return 0.0

    def fit():
        checkpoints = Checkpoints(tmp_path)
        return fit_classifier(
            sample, 2, params, "test", checkpoints, unlabelled=keep, averaged=0.99
        )

    fitted = fit()
    assert [net.layers[0].compute_dtype for net in networks] == ["bfloat16", "float32"]
    assert networks[1] is fitted
    own, averages = (np.stack([*kept[:, k].numpy(), values(networks[k]).numpy()]) for k in range(2))
    # Weights change at the end of a step, batch norm's averages before the term is computed.
    after = np.hstack([own[1:, :2], own[:-1, 2:]])
    for done in range(150):
        decay = min(0.99, (1 + done) / (10 + done))
        expected = decay * averages[done] + (1 - decay) * after[done]
        np.testing.assert_allclose(averages[done + 1], expected, atol=1e-6)
    assert np.abs(averages[-1] - own[-1]).min() > 1e-5
    max(tmp_path.glob("*.npz")).unlink()
    for once, again in zip(fitted.get_weights(), fit().get_weights(), strict=True):
        np.testing.assert_array_equal(once, again)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", ["original", "deep"])
def test_gradients_depend_on_no_order_and_have_gpu_kernels(shape, precision):
    """As in tests/training/test_trainer.py, of recipes."""
    with in_precision(precision):
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
