"""Linear probes: what can be told from codes, of the domain and of the digit."""

import numpy as np
from sklearn.linear_model import LogisticRegression


def domain_probe(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Which codes a linear probe, fitted to others, takes for their own domain's: bool.

    Args:
        source, target: float32 [n, d] and [m, d]. As many of each are used, so that chance is 0.5;
            every second one is for fitting.
    """
    count = min(len(source), len(target))
    source, target = source[:count], target[:count]
    return _probe(
        np.concatenate([source[::2], target[::2]]),
        np.repeat([0, 1], [len(source[::2]), len(target[::2])]),
        np.concatenate([source[1::2], target[1::2]]),
        np.repeat([0, 1], [len(source[1::2]), len(target[1::2])]),
    )


def digit_probe(
    source: np.ndarray, source_labels: np.ndarray, target: np.ndarray, target_labels: np.ndarray
) -> np.ndarray:
    """Which target codes a linear probe, fitted to source codes and labels, gets right: bool.

    MNIST-M has MNIST's digits in MNIST's order, so the probe is fitted to one half of the places
    and asked about the other: it never meets the same handwriting twice.

    Args:
        source, target: float32 [n, d] and [m, d].
        source_labels, target_labels: uint8 [n] and [m].
    """
    return _probe(source[::2], source_labels[::2], target[1::2], target_labels[1::2])


def _probe(
    codes: np.ndarray, labels: np.ndarray, asked: np.ndarray, answers: np.ndarray
) -> np.ndarray:
    """Logistic regression on codes, after Alain & Bengio 2016 (arXiv:1610.01644)."""
    # One scale for all of a code: scaled one by one, places that are hardly ever used would count
    # as much as those that tell.
    scale = max(codes.std(), 1e-9)
    linear = LogisticRegression(C=0.1, max_iter=1000).fit(codes / scale, labels)
    return linear.predict(asked / scale) == answers
