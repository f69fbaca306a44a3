"""The classifier as a product: two views, calibrated, in one folder."""

import numpy as np
import pytest
from conftest import small_recipe
from scipy.special import softmax

from adda.classification.adapted import Adapted, load_adapted, save_adapted
from adda.classification.calibration import scale, weigh
from adda.classification.classifier import ClassifierForm
from adda.common.array_files import DIGITS
from adda.common.errors import AddaError
from adda.engine.sampling import to_float
from adda.nn.networks import make_classifier

FORM = ClassifierForm(shape="original", width=0.05)


def logits(classifier, seen):
    return classifier(seen.astype(np.float32) / 255, training=False).numpy()


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (6, 28, 28, 3), np.uint8)


def test_it_is_the_sum_of_two_views(images, tmp_path):
    """One classifier sees the images, the other, plain digits cut out of them."""
    model = small_recipe("layered", hand_weight=0)
    adapted, source_only = make_classifier(0.05, 10), make_classifier(0.05, 10)
    digits = np.where(model.mask(to_float(images)) > 0.5, 255, 0).repeat(3, axis=-1)
    expected = softmax(logits(adapted, images) + logits(source_only, digits), axis=1)
    both = Adapted(adapted, model, source_only)
    found = both.probabilities(images)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(found, softmax(logits(adapted, images), axis=1), atol=1e-3)
    save_adapted(tmp_path / "adapted", both, FORM, DIGITS)
    loaded = load_adapted(tmp_path / "adapted")
    np.testing.assert_allclose(loaded.probabilities(images), found, atol=1e-6)
    (tmp_path / "adapted/translator/model.json").unlink()
    with pytest.raises(AddaError, match="translator cannot be used"):
        load_adapted(tmp_path / "adapted")


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_weights_undo_too_sure_and_too_unsure(factor, rng):
    """Labels are drawn from what the classifier says; then its logits are multiplied."""
    images = rng.integers(0, 256, (3000, 28, 28, 3), np.uint8)
    classifier = make_classifier(0.05, 4)
    scale(classifier, 30)  # fresh weights say little
    likely = softmax(logits(classifier, images), axis=1)
    labels = np.array([rng.choice(4, p=row / row.sum()) for row in likely.astype(float)])
    scale(classifier, factor)
    adapted = Adapted(classifier)
    assert adapted.calibrate(images, labels)[0] == pytest.approx(1 / factor, rel=0.15)
    np.testing.assert_allclose(adapted.probabilities(images), likely, atol=0.05)


def test_a_view_that_errs_by_rule_has_next_to_no_weight(rng):
    labels = rng.integers(0, 4, 2000)
    knows = rng.normal(size=(2000, 4)) + 3 * np.eye(4)[labels]
    errs = rng.normal(size=(2000, 4)) - np.eye(4)[labels]
    weights = weigh([knows, errs], labels)
    assert weights[0] > 1
    assert 0 < weights[1] < 0.1  # at 0 it would say class 0
