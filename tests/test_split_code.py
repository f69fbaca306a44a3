"""The split code: what is a digit and what is its ground, term by term."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import loss_params

from adda.common.params import LossParams, ModelParams
from adda.recipes.split import FIGURES, ground, make_split_code

MODEL = ModelParams(recipe="split", width=0.05, code_size=8)
ON = {name: 1.0 for name in LossParams.model_fields}


@pytest.fixture
def model():
    return make_split_code(MODEL)


def softplus(x):
    return np.logaddexp(0, np.asarray(x)).mean()


def blur(x):
    place = np.arange(28)
    kernel = np.exp(-0.5 * ((place[:, None] - place) / 2.5) ** 2)
    return np.einsum("ij,njkc,kl->nilc", kernel, x, kernel)


def test_the_ground_is_the_image_with_its_content_painted_over(rng):
    images = rng.random((2, 28, 28, 3)).astype(np.float32)
    content = np.zeros((2, 28, 28, 1), np.float32)
    content[:, 10:14, 10:14] = 0.5  # one half counts in full
    content[:, 0, 27] = 0.5
    painted = ground(tf.constant(images), tf.constant(content)).numpy()
    covered = np.zeros_like(content)
    covered[:, 9:15, 9:15] = 1  # widened by a pixel
    covered[:, 0:2, 26:28] = 1
    around = blur(images * (1 - covered)) / (blur(1 - covered) + 1e-3)
    expected = (1 - covered) * images + covered * around
    np.testing.assert_allclose(painted, expected, atol=1e-5)


def test_what_is_under_the_content_leaves_no_trace(rng):
    images = rng.random((1, 28, 28, 3)).astype(np.float32)
    content = np.zeros((1, 28, 28, 1), np.float32)
    content[:, 5:20, 8:12] = 1
    changed = np.where(content > 0, 1 - images, images).astype(np.float32)
    left, right = (ground(tf.constant(x), tf.constant(content)) for x in (images, changed))
    np.testing.assert_allclose(left, right, atol=1e-6)


def test_the_gradient_of_the_ground_by_central_differences(rng):
    images = tf.constant(rng.random((1, 28, 28, 3)), tf.float32)
    content = tf.Variable(rng.uniform(0.05, 0.3, (1, 28, 28, 1)), dtype=tf.float32)
    weight = tf.constant(rng.normal(size=(1, 28, 28, 3)), tf.float32)
    direction = rng.normal(size=(1, 28, 28, 1)).astype(np.float32)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(weight * ground(images, content))
    slope = float(tf.reduce_sum(tape.gradient(value, content) * direction))

    def moved(by):
        return float(tf.reduce_sum(weight * ground(images, content + by * direction)))

    assert slope == pytest.approx((moved(1e-3) - moved(-1e-3)) / 2e-3, rel=0.02)


def test_on_an_inverted_ground_stands_an_inverted_figure(model, batch):
    drawn = model.draw(batch.source[..., :1], batch.target)
    inverted = model.draw(batch.source[..., :1], 1 - batch.target)
    np.testing.assert_allclose(drawn + inverted, 1, atol=1e-5)


def test_a_translation_is_its_ground_but_where_the_digit_is(model, batch):
    translated = model.translate(batch.source, batch.target).numpy()
    style = model.style(batch.target).numpy()
    off = batch.source.numpy() == 0
    assert (translated[off] == style[off]).all()
    assert not np.allclose(translated[~off], style[~off])


def test_the_terms_are_those_of_the_objective(model, batch):
    """Re-derived from the networks' outputs, in the order in which they see their batches."""
    digit = batch.source[..., :1]
    content = model.content(batch.target, training=True)
    style = ground(batch.target, content)
    translated, reconstructed = model.draw(digit, style), model.draw(content, style)
    logits = model.content_encoder(translated, training=True).numpy()
    returned = 1 / (1 + np.exp(-logits))
    # Without training, power iterations stand where the objective's first ones start from.
    judged = {}
    for name, network, pairs in (
        ("image", model.discriminator, (batch.target, translated)),
        ("content", model.content_discriminator, (tf.constant(returned), content)),
    ):
        before = [v.numpy() for v in network.variables]
        judged[name] = [network(x, training=True).numpy() for x in pairs]
        for variable, value in zip(network.variables, before, strict=True):
            variable.assign(value)
    read, plain = (model.classifier(x, training=True).numpy() for x in (translated, batch.source))
    loss = LossParams(
        l2_weight=2,
        adversarial_weight=3,
        content_adversarial_weight=5,
        cycle_weight=7,
        class_weight=11,
    )
    figures, objectives = model.objective(batch, loss)
    assert list(figures) == list(FIGURES)

    def cross_entropy(x):
        shares = np.exp(x) / np.exp(x).sum(1, keepdims=True)
        return -np.log(shares[np.arange(8), batch.digits]).mean()

    (real, fake), (real_content, fake_content) = judged["image"], judged["content"]
    cycle = (np.logaddexp(0, logits) - logits * digit.numpy()).mean()
    expected = {
        "l2": ((batch.target - reconstructed) ** 2).numpy().mean(),
        "adversarial": softplus(-fake),
        "discriminator": softplus(-real) + softplus(fake),
        "content_adversarial": softplus(-fake_content),
        "content_discriminator": softplus(-real_content) + softplus(fake_content),
        "cycle": cycle,
        "class": cross_entropy(read),
        "target_called_real": (real > 0).mean(),
        "translated_called_real": (fake > 0).mean(),
        "source_content_called_real": (real_content > 0).mean(),
        "target_content_called_real": (fake_content > 0).mean(),
        "diversity": translated.numpy().std(0).mean() / batch.target.numpy().std(0).mean(),
    }
    for name, value in expected.items():
        assert float(figures[name]) == pytest.approx(value, rel=1e-3, abs=1e-4), name
    weights = {"l2": 2, "adversarial": 3, "content_adversarial": 5, "cycle": 7, "class": 11}
    assert float(objectives["autoencoder"]) == pytest.approx(
        sum(weight * expected[name] for name, weight in weights.items()), rel=1e-3
    )
    assert float(objectives["discriminator"]) == pytest.approx(
        expected["discriminator"] + expected["content_discriminator"], rel=1e-3
    )
    assert float(objectives["classifier"]) == pytest.approx(
        expected["class"] + cross_entropy(plain), rel=1e-3
    )


def operations(model, batch, **loss):
    step = tf.function(lambda: model.objective(batch, loss_params(**loss)))
    return len(step.get_concrete_function().graph.get_operations())


@pytest.mark.parametrize("term", LossParams.model_fields)
def test_a_weight_of_zero_removes_the_term_and_its_cost(model, batch, term):
    assert operations(model, batch, **ON | {term: 0.0}) < operations(model, batch, **ON) - 5


@pytest.mark.parametrize(
    ("term", "content_encoder", "decoder"),
    [
        ("l2_weight", False, True),  # to the encoder, finding no digit would be best
        ("adversarial_weight", True, True),
        ("content_adversarial_weight", True, False),
        ("cycle_weight", True, False),  # a translation is not to help the encoder
        ("class_weight", True, True),
    ],
)
def test_which_network_each_term_trains(model, batch, term, content_encoder, decoder):
    with tf.GradientTape() as tape:
        _, objectives = model.objective(batch, loss_params(**{term: 1}))
        objective = objectives["autoencoder"]
    networks = (model.content_encoder, model.decoder)
    gradients = tape.gradient(objective, [network.trainable_variables for network in networks])
    reached = [any(g is not None and abs(g).numpy().max() > 0 for g in part) for part in gradients]
    assert reached == [content_encoder, decoder]
