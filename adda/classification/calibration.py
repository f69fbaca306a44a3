"""How sure a classifier is, made to agree with how often it is right (Guo et al. 2017)."""

import keras
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from adda.inference.batches import apply

RANGE = np.log(0.1), np.log(10)  # of temperatures; a classifier beyond it is no better than chance


def calibrate(classifier: keras.Sequential, images: np.ndarray, labels: np.ndarray) -> float:
    """Divide a classifier's logits by the temperature that suits labelled images best.

    The temperature (arXiv:1706.04599, section 4.2) goes into the last layer's weights, so that
    whoever uses the classifier, exported or not, has calibrated probabilities. Classes stay.

    Args:
        images: uint8 [n, 28, 28, 3], that the classifier was not trained on.
        labels: uint8 [n].

    Returns:
        The temperature: above 1 where the classifier was too sure.
    """
    logits = apply(lambda batch: classifier(batch, training=False), images).astype(np.float64)

    def loss(log_temperature: float) -> float:
        likely = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -likely[np.arange(len(labels)), labels].mean()

    temperature = float(np.exp(minimize_scalar(loss, bounds=RANGE, method="bounded").x))
    last = next(layer for layer in reversed(classifier.layers) if layer.weights)
    last.set_weights([weight / temperature for weight in last.get_weights()])
    return temperature
