import numpy as np
import pytest
import tensorflow as tf

from adda.classification.adaptation import both_ways, confident, in_halves, translations
from adda.classification.classifier import fit_classifier, labelled, predict_digits
from adda.common.errors import AddaError
from adda.common.params import JudgeParams, ModelParams
from adda.engine.sampling import to_float
from adda.inference.translation import styles
from adda.nn.networks import make_classifier
from adda.recipes.storage import make_model

JUDGE = JudgeParams(width=0.05, steps=60, batch_size=20, learning_rate=0.01, seed=0)


class Adds:
    """A model whose translation is the source plus the style, which is a target image."""

    def style(self, target):
        return target

    def redraw(self, source, style):
        return source + style


@pytest.fixture
def numbered(rng):
    """Source images whose value is their digit's, and as many styles as there are pixels."""
    digits = rng.integers(0, 10, 40, np.uint8)
    source = np.broadcast_to(digits[:, None, None, None], (40, 28, 28, 3)).copy()
    target = np.broadcast_to(
        np.arange(100, 200, 10, dtype=np.uint8)[:, None, None, None], (10, 28, 28, 3)
    ).copy()
    return source, digits, target


def drawn(draw, number):
    images, digits = draw(tf.constant(number, tf.int64))
    return np.rint(images[:, 0, 0, 0] * 255).astype(int), digits.numpy()


def test_translations_keep_the_digit_and_draw_the_style_afresh(numbered):
    draw = translations(Adds(), *numbered, size=500, seed=0)
    first, second = drawn(draw, 0), drawn(draw, 1)
    for values, digits in (first, second):
        assert (values % 10 == digits).all()
        styles = values // 10
        assert set(styles) == set(range(10, 20))
        # A digit meets many styles: the domains are not drawn in pairs.
        assert len(set(styles[digits == digits[0]])) > 5
    assert (first[0] != second[0]).any()
    again = drawn(draw, 0)
    assert (again[0] == first[0]).all()


@pytest.mark.parametrize("recipe", ["split", "baseline"])
def test_styles_found_beforehand_give_the_same_translations(recipe, rng):
    model = make_model(ModelParams(recipe=recipe, width=0.05, code_size=8))
    source = rng.integers(0, 2, (1, 28, 28, 3), np.uint8) * 255
    target = rng.integers(0, 256, (1, 28, 28, 3), np.uint8)
    draw = translations(model, source, np.zeros(1, np.uint8), styles(model, target), 1, 0)
    images, _ = draw(tf.constant(0))
    expected = model.translate(to_float(source), to_float(target))
    np.testing.assert_allclose(images, expected, atol=2 / 255)


def test_halves_are_one_of_each(numbered):
    source, digits, _ = numbered
    plain = labelled(source, digits, 8, seed=1)
    values, read = drawn(in_halves(translations(Adds(), *numbered, 8, 0), plain), 3)
    assert (values % 10 == read).all()
    assert (values[:8] >= 100).all()
    assert (values[8:] < 10).all()


def test_both_ways_is_the_mean_of_two_views(rng):
    """One classifier sees the images, the other, plain digits cut out of them."""
    model = make_model(ModelParams(recipe="split", width=0.05, code_size=8))
    images = rng.integers(0, 256, (6, 28, 28, 3), np.uint8)
    adapted, source_only = make_classifier(0.05), make_classifier(0.05)

    def softmax(classifier, seen):
        shares = np.exp(classifier(seen.astype(np.float32) / 255, training=False).numpy())
        return shares / shares.sum(axis=1, keepdims=True)

    digits = np.where(model.content(to_float(images)) > 0.5, 255, 0).repeat(3, axis=-1)
    expected = (softmax(adapted, images) + softmax(source_only, digits)) / 2
    found = both_ways(adapted, source_only, model, images)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(found, softmax(adapted, images), atol=1e-3)


def test_a_classifier_is_confident_of_what_it_knows(dark_and_bright, rng):
    images, digits = dark_and_bright
    classifier = fit_classifier(labelled(images, digits, 20, 0), JUDGE, "test")
    assert (predict_digits(classifier, images) == digits).all()
    sure, read = confident(classifier, images, 0.5)
    assert len(sure) == 60
    assert (read == digits).all()
    grey = rng.integers(0, 256, (60, 28, 28, 3), np.uint8)
    mixed = np.concatenate([images, grey])
    fewer, _ = confident(classifier, mixed, 0.9)
    assert len(fewer) < len(confident(classifier, mixed, 0.5)[0])


def test_a_classifier_that_is_sure_of_nothing_says_so(rng):
    digits = rng.integers(0, 10, 60, np.uint8)
    images = rng.integers(0, 256, (60, 28, 28, 3), np.uint8)
    params = JUDGE.model_copy(update={"steps": 1})
    classifier = fit_classifier(labelled(images, digits, 20, 0), params, "test")
    with pytest.raises(AddaError, match=r"nowhere as sure as adapt\.confidence, 1\.0; lower it"):
        confident(classifier, images, 1.0)
