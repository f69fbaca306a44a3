import numpy as np
import pytest
import tensorflow as tf
from conftest import small_recipe

from adda.classification.adaptation import (
    sample_translations,
)
from adda.engine.sampling import to_float
from adda.inference.translation import styles
from adda.recipes.registry import RECIPES


class Adds:
    """A model whose translation is the source plus the style, which is a target image."""

    def style(self, target):
        return target

    def render(self, source, style):
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


def sampled(sample, number):
    images, digits = sample(tf.constant(number, tf.int64))
    return np.rint(images[:, 0, 0, 0] * 255).astype(int), digits.numpy()


def test_translations_keep_the_digit_and_sample_the_style_afresh(numbered):
    sample = sample_translations(Adds(), *numbered, size=500, seed=0)
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


@pytest.mark.parametrize("recipe", RECIPES)
def test_styles_found_beforehand_give_the_same_translations(recipe, rng):
    model = small_recipe(recipe)
    source = rng.integers(0, 2, (1, 28, 28, 3), np.uint8) * 255
    target = rng.integers(0, 256, (1, 28, 28, 3), np.uint8)
    styled = source, np.zeros(1, np.uint8), styles(model, target)
    images, _ = sample_translations(model, *styled, 1, 0)(tf.constant(0))
    expected = model.translate(to_float(source), to_float(target))
    np.testing.assert_allclose(images, expected, atol=2 / 255)
