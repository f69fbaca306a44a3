"""How sure classifiers are, made to agree with how often they are right (Guo et al. 2017)."""

from collections.abc import Sequence

import keras
import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from adda.nn.networks import members_of

# A weight: where all images are right, the larger the better; at 0 a view would say class 0.
LEAST, MOST = 1e-3, 10.0


def weigh(logits: Sequence[np.ndarray], labels: np.ndarray) -> list[float]:
    """The weights with which a sum of classifiers' logits suits labelled images best.

    For one classifier it is the inverse of the temperature of Guo et al. (arXiv:1706.04599, section
    4.2), below 1 where the classifier was too sure; for several, a product of experts (Hinton
    2002, section 1), in which one that knows nothing has a weight of nearly 0.

    Args:
        logits: float [n, classes] each, of images that no classifier was trained on.
        labels: uint8 [n].
    """
    stacked = np.stack(logits).astype(np.float64)
    rows = np.arange(len(labels))

    def loss(weights: np.ndarray) -> float:
        return -log_softmax(np.tensordot(weights, stacked, 1), axis=1)[rows, labels].mean()

    start = np.full(len(stacked), 1 / len(stacked))
    bounds = [(LEAST, MOST)] * len(stacked)
    return minimize(loss, start, method="L-BFGS-B", bounds=bounds).x.tolist()


def scale(classifier: keras.Model, weight: float) -> None:
    """Multiply a classifier's logits, for good: the weight goes into its members' last layers."""
    for member in members_of(classifier):
        last = next(layer for layer in reversed(member.layers) if layer.weights)
        last.set_weights([weight * array for array in last.get_weights()])
