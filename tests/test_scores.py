import numpy as np
import pytest
import scipy.linalg

from adda.scores import frechet_distance


def test_frechet_distance_against_the_matrix_square_root(rng):
    first = rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6))
    second = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)) + 1
    c1, c2 = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = scipy.linalg.sqrtm(c1 @ c2).real
    expected = ((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(c1 + c2 - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(expected)


def test_frechet_distance_of_a_shift_is_its_square(rng):
    features = rng.normal(size=(50, 4)).astype(np.float32)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(features[:, :1], features[:, :1] + 2) == pytest.approx(4, rel=1e-5)
    assert frechet_distance(features, features + 2) == pytest.approx(16, rel=1e-5)
