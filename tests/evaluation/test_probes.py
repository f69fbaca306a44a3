"""What linear probes find in codes."""

import numpy as np
import pytest

from adda.evaluation.probes import digit_probe, domain_probe

DIGITS = np.random.default_rng(1).integers(0, 10, 200)


def clouds(rng, shift=0.0):
    """Codes that hold the digit, those of a domain moved by `shift` along an axis of its own."""
    found = rng.normal(0, 0.1, (200, 12))
    found[np.arange(200), DIGITS] += 1
    found[:, 11] += shift
    return found


def test_probes_see_a_shift_between_domains_and_the_digits_in_both(rng):
    source, near, far = clouds(rng), clouds(rng), clouds(rng, shift=2.0)
    assert 0.3 < domain_probe(source, near).mean() < 0.7
    assert domain_probe(source, far).mean() > 0.95
    assert digit_probe(source, DIGITS, near, DIGITS).mean() > 0.95
    shuffled = rng.permutation(DIGITS)
    assert digit_probe(source, shuffled, near, DIGITS).mean() < 0.4


def test_probes_are_asked_about_other_places_than_they_were_fitted_to(rng):
    """Codes of pure noise, the same in both domains: only who cheats gets them right."""
    noise = rng.normal(size=(200, 500))
    assert digit_probe(noise, DIGITS, noise, DIGITS).mean() < 0.4


def test_chance_is_a_half_however_many_images_a_domain_has(rng):
    noise = rng.normal(size=(3000, 4))
    assert domain_probe(noise[:2000], noise[2000:]).mean() == pytest.approx(0.5, abs=0.1)
