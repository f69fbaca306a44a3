"""Validators, against other derivations, and each against a classifier that is better and worse."""

import numpy as np
import pytest
from scipy.stats import entropy

from adda.evaluation.validators import VALIDATORS, Validation, doubt, validate

CLASSES = 4


def sure_of(labels, certainty):
    """Predictions of which each has `certainty` on its label."""
    rest = (1 - certainty) / (CLASSES - 1)
    return np.full((len(labels), CLASSES), rest) + (certainty - rest) * np.eye(CLASSES)[labels]


def validation(adapted, **changes):
    values = {
        "probabilities": adapted,
        "views": [adapted, sure_of(LABELS, 0.6)],
        "translated": adapted,
        "labels": LABELS,
    }
    return Validation(**values | changes)


LABELS = np.arange(400) % CLASSES
GOOD = sure_of(LABELS, 0.97)


def of(name, adapted=GOOD, **changes):
    return validate(validation(adapted, **changes))[name]


def test_perfect_predictions_have_what_there_is_to_have():
    results = validate(validation(sure_of(LABELS, 1.0)))
    assert results.keys() == VALIDATORS.keys()
    for name, value in results.items():
        assert value == pytest.approx(1, abs=1e-6), name


@pytest.mark.parametrize("name", sorted(VALIDATORS))
def test_another_class_for_half_of_the_images_is_worse(name, rng):
    likely = sure_of(np.where(np.arange(400) % 8 < 4, LABELS, rng.integers(0, CLASSES, 400)), 0.97)
    if name in ("information", "certainty"):
        likely = 0.5 * likely + 0.5 * rng.dirichlet(np.ones(CLASSES), 400)  # they see doubt alone
    assert of(name, likely) < of(name, GOOD) - 0.01


def test_information_is_the_entropy_of_the_mean_less_the_mean_entropy(rng):
    p = rng.dirichlet(np.ones(CLASSES), len(LABELS))
    expected = entropy(p.mean(axis=0), base=CLASSES) - entropy(p, axis=1, base=CLASSES).mean()
    assert of("information", p) == pytest.approx(expected)
    assert of("certainty", p) == pytest.approx(1 - entropy(p, axis=1, base=CLASSES).mean())


def test_without_a_second_view_its_agreement_is_absent():
    assert "views_agreement" not in validate(validation(GOOD, views=[GOOD]))


def test_doubt():
    assert not doubt({})
    assert not doubt({"certainty": 0.47, "information": 0.84})
    assert "information is 0.65: it is unsure" in doubt({"information": 0.65})
