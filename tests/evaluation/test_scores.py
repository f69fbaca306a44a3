import numpy as np
import pytest
import scipy.linalg
import scipy.stats

from adda.evaluation.scores import (
    calibration_error,
    change,
    frechet_distance,
    gap_recovered,
    interval,
    overlap,
    style_diversity,
)


def test_frechet_distance_against_the_matrix_square_root(rng):
    first = rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6))
    second = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)) + 1
    c1, c2 = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = scipy.linalg.sqrtm(c1 @ c2).real
    expected = ((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(c1 + c2 - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(expected)


def test_an_interval_holds_the_mean_of_its_kind_95_times_in_100(rng):
    held = 0
    for _ in range(100):
        low, high = interval(np.mean, rng.random(200) < 0.8)
        held += low <= 0.8 <= high
    assert 88 <= held <= 100
    low, high = interval(np.mean, np.array([True] * 80 + [False] * 20))
    width = 2 * 1.96 * np.sqrt(0.8 * 0.2 / 100)
    assert high - low == pytest.approx(width, rel=0.15)


def test_the_gap_is_resampled_as_a_whole():
    adapted, source, target = (np.arange(100) < right for right in (80, 50, 90))
    assert gap_recovered(adapted, source, target) == pytest.approx(0.75)
    low, high = interval(gap_recovered, adapted, source, target)
    assert 0.5 < low < 0.75 < high < 1
    assert interval(gap_recovered, target, source, target) == (1, 1)


def test_style_diversity_is_that_of_the_target(rng):
    target = rng.integers(0, 256, (300, 28, 28, 3), np.uint8)
    one_style = rng.integers(0, 256, (5, 1, 28, 28, 3), np.uint8).repeat(20, axis=1)
    assert style_diversity(one_style, target) == 0
    as_the_target = rng.integers(0, 256, (5, 100, 28, 28, 3), np.uint8)
    assert style_diversity(as_the_target, target) == pytest.approx(1, abs=0.02)


def test_change_is_none_where_nothing_is_translated_and_one_where_all_is_as_in_the_target(rng):
    source = np.zeros((60, 28, 28, 3), np.uint8)
    target = rng.integers(0, 256, (90, 28, 28, 3), np.uint8)
    assert change(source, source, target) == 0
    assert change(source, target[:60], target) == pytest.approx(1, abs=0.02)


def test_the_calibration_error_by_hand():
    sure = np.array([0.95, 0.95, 0.95, 0.95, 0.61, 1.0])
    right = np.array([True, True, True, False, False, True])
    # Bins of 1/15: four at 0.95 and one at 1.0 in the last, of which four are right; one at 0.61.
    assert calibration_error(sure, right) == pytest.approx((abs(4.8 - 4) + 0.61) / 6)
    assert calibration_error(np.ones(3), np.ones(3, bool)) == 0


def test_overlap_is_intersection_over_union():
    digits = np.zeros((3, 28, 28, 3), np.uint8)
    digits[0, :2] = digits[1, :2] = 255
    found = np.zeros_like(digits)
    found[0, :2] = 255
    found[1, 1:3] = 255
    assert overlap(found, digits) == pytest.approx((1 + 1 / 3) / 2)  # the third is empty
