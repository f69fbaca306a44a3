"""The recipe after PixelDA: its objective, re-derived."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import loss_params, small_recipe, softplus
from scipy.special import log_softmax


def test_the_terms_and_whom_they_reach(batch):
    """Re-derived from the networks' outputs; batch norm moves nothing between two equal passes."""
    model = small_recipe("pixelda", class_weight=0.3)

    def cross_entropy(logits):
        return -log_softmax(logits, axis=1)[np.arange(8), batch.labels.numpy()].mean()

    with tf.GradientTape(persistent=True) as tape:
        terms = model.objective(batch, loss_params(adversarial_weight=0.2))
        values, objectives = terms.values, terms.objectives
    flat = batch.target.numpy().reshape(8, -1) - 0.5
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    noise = (flat @ np.random.default_rng(0).normal(size=(28 * 28 * 3, 10))).astype(np.float32)
    assert noise.std() == pytest.approx(1, abs=0.3)
    generated = model.generator([batch.source, tf.constant(noise)], training=True)
    real, fake = (model.adversary(x, training=True).numpy() for x in (batch.target, generated))
    read, plain = (
        cross_entropy(model.classifier(x, training=True).numpy()) for x in (generated, batch.source)
    )
    against = softplus(-real) + softplus(fake)
    np.testing.assert_allclose(
        [values[name] for name in ("adversarial", "adversary", "class")],
        [softplus(-fake), against, read],
        rtol=1e-4,
    )
    generator = 0.2 * softplus(-fake) + 0.3 * read
    np.testing.assert_allclose(objectives["autoencoder"], generator, rtol=1e-4)
    np.testing.assert_allclose(objectives["classifier"], read + plain, rtol=1e-4)
    weights = model.phases()[0].sides["autoencoder"]
    assert all(g is not None for g in tape.gradient(objectives["autoencoder"], weights))
