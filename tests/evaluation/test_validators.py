"""Validators, against other derivations, and each against a classifier that is better and worse."""

from types import SimpleNamespace

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
    """Of a perfect source-only classifier that is surest of the first images."""
    labels = np.arange(len(adapted)) % CLASSES
    certainty = np.linspace(0.9, 0.6, len(adapted))[:, None]
    plain = np.concatenate(
        [sure_of([label], c) for label, c in zip(labels, certainty, strict=True)]
    )
    values = {
        "probabilities": adapted,
        "features": adapted,
        "source_only": plain,
        "views": [adapted, plain],
        "translated": adapted,
        "translated_source_only": plain,
        "labels": labels,
    }
    return Validation(**values | changes)


LABELS = np.arange(400) % CLASSES
GOOD = sure_of(LABELS, 0.97)


def of(name, adapted=GOOD, **changes):
    return validate(validation(adapted, **changes))[name]


def test_perfect_predictions_have_what_there_is_to_have():
    found = validate(validation(sure_of(LABELS, 1.0)))
    density = found.pop("neighbourhood_density")
    # Of 400 images, 99 others are alike, and at a temperature of 0.05 all the rest are far.
    assert density == pytest.approx(np.log(99), abs=1e-3)
    assert found.keys() == VALIDATORS.keys() - {"neighbourhood_density"}
    for name, value in found.items():
        assert value == pytest.approx(1, abs=1e-6), name


@pytest.mark.parametrize("name", sorted(VALIDATORS.keys() - {"kept_digits"}))
def test_another_class_for_half_of_the_images_is_worse(name, rng):
    likely = sure_of(np.where(np.arange(400) % 8 < 4, LABELS, rng.integers(0, CLASSES, 400)), 0.97)
    if name in ("information", "certainty", "nuclear_norm", "neighbourhood_density"):
        likely = 0.5 * likely + 0.5 * rng.dirichlet(np.ones(CLASSES), 400)  # they see doubt alone
    assert of(name, likely, features=GOOD) < of(name, GOOD, features=GOOD) - 0.01


def test_kept_digits_are_those_that_source_only_finds():
    wrong = sure_of((LABELS + 1) % CLASSES, 0.9)
    mixed = np.concatenate([GOOD[:100], wrong[100:]])
    assert of("kept_digits", translated_source_only=mixed) == 0.25


def test_one_class_for_all_images():
    """Sure, and of no use: what certainty alone does not see."""
    likely = sure_of(np.zeros(400, int), 0.97)
    assert of("certainty", likely) == of("certainty", GOOD)
    assert of("information", likely) == pytest.approx(0, abs=1e-6)
    assert of("nuclear_norm", likely) < of("nuclear_norm") - 0.3
    assert of("class_ami", likely, features=GOOD) == 0


def test_information_is_the_entropy_of_the_mean_less_the_mean_entropy(rng):
    p = rng.dirichlet(np.ones(CLASSES), 50)
    expected = entropy(p.mean(axis=0), base=CLASSES) - entropy(p, axis=1, base=CLASSES).mean()
    assert of("information", p) == pytest.approx(expected)
    assert of("certainty", p) == pytest.approx(1 - entropy(p, axis=1, base=CLASSES).mean())


def test_neighbourhood_density_against_loops(rng):
    p = rng.dirichlet(np.ones(CLASSES), 30)
    unit = p / np.sqrt((p**2).sum(axis=1, keepdims=True))
    total = 0
    for i in range(30):
        near = np.exp([unit[i] @ unit[j] / 0.05 for j in range(30) if j != i])
        total += entropy(near / near.sum())
    assert of("neighbourhood_density", p) == pytest.approx(total / 30)


@pytest.mark.filterwarnings("ignore")  # its optimal transport looks for every array library
def test_density_and_certainty_are_those_of_skada(rng):
    from skada.metrics import PredictionEntropyScorer, SoftNeighborhoodDensity

    p = rng.dirichlet(np.ones(CLASSES), 50)
    classifier = SimpleNamespace(predict_proba=lambda images, sample_domain: p)
    images, no_labels, domain = np.zeros((50, 1)), np.full(50, -1), np.full(50, -1)

    def score(scorer):
        return scorer(classifier, images, no_labels, sample_domain=domain)

    assert of("neighbourhood_density", p) == pytest.approx(score(SoftNeighborhoodDensity()))
    entropies = -score(PredictionEntropyScorer(reduction="sum"))
    expected = 1 - entropies / len(p) / np.log(CLASSES)
    assert of("certainty", p) == pytest.approx(expected, abs=1e-6)  # it takes log(p + 1e-7)


def test_neighbourhood_density_in_parts(rng):
    """More images than one part has: each is left out of its own neighbours, and no other."""
    p = sure_of(np.arange(1200) % CLASSES, 1.0)
    assert of("neighbourhood_density", p) == pytest.approx(np.log(299), abs=1e-3)


def test_only_the_quarter_counts_of_which_source_only_is_surest():
    wrong = sure_of((LABELS + 1) % CLASSES, 0.9)
    assert of("sure_agreement", np.concatenate([GOOD[:100], wrong[100:]])) == 1
    assert of("sure_agreement", np.concatenate([wrong[:50], GOOD[50:]])) == 0.5


def test_without_a_second_view_its_agreement_is_absent():
    assert "views_agreement" not in validate(validation(GOOD, views=[GOOD]))


def test_doubt():
    assert not doubt({})
    # A source-only classifier that knows nothing of the target is sure of the wrong classes.
    assert not doubt({"sure_agreement": 0.47, "information": 0.84})
    assert "information is 0.65: it is unsure" in doubt({"information": 0.65})
