"""Figures that say how good translations are."""

import numpy as np


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Fréchet distance between Gaussians fitted to two sets of features.

    |m1 - m2|^2 + tr(c1 + c2 - 2 (c1 c2)^(1/2)); Dowson & Landau 1982, J. Multivariate Anal. 12(3),
    and Heusel et al. 2017 (arXiv:1706.08500, eq. 6). It is not FID: the features are the judge's.

    Args:
        first, second: float [n, d] and [m, d]; more rows than columns, or the covariances are
            singular and the distance depends on the number of rows.

    Returns:
        A non-negative number; 0 for equal means and covariances.
    """
    first, second = first.astype(np.float64), second.astype(np.float64)
    means = first.mean(axis=0) - second.mean(axis=0)
    c1, c2 = (np.atleast_2d(np.cov(each, rowvar=False)) for each in (first, second))
    # The trace of the root of a product of covariances is the sum of the roots of its eigenvalues.
    roots = np.sqrt(np.linalg.eigvals(c1 @ c2).real.clip(min=0))
    return float(max(0.0, means @ means + np.trace(c1) + np.trace(c2) - 2 * roots.sum()))
