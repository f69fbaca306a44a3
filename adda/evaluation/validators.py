"""Validators: how good the adapted classifier is, told without a target label.

A validator is a function here, and nothing elsewhere: metrics/validation.json, the model card, the
report and `adda rank` take names and meanings from `VALIDATORS`. It sees target validation images,
which nothing is trained on, and source validation digits, whose labels the source has; it returns
a number, more being better, or None where this run has no such thing. How well each ranks
experiments is measured in docs/measurement.md. Several are compared by Musgrave et al. 2022
(arXiv:2208.07360).
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import entr

from adda.evaluation.registry import Entry, enter

# Below it every classifier of docs/measurement.md has an accuracy under 0.77, and so has every one
# there and in docs/results.md that adapting made worse than source-only.
LEAST_INFORMATION = 0.8
SCORE = "information"  # what `adda rank` sorts by; docs/measurement.md says why
RESOLUTION = 0.01  # what differs by less may be chance: three seeds' scores differ by 0.004


@dataclass
class Validation:
    """What validators see; n target images and m source digits, all of the validation split.

    Probabilities are float32 [., classes]; the classifier's are of all its views, calibrated.
    """

    probabilities: np.ndarray  # of the n target images, by the classifier
    views: list[np.ndarray]  # logits of them by each of its views: one or two
    translated: np.ndarray  # of m translated digits, by the classifier
    labels: np.ndarray  # uint8 [m], of the source digits


VALIDATORS: dict[str, Entry] = {}
validator = partial(enter, VALIDATORS)


def validate(validation: Validation) -> dict[str, float]:
    """Every validator's value by its name."""
    values = {name: entry.compute(validation) for name, entry in VALIDATORS.items()}
    return {name: float(value) for name, value in values.items() if value is not None}


def doubt(metrics: dict[str, float]) -> str:
    """Why the adapted classifier is not to be trusted, labels or not; empty if nothing says so."""
    known = metrics.get("information", 1.0)
    if known >= LEAST_INFORMATION:
        return ""
    return (
        f"information is {known:.2f}: it is unsure of many target images or, unless they show few "
        "classes, takes many for what they are not; adapting may have done harm, and the "
        "source-only classifier may be better: classify --model data/source_only"
    )


@validator("its two views agree: of an image as it is, and translated back")
def views_agreement(seen: Validation) -> float | None:
    if len(seen.views) < 2:
        return None
    first, second = (logits.argmax(axis=1) for logits in seen.views)
    return np.mean(first == second)


@validator("each image is given one class surely, and all classes occur; at most 1")
def information(seen: Validation) -> float:
    """Mutual information of image and class (Krause et al. 2010, section 2), as a share of log C.

    H(mean p) - mean H(p), over C classes.
    """
    p = seen.probabilities.astype(np.float64)
    return (_entropy(p.mean(axis=0)) - _entropy(p).mean()) / np.log(p.shape[1])


@validator("how sure the classifier is; at most 1")
def certainty(seen: Validation) -> float:
    """1 - mean H(p) / log C (Morerio et al. 2018, arXiv:1711.10288, section 3.2)."""
    p = seen.probabilities.astype(np.float64)
    return 1 - _entropy(p).mean() / np.log(p.shape[1])


@validator("accuracy on translated source digits")
def translated_digits(seen: Validation) -> float:
    return np.mean(seen.translated.argmax(axis=1) == seen.labels)


def _entropy(p: np.ndarray) -> np.ndarray:
    """Of distributions along the last axis, in nats."""
    return entr(p).sum(axis=-1)
