"""What benchmarks compare with must be what they say; their timings are not tested."""

import numpy as np
import tensorflow as tf

from adda.datasets.mnistm import make_mnistm
from adda.datasets.raw_files import Raw, write_raw
from adda.datasets.splits import binarise
from adda.engine.sampling import to_float
from adda.recipes.pixelda import ADVERSARIAL, CLASS, make_pixelda
from benchmarks.oracle import Oracle, undo_blend


def test_the_oracle_draws_mnistm_itself(rng, tmp_path):
    digits = rng.integers(0, 2, (12, 28, 28), np.uint8) * 200
    photograph = rng.integers(0, 256, (60, 60, 3), np.uint8)
    images = make_mnistm(digits, [photograph], rng)
    labels = rng.integers(0, 10, 12, np.uint8)
    mnist = {"x_train": digits, "y_train": labels, "x_test": digits, "y_test": labels}
    mnistm = {part: images for part in ("train", "test")}
    mnistm |= {f"{part}_labels": labels for part in ("train", "test")}
    write_raw(tmp_path / "raw", Raw(mnist, mnistm, labels))
    patches = undo_blend(tmp_path / "raw")
    assert (patches != images).any()
    oracle = Oracle()
    drawn = oracle.redraw(to_float(binarise(digits)), oracle.style(to_float(patches)))
    np.testing.assert_allclose(drawn, to_float(images), atol=1e-6)


def test_the_pixelda_like_terms_and_whom_they_reach(batch):
    """Re-derived from the networks' outputs; batch norm moves nothing between two equal passes."""
    model = make_pixelda(0.05)

    def softplus(x):
        return np.logaddexp(0, x).mean()

    def cross_entropy(logits):
        logits = logits - logits.max(axis=1, keepdims=True)
        likely = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -likely[np.arange(8), batch.digits.numpy()].mean()

    with tf.GradientTape(persistent=True) as tape:
        figures, objectives = model.objective(batch, None)
    noise = tf.random.stateless_normal(
        [8, 10], [0, tf.cast(tf.reduce_sum(batch.target) * 255, tf.int32)]
    )
    generated = model.generator([batch.source, noise], training=True)
    real, fake = (model.discriminator(x, training=True).numpy() for x in (batch.target, generated))
    read, plain = (
        cross_entropy(model.classifier(x, training=True).numpy()) for x in (generated, batch.source)
    )
    against = softplus(-real) + softplus(fake)
    np.testing.assert_allclose(
        [figures[name] for name in ("adversarial", "discriminator", "class")],
        [softplus(-fake), against, read],
        rtol=1e-4,
    )
    generator = ADVERSARIAL * softplus(-fake) + CLASS * read
    np.testing.assert_allclose(objectives["autoencoder"], generator, rtol=1e-4)
    np.testing.assert_allclose(objectives["classifier"], read + plain, rtol=1e-4)
    weights = model.sides()["autoencoder"]
    assert all(g is not None for g in tape.gradient(objectives["autoencoder"], weights))
