"""Statistics that metrics are made of: functions of arrays."""

import warnings
from collections.abc import Callable

import numpy as np
import scipy.stats

BINS = 15  # of the calibration error, as published


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Fréchet distance between Gaussians fitted to two sets of features.

    |m1 - m2|^2 + tr(c1 + c2 - 2 (c1 c2)^(1/2)); Dowson & Landau 1982, J. Multivariate Anal. 12(3),
    and Heusel et al. 2017 (arXiv:1706.08500, eq. 6). It is not FID: the features are the
    reference classifier's.

    Args:
        first, second: float [n, d] and [m, d]; more rows than columns, or the covariances are
            singular and the distance depends on the number of rows.

    Returns:
        A non-negative number; 0 for equal means and covariances.
    """
    first, second = first.astype(np.float64), second.astype(np.float64)
    means = first.mean(axis=0) - second.mean(axis=0)
    c1, c2 = (np.atleast_2d(np.cov(values, rowvar=False)) for values in (first, second))
    # The trace of the root of a product of covariances is the sum of the roots of its eigenvalues.
    roots = np.sqrt(np.linalg.eigvals(c1 @ c2).real.clip(min=0))
    return float(max(0.0, means @ means + np.trace(c1) + np.trace(c2) - 2 * roots.sum()))


def interval(statistic: Callable[..., np.ndarray], *rights: np.ndarray) -> tuple[float, float]:
    """The 95 % bootstrap interval of a statistic over test images, by percentiles.

    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13; 1,000 resamples, always
    the same ones.

    Args:
        statistic: takes arrays shaped as `rights` with axes before the last, and an `axis`.
        rights: what is known of each image, [n] each; resampled together.
    """
    # Of resamples that are not finite; `compute_metrics` leaves such intervals out.
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
        result = scipy.stats.bootstrap(
            rights,
            statistic,
            paired=True,
            n_resamples=1000,
            batch=100,  # bounds the memory
            method="percentile",
            rng=0,
        ).confidence_interval
    return float(result.low), float(result.high)


def gap_recovered(
    adapted: np.ndarray, source_only: np.ndarray, target_only: np.ndarray, axis: int = -1
) -> np.ndarray:
    """(adapted - source only) / (target only - source only), of accuracies.

    Args:
        adapted, source_only, target_only: which images each got right, [..., n].
    """
    lower = np.mean(source_only, axis)
    return (np.mean(adapted, axis) - lower) / (np.mean(target_only, axis) - lower)


def style_diversity(styled: np.ndarray, target: np.ndarray) -> float:
    """How much the translations of one digit differ between styles, in units of the target.

    Args:
        styled: uint8 [digits, styles, size, size, 3].
        target: uint8 [n, size, size, 3].

    Returns:
        The ratio of standard deviations, over styles and over target images, averaged over the
        rest: 0 where style changes nothing, near 1 where it changes as much as in the target.
    """
    return float(styled.std(axis=1).mean() / target.std(axis=0).mean())


def change(source: np.ndarray, translated: np.ndarray, target: np.ndarray) -> float:
    """How far translations are from their source digits, in units of target images.

    Args:
        source, translated: uint8 [n, size, size, 3].
        target: uint8 [m, size, size, 3].

    Returns:
        The ratio of mean absolute differences of pixels, to the own source digit and to any: 0
        where nothing is translated, near 1 where translations leave it as far as the target is.
    """
    source = source.astype(np.int16)
    some = source[np.resize(np.arange(len(source)), len(target))]
    return float(np.abs(translated - source).mean() / np.abs(target - some).mean())


def overlap(masks: np.ndarray, digits: np.ndarray) -> float:
    """Intersection over union of two sets of digits, uint8 [n, size, size, 3]: what is above half.

    Returns:
        The mean over images, in [0, 1]; images that are both empty are left out; 0 if all are.
    """
    first, second = (x[..., 0].reshape(len(x), -1) > 127 for x in (masks, digits))
    either = (first | second).sum(axis=1)
    both = (first & second).sum(axis=1)[either > 0] / either[either > 0]
    return float(both.mean()) if len(both) else 0.0


def calibration_error(sure: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error (Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599, eq. 3).

    The mean, over images, of the difference between how sure a classifier is and how often it is
    right, in 15 bins of equal width.

    Args:
        sure: float [n], the probability of the class that was chosen.
        right: bool [n].
    """
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    counts, sums = (np.bincount(bins, values, BINS) for values in (None, sure - right))
    return float(np.abs(sums).sum() / counts.sum())
