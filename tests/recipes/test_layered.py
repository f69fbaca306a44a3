"""The layered recipe: what is a digit and what is its background, term by term."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import loss_params, small_recipe

from adda.recipes.layered import LayeredParams, inpaint
from adda.recipes.recipe import LossParams, RecipeParams
from adda.recipes.terms import Terms

SHARED = LossParams.model_fields
OWN = [name for name in LayeredParams.model_fields if name not in RecipeParams.model_fields]


@pytest.fixture
def model():
    return small_recipe("layered")


def softplus(x):
    return np.logaddexp(0, np.asarray(x)).mean()


def blur(x):
    place = np.arange(28)
    kernel = np.exp(-0.5 * ((place[:, None] - place) / 2.5) ** 2)
    return np.einsum("ij,njkc,kl->nilc", kernel, x, kernel)


def test_the_background_is_the_image_with_its_mask_filled_in(rng):
    images = rng.random((2, 28, 28, 3)).astype(np.float32)
    mask = np.zeros((2, 28, 28, 1), np.float32)
    mask[:, 10:14, 10:14] = 0.5  # one half counts in full
    mask[:, 0, 27] = 0.5
    filled = inpaint(tf.constant(images), tf.constant(mask)).numpy()
    covered = np.zeros_like(mask)
    covered[:, 9:15, 9:15] = 1  # widened by a pixel
    covered[:, 0:2, 26:28] = 1
    around = blur(images * (1 - covered)) / (blur(1 - covered) + 1e-3)
    expected = (1 - covered) * images + covered * around
    np.testing.assert_allclose(filled, expected, atol=1e-5)


def test_what_is_under_the_mask_leaves_no_trace(rng):
    images = rng.random((1, 28, 28, 3)).astype(np.float32)
    mask = np.zeros((1, 28, 28, 1), np.float32)
    mask[:, 5:20, 8:12] = 1
    changed = np.where(mask > 0, 1 - images, images).astype(np.float32)
    left, right = (inpaint(tf.constant(x), tf.constant(mask)) for x in (images, changed))
    np.testing.assert_allclose(left, right, atol=1e-6)


def test_the_gradient_of_the_background_by_central_differences(rng):
    images = tf.constant(rng.random((1, 28, 28, 3)), tf.float32)
    mask = tf.Variable(rng.uniform(0.05, 0.3, (1, 28, 28, 1)), dtype=tf.float32)
    weight = tf.constant(rng.normal(size=(1, 28, 28, 3)), tf.float32)
    direction = rng.normal(size=(1, 28, 28, 1)).astype(np.float32)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(weight * inpaint(images, mask))
    slope = float(tf.reduce_sum(tape.gradient(value, mask) * direction))

    def moved(by):
        return float(tf.reduce_sum(weight * inpaint(images, mask + by * direction)))

    assert slope == pytest.approx((moved(1e-3) - moved(-1e-3)) / 2e-3, rel=0.02)


def test_on_an_inverted_background_stands_an_inverted_foreground(model, batch):
    made = model.composite(batch.source[..., :1], batch.target)
    inverted = model.composite(batch.source[..., :1], 1 - batch.target)
    np.testing.assert_allclose(made + inverted, 1, atol=1e-5)


def test_a_translation_is_its_background_but_where_the_digit_is(model, batch):
    translated = model.translate(batch.source, batch.target).numpy()
    style = model.style(batch.target).numpy()
    off = batch.source.numpy() == 0
    assert (translated[off] == style[off]).all()
    assert not np.allclose(translated[~off], style[~off])


def test_the_terms_are_those_of_the_objective(model, batch):
    """Re-derived from the networks' outputs, in the order in which they see their batches."""
    digit = batch.source[..., :1]
    mask = model.mask(batch.target, training=True)
    background = inpaint(batch.target, mask)
    translated = model.composite(digit, background)
    reconstructed = model.composite(mask, background)
    logits = model.mask_encoder(translated, training=True).numpy()
    returned = 1 / (1 + np.exp(-logits))
    # Without training, power iterations stand where the objective's first ones start from.
    judged = {}
    for name, network, pairs in (
        ("image", model.adversary, (batch.target, translated)),
        ("mask", model.mask_adversary, (tf.constant(returned), mask)),
    ):
        before = [v.numpy() for v in network.variables]
        judged[name] = [network(x, training=True).numpy() for x in pairs]
        for variable, value in zip(network.variables, before, strict=True):
            variable.assign(value)
    model.params = LayeredParams(mask_adversarial_weight=5, cycle_weight=7)
    terms = model.objective(batch, LossParams(l2_weight=2, adversarial_weight=3))

    (real, fake), (real_mask, fake_mask) = judged["image"], judged["mask"]
    cycle = (np.logaddexp(0, logits) - logits * digit.numpy()).mean()
    expected = {
        "l2": ((batch.target - reconstructed) ** 2).numpy().mean(),
        "adversarial": softplus(-fake),
        "adversary": softplus(-real) + softplus(fake),
        "mask_adversarial": softplus(-fake_mask),
        "mask_adversary": softplus(-real_mask) + softplus(fake_mask),
        "cycle": cycle,
        "target_called_real": (real > 0).mean(),
        "translated_called_real": (fake > 0).mean(),
        "source_mask_called_real": (real_mask > 0).mean(),
        "target_mask_called_real": (fake_mask > 0).mean(),
        "diversity": translated.numpy().std(0).mean() / batch.target.numpy().std(0).mean(),
    }
    assert set(terms.values) == set(expected)
    objectives = terms.objectives
    for name, value in expected.items():
        assert float(terms.values[name]) == pytest.approx(value, rel=1e-3, abs=1e-4), name
    weights = {"l2": 2, "adversarial": 3, "mask_adversarial": 5, "cycle": 7}
    assert float(objectives["autoencoder"]) == pytest.approx(
        sum(weight * expected[name] for name, weight in weights.items()), rel=1e-3
    )
    assert float(objectives["adversary"]) == pytest.approx(
        expected["adversary"] + expected["mask_adversary"], rel=1e-3
    )


def objective(model, batch, **weights):
    """With all weights zero but those given, shared or the recipe's own."""
    own = {name: weights.get(name, 0.0) for name in OWN}
    model.params = LayeredParams(**own)
    return model.objective(batch, loss_params(**{k: v for k, v in weights.items() if k in SHARED}))


def operations(model, batch, **weights):
    step = tf.function(lambda: objective(model, batch, **weights).values)
    return len(step.get_concrete_function().graph.get_operations())


@pytest.mark.parametrize("term", [*SHARED, *OWN])
def test_a_weight_of_zero_removes_the_term_and_its_cost(model, batch, term):
    on = dict.fromkeys([*SHARED, *OWN], 1.0)
    assert operations(model, batch, **on | {term: 0.0}) < operations(model, batch, **on) - 5
    assert term.removesuffix("_weight") not in objective(model, batch, **on | {term: 0.0}).values


@pytest.mark.parametrize(
    ("term", "mask_encoder", "decoder"),
    [
        ("l2_weight", False, True),  # to the encoder, finding no digit would be best
        ("adversarial_weight", True, True),
        ("mask_adversarial_weight", True, False),
        ("cycle_weight", True, False),  # a translation is not to help the encoder
    ],
)
def test_which_network_each_term_trains(model, batch, term, mask_encoder, decoder):
    with tf.GradientTape() as tape:
        minimised = objective(model, batch, **{term: 1}).objectives["autoencoder"]
    networks = (model.mask_encoder, model.decoder)
    gradients = tape.gradient(minimised, [network.trainable_variables for network in networks])
    reached = [any(g is not None and abs(g).numpy().max() > 0 for g in part) for part in gradients]
    assert reached == [mask_encoder, decoder]


def test_a_term_of_no_side_is_refused():
    with pytest.raises(ValueError, match="cycle is of the side autoencodr; sides are autoencoder"):
        Terms().add("cycle", 1.0, lambda: tf.constant(0.0), "autoencodr")


def test_an_encoder_that_still_finds_no_digit_is_a_collapse(model):
    healthy = {"diversity": 0.9, "target_called_real": 0.6, "translated_called_real": 0.4}

    def after(step, cycle):
        return model.symptom([{"step": step - at, **healthy, "cycle": cycle} for at in (40, 20, 0)])

    assert "no digit is found" in after(160, 0.3)
    assert not after(140, 0.3)  # every training begins so
    assert not after(160, 0.1)
