"""The layered recipe: what is a digit and what is its background, term by term."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import loss_params, small_recipe, softplus, train_params
from scipy.ndimage import affine_transform, gaussian_filter, uniform_filter
from scipy.special import xlogy

from adda.engine.sampling import Batch
from adda.recipes.all_recipes import make_recipe
from adda.recipes.layered import MOVED, START, LayeredParams, inpaint, noise_of, write
from adda.recipes.recipe import Domains, LossParams, look_at
from adda.training.trainer import train_model

SHARED = LossParams.model_fields


@pytest.fixture
def model():
    return small_recipe("layered")


def blur(x, pixels):
    place = np.arange(x.shape[1])
    kernel = np.exp(-0.5 * ((place[:, None] - place) / pixels) ** 2)
    return np.einsum("ij,njkc,kl->nilc", kernel, x, kernel)


@pytest.mark.parametrize("by", [1, 2])
def test_the_background_is_the_image_with_its_mask_filled_in(rng, by):
    images = rng.random((2, 28 * by, 28 * by, 3)).astype(np.float32)
    mask = np.zeros((2, 28 * by, 28 * by, 1), np.float32)
    mask[:, 10:14, 10:14] = 0.5  # one half counts in full
    mask[:, 0, -1] = 0.5
    filled = inpaint(tf.constant(images), tf.constant(mask)).numpy()
    covered = np.zeros_like(mask)
    covered[:, 10 - by : 14 + by, 10 - by : 14 + by] = 1  # widened by a pixel of 28
    covered[:, : 1 + by, -1 - by :] = 1
    reach = 2.5 * by
    around = blur(images * (1 - covered), reach) / (blur(1 - covered, reach) + 1e-3)
    expected = (1 - covered) * images + covered * around
    np.testing.assert_allclose(filled, expected, atol=1e-5)


def test_on_an_inverted_background_stands_an_inverted_foreground(model, batch):
    made = model.composite(batch.source[..., :1], batch.target)
    inverted = model.composite(batch.source[..., :1], 1 - batch.target)
    np.testing.assert_allclose(made + inverted, 1, atol=1e-5)


def test_a_translation_is_its_background_but_where_the_digit_is(model, batch):
    model.params = LayeredParams(hand_weight=0)
    translated = model.translate(batch.source, batch.target).numpy()
    style = model.style(batch.target).numpy()[..., :3]
    off = batch.source.numpy() == 0
    assert (translated[off] == style[off]).all()
    assert not np.allclose(translated[~off], style[~off])


def cycle(model, batch, background):
    """How far masks are off that are found again, of digits moved and pasted on backgrounds."""
    noise = noise_of(batch.target).numpy()
    moved = write(batch.source[..., :1], np.maximum(noise[:, 15:], 0) * MOVED * noise[:, :9])
    logits = model.mask_encoder(model.composite(moved, background), training=True).numpy()
    m = moved.numpy().astype(float)
    entropy = -xlogy(m, m) - xlogy(1 - m, 1 - m)
    return (np.logaddexp(0, logits) - logits * m - entropy).mean()


def test_the_terms_of_the_masks_are_those_of_the_objective(model, batch):
    """Re-derived from the networks' outputs, in the order in which they see their batches."""
    mask = model.mask(batch.target, training=True)
    background = inpaint(batch.target, mask)
    reconstructed = model.composite(mask, background)
    terms = model.learn_masks(batch, LossParams(l2_weight=2, adversarial_weight=3))
    expected = {
        "l2": ((batch.target - reconstructed) ** 2).numpy().mean(),
        "cycle": cycle(model, batch, background),
    }
    assert set(terms.values) == set(expected)
    for name, value in expected.items():
        assert float(terms.values[name]) == pytest.approx(value, rel=1e-3, abs=1e-4), name
    minimised = 2 * expected["l2"] + expected["cycle"]
    assert float(terms.objectives["autoencoder"]) == pytest.approx(minimised, rel=1e-3)


def test_the_terms_of_the_hand_are_those_of_the_objective(model, batch):
    digit, mask = batch.source[..., :1], model.mask(batch.target, training=True)
    background = inpaint(batch.target, mask)
    clear = np.clip(2 * mask.numpy() - 0.5, 0, 1)
    numbers = model.hand([digit, noise_of(batch.target)])
    numbers_back = model.hand_back([clear, np.zeros((len(clear), 16))])
    written, written_back = write(digit, numbers), write(tf.constant(clear), numbers_back)
    translated = model.composite(written, background)
    reconstructed = model.composite(mask, background)

    def blurred(masks):
        sums, counts = (uniform_filter(x, (0, 3, 3, 0), mode="constant") for x in (masks, masks**0))
        return tf.constant(sums / counts)

    # Without training, power iterations stand where the objective's first ones start from.
    judged = {}
    for name, network, pairs in (
        ("", model.adversary, (batch.target, translated)),
        ("hand_", model.hand_adversary, (blurred(clear), blurred(written.numpy()))),
        ("back_", model.back_adversary, (blurred(digit.numpy()), blurred(written_back.numpy()))),
    ):
        before = [v.numpy() for v in network.variables]
        judged[name] = [network(x, training=True).numpy() for x in pairs]
        for variable, value in zip(network.variables, before, strict=True):
            variable.assign(value)
    model.params = LayeredParams(hand_weight=5)
    terms = model.learn_hand(batch, LossParams(l2_weight=2, adversarial_weight=3))
    changes = np.concatenate([numbers, numbers_back]) / START
    expected = {
        "l2": ((batch.target - reconstructed) ** 2).numpy().mean(),
        "cycle": cycle(model, batch, background),
        "still": (changes**2).mean(),
        "ink": written.numpy().mean() / clear.mean(),
        "diversity": translated.numpy().std(0).mean() / batch.target.numpy().std(0).mean(),
    }
    kinds = ("target", "translated"), ("target_mask", "written"), ("source", "written_back")
    for (game, (real, fake)), names in zip(judged.items(), kinds, strict=True):
        expected |= {
            f"{game}adversarial": softplus(-fake),
            f"{game}adversary": softplus(-real) + softplus(fake),
            f"{names[0]}_called_real": (real > 0).mean(),
            f"{names[1]}_called_real": (fake > 0).mean(),
        }
    assert set(terms.values) == set(expected)
    for name, value in expected.items():
        assert float(terms.values[name]) == pytest.approx(value, rel=2e-3, abs=1e-4), name
    weights = {"l2": 2, "cycle": 1, "adversarial": 3, "still": 0.05}
    weights |= {"hand_adversarial": 5, "back_adversarial": 5}
    assert float(terms.objectives["autoencoder"]) == pytest.approx(
        sum(weight * expected[name] for name, weight in weights.items()), rel=1e-3
    )
    assert float(terms.objectives["adversary"]) == pytest.approx(
        sum(expected[f"{game}adversary"] for game in judged), rel=1e-3
    )


def objective(model, batch, **weights):
    """Of both phases, with all weights zero but those given."""
    model.params = LayeredParams(hand_weight=weights.get("hand_weight", 0.0))
    loss = loss_params(**{k: v for k, v in weights.items() if k in SHARED})
    return [phase.turns[0](batch, loss) for phase in model.phases()]


def operations(model, batch, **weights):
    step = tf.function(lambda: [terms.values for terms in objective(model, batch, **weights)])
    return len(step.get_concrete_function().graph.get_operations())


@pytest.mark.parametrize("term", [*SHARED, "hand_weight"])
def test_a_weight_of_zero_removes_the_term_and_its_cost(model, batch, term):
    on = dict.fromkeys([*SHARED, "hand_weight"], 1.0)
    assert operations(model, batch, **on | {term: 0.0}) < operations(model, batch, **on) - 5
    name = {"hand_weight": "hand_adversarial"}.get(term, term.removesuffix("_weight"))
    assert all(name not in terms.values for terms in objective(model, batch, **on | {term: 0.0}))


def test_which_network_each_term_trains(model, batch):
    """By L2 and the image's game the decoder alone: masks would vanish, and the hand's ink."""
    networks = "mask_encoder", "decoder", "hand", "hand_back"
    weights = [getattr(model, name).trainable_variables for name in networks]
    with tf.GradientTape(persistent=True) as tape:
        values = model.learn_hand(batch, loss_params(l2_weight=1, adversarial_weight=1)).values
    for term, trained in {
        "cycle": {"mask_encoder"},
        "l2": {"decoder"},
        "adversarial": {"decoder"},
        "hand_adversarial": {"hand"},
        "back_adversarial": {"hand_back"},
        "still": {"hand", "hand_back"},
    }.items():
        gradients = zip(networks, tape.gradient(values[term], weights), strict=True)
        assert {name for name, part in gradients if any(map(reaches, part))} == trained, term


def reaches(gradient):
    return gradient is not None and abs(gradient).numpy().max() > 0


@pytest.mark.parametrize("by", [1, 2])
def test_a_hand_maps_about_the_middle_as_scipy_does(rng, by):
    digit = np.zeros((1, 28 * by, 28 * by, 1), np.float32)
    digit[0, 8:20, 10:18] = rng.random((12, 8, 1))
    numbers = np.array([[0.3, -0.2, 0.1, 0.2, 0.1, -0.2, 0, 0, 0]], np.float32)
    matrix = np.eye(2) + 0.6 * np.tanh(numbers[0, :4] / 0.6).reshape(2, 2)
    shift = 8 * by * np.tanh(numbers[0, 4:6])
    middle = 14 * by - 0.5
    offset = middle + shift - matrix @ [middle, middle]
    expected = affine_transform(digit[0, ..., 0], matrix, offset, order=1)
    written = write(tf.constant(digit), tf.constant(numbers)).numpy()
    np.testing.assert_allclose(written[0, ..., 0], expected, atol=1e-5)


def test_a_pen_makes_strokes_thin_and_thick_and_soft():
    digit = np.zeros((1, 28, 28, 1), np.float32)
    digit[0, 4:24, 12:16] = 1

    def drawn(**pen):
        numbers = np.zeros((1, 9), np.float32)
        numbers[0, 6:] = [pen.get(name, 0) for name in ("softness", "contrast", "level")]
        return write(tf.constant(digit), tf.constant(numbers)).numpy()

    assert drawn(level=-3).sum() > 1.3 * digit.sum()
    assert drawn(level=3).sum() < 0.7 * digit.sum()
    soft = drawn(softness=4)
    assert ((soft > 0.05) & (soft < 0.95)).sum() > 40


def test_the_gradient_of_a_hand_by_central_differences(rng):
    digit = np.zeros((1, 28, 28, 1), np.float32)
    digit[0, 6:22, 9:19] = gaussian_filter(rng.random((16, 10, 1)), (1, 1, 0))
    numbers = rng.normal(0, 0.1, (1, 9)).astype(np.float32)
    weight = gaussian_filter(rng.normal(size=(1, 28, 28, 1)), (0, 3, 3, 0)).astype(np.float32)

    def value(numbers):
        return tf.reduce_sum(weight * write(tf.constant(digit), numbers))

    # Between pixels the map is linear, so that a difference over a kink is a little off.
    (slopes,), (measured,) = tf.test.compute_gradient(value, [numbers], delta=2e-3)
    assert np.linalg.norm(slopes - measured) < 0.05 * np.linalg.norm(measured)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (230, 210, 160)])
def test_on_plain_paper_the_mask_is_the_ink(domains, colour):
    source, labels, _ = domains
    ink = source[..., :1] / 255.0
    target = ((1 - ink) * colour + ink * (255 - np.array(colour))).round().astype(np.uint8)
    known = look_at(source, labels, target)
    assert known.paper
    assert not look_at(*domains).paper
    model = make_recipe("layered", 0.05, domains=known)
    images = tf.constant(target / 255.0, tf.float32)
    np.testing.assert_allclose(model.mask(images), ink, atol=1e-3)
    np.testing.assert_allclose(model.background(images, None)[:, 0, 0] * 255, [colour] * 20, atol=1)
    terms = model.learn_masks(Batch(images, tf.constant(labels), images), loss_params(l2_weight=1))
    assert "cycle" not in terms.values


@pytest.mark.process
def test_the_hand_learns_how_large_the_target_writes_and_the_way_back(rng):
    """Bars of one size as the source, of half the length on paper as the target."""

    def bars(long, count=200):
        images = np.zeros((count, 28, 28, 3), np.uint8)
        for image, middle in zip(images, rng.integers(11, 17, count), strict=True):
            image[14 - long // 2 : 14 + long // 2, middle - 2 : middle + 2] = 255
        return images

    source, target = bars(20), bars(10)
    known = Domains(paper=True)
    trained = train_model(
        source,
        np.zeros(200, np.uint8),
        target,
        lambda: make_recipe("layered", 0.1, domains=known),
        LossParams(l2_weight=1, adversarial_weight=0),
        train_params(steps=375, batch_size=32, steps_per_call=25, adversary_learning_rate=1e-3),
    )
    model = trained.model
    style = model.style(tf.constant(target / 255.0, tf.float32))
    digit = tf.constant(source[..., :1] / 255.0, tf.float32)
    written = write(digit, model.hand([digit, noise_of(style[..., 3:])])).numpy()
    rows = (written.max(axis=(2, 3)) > 0.5).sum(axis=1)
    assert 7 <= np.median(rows) <= 14  # of 20, for 10
    back = model.translate_back(tf.constant(target / 255.0, tf.float32)).numpy()
    assert np.median((back.max(axis=(2, 3)) > 0.5).sum(axis=1)) >= 15  # of 10, for 20


def test_what_went_wrong_is_told_by_the_history(model):
    healthy = {"diversity": 0.9, "target_called_real": 0.6, "translated_called_real": 0.4}

    def after(step, **values):
        return model.symptom([{"step": step - at, **healthy, **values} for at in (40, 20, 0)])

    assert "no digit is found" in after(160, cycle=0.3)
    assert not after(140, cycle=0.3)  # every training begins so
    assert not after(160, cycle=0.05)
    for ink in (0.2, 4.0):
        assert "the hand has run away" in after(400, ink=ink)
    assert not after(400, ink=1.2)
