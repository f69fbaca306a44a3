import numpy as np
import pytest
import tensorflow as tf
from conftest import off_the_gpu, small_recipe

from adda.classification.adaptation import (
    AdaptationParams,
    adapt,
    as_trained_on,
    sample_translations,
)
from adda.classification.classifier import LABEL_SMOOTHING, ClassifierParams
from adda.classification.self_training import self_training
from adda.engine.sampling import to_float
from adda.nn.networks import make_classifier
from adda.recipes.all_recipes import RECIPES


class Adds:
    """A model whose translation is the source plus the style, which is a target image."""

    def style(self, target):
        return target

    def render(self, source, style):
        return source + style


def adaptation(share=1.0, move=0.0, weight=0.0):
    return AdaptationParams(
        translated_share=share,
        move=move,
        self_training_weight=weight,
        class_balance=0.1,
        averaged=0.9,
    )


def classifier(size):
    return ClassifierParams(
        shape="original", width=0.1, steps=1, batch_size=size, learning_rate=0.1, seed=0
    )


@pytest.fixture
def numbered(rng):
    """Source images whose value is their digit's, and as many styles as there are pixels."""
    digits = rng.integers(0, 10, 40, np.uint8)
    source = np.broadcast_to(digits[:, None, None, None], (40, 28, 28, 3)).copy()
    target = np.broadcast_to(
        np.arange(100, 200, 10, dtype=np.uint8)[:, None, None, None], (10, 28, 28, 3)
    ).copy()
    return source, digits, target


def sampled(sample, number):
    images, digits = sample(tf.constant(number, tf.int64))
    return np.rint(images[:, 0, 0, 0] * 255).astype(int), digits.numpy()


def test_translations_keep_the_digit_and_sample_the_style_afresh(numbered):
    sample = sample_translations(Adds(), *numbered, adaptation(), classifier(500))
    first, second = sampled(sample, 0), sampled(sample, 1)
    for values, digits in (first, second):
        assert (values % 10 == digits).all()
        styles = values // 10
        assert set(styles) == set(range(10, 20))
        # A digit meets many styles: the domains are not sampled in pairs.
        assert len(set(styles[digits == digits[0]])) > 5
    assert (first[0] != second[0]).any()
    again = sampled(sample, 0)
    assert (again[0] == first[0]).all()


@pytest.mark.parametrize(("share", "translated"), [(0.0, 0), (0.001, 1), (0.25, 50)])
def test_a_share_of_the_batch_is_translated_and_the_rest_is_plain(numbered, share, translated):
    values, digits = sampled(
        sample_translations(Adds(), *numbered, adaptation(share), classifier(200)), 0
    )
    assert (values[:translated] >= 100).all()
    np.testing.assert_array_equal(values[translated:], digits[translated:])


def test_what_the_classifier_learns_from_is_made_on_the_device(rng):
    source, target = rng.integers(0, 256, (2, 8, 28, 28, 3), np.uint8)
    labels = rng.integers(0, 10, 8, np.uint8)
    model, network, params = small_recipe("layered"), make_classifier(0.1, 10), classifier(4)
    sample = sample_translations(model, source, labels, target, adaptation(0.5, 0.1), params)
    term = self_training(target, 1.0, 0.1, 0.1, params)

    @tf.function(input_signature=[tf.TensorSpec([], tf.int64)])
    def both(number):
        return *sample(number), term(network, network, number)

    assert not off_the_gpu(both.get_concrete_function().graph)


def test_source_images_are_moved_before_they_are_translated():
    """The style, which is the same all over, shows in every pixel; the digit is elsewhere."""
    source = np.zeros((1, 28, 28, 3), np.uint8)
    source[:, 10:18, 10:18] = 100
    style = np.full((1, 28, 28, 3), 50, np.uint8)
    data = source, np.zeros(1, np.uint8), style
    plain, moved = (
        sample_translations(Adds(), *data, adaptation(move=amount), classifier(20))(
            tf.constant(0, tf.int64)
        )[0].numpy()
        for amount in (0.0, 0.15)
    )
    np.testing.assert_allclose(moved.min(axis=(1, 2, 3)), 50 / 255, atol=1e-6)
    assert len(np.unique(plain, axis=0)) == 1
    assert len(np.unique(moved, axis=0)) == 20


@pytest.mark.parametrize("recipe", RECIPES)
def test_styles_found_beforehand_give_the_same_translations(recipe, rng):
    model = small_recipe(recipe)
    source = rng.integers(0, 2, (1, 28, 28, 3), np.uint8) * 255
    target = rng.integers(0, 256, (1, 28, 28, 3), np.uint8)
    styled = source, np.zeros(1, np.uint8), target
    images, _ = sample_translations(model, *styled, adaptation(), classifier(1))(tf.constant(0))
    expected = model.translate(to_float(source), to_float(target))
    np.testing.assert_allclose(images, expected, atol=4 / 255)  # styles are rounded


@pytest.mark.parametrize(("share", "views"), [(1.0, 2), (0.0, 1)])
def test_the_second_view_is_there_where_translations_are_used(share, views, dark_and_bright):
    """And calibration sees what the classifier was trained on."""
    images, labels = dark_and_bright
    model, source_only = small_recipe("layered"), make_classifier(0.1, 10)
    few = adaptation(share)
    adapted = adapt(model, source_only, images, labels, images, few, classifier(4))
    assert len(adapted.views(to_float(images[:2]))) == views
    shown = as_trained_on(model, images, images, few)
    assert (shown != images).any() == (share > 0)
    before = source_only.get_weights()
    adapted.calibrate(shown, labels)
    for old, new in zip(before, source_only.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)  # it is the caller's, who may use it again


def test_self_training_has_plain_labels(dark_and_bright, monkeypatch):
    images, labels = dark_and_bright
    seen = {}

    def fit(sample, classes, params, title, checkpoints, **options):
        seen.update(options, classes=classes)
        return make_classifier(0.1, classes)

    monkeypatch.setattr("adda.classification.adaptation.fit_classifier", fit)
    for weight, smoothing in ((0.0, LABEL_SMOOTHING), (1.0, 0.0)):
        source_only = make_classifier(0.1, 3)
        own, params = adaptation(0, 0, weight), classifier(4)
        adapt(small_recipe("layered"), source_only, images, labels, images, own, params)
        assert (seen["smoothing"], seen["averaged"]) == (smoothing, 0.9 * weight)
        assert (seen["unlabelled"] is not None) == (weight > 0)
        assert seen["classes"] == 3
    network, last = make_classifier(0.1, 3), tf.constant(params.steps, tf.int64)
    expected, found = (
        float(term(network, network, last))
        for term in (
            self_training(images, weight, own.class_balance, own.move, params),
            seen["unlabelled"],
        )
    )
    assert found == pytest.approx(expected)
