"""Every metric: how it is computed, and what it means.

A metric is a function here, and nothing elsewhere: metrics/evaluation.json, the model card and the
report take names and meanings from `METRICS`. It returns a number; or a statistic with what it is
taken of, an entry for each test image, which gives it a bootstrap interval, in
metrics/intervals.csv; or None where this run has no such thing.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from adda.evaluation import probes, scores
from adda.evaluation.registry import Entry, enter

if TYPE_CHECKING:  # it imports TensorFlow, which tables of names can do without
    from adda.evaluation.results import Results

Measured = float | tuple[Callable[..., np.ndarray], ...] | None

METRICS: dict[str, Entry] = {}
metric = partial(enter, METRICS)


def compute_metrics(results: "Results") -> tuple[dict[str, float], pd.DataFrame]:
    """Every metric by name; and those with a 95 % interval: columns metric, value, low, high."""
    values, intervals = {}, []
    for name, entry in METRICS.items():
        value = entry.compute(results)
        if isinstance(value, tuple):
            statistic, *rights = value
            value = float(statistic(*rights))
            low, high = scores.interval(statistic, *rights)
            # A gap that some resamples close has none: it would be divided by.
            if np.isfinite([low, high]).all():
                intervals.append((name, value, low, high))
        if value is not None:
            values[name] = value
    return values, pd.DataFrame(intervals, columns=["metric", "value", "low", "high"]).round(4)


def _accuracy(right: np.ndarray | None) -> Measured:
    return None if right is None else (np.mean, right)


@metric("the adapted classifier, on target images as they are")
def adapted_accuracy(results: "Results") -> Measured:
    return _accuracy(results.right("adapted"))


@metric("the adapted classifier, together with source-only on the image translated back")
def ensemble_accuracy(results: "Results") -> Measured:
    return _accuracy(results.right("ensemble"))


@metric("the same, trained as the recipe's authors do, on source images and translations alike")
def authors_protocol_accuracy(results: "Results") -> Measured:
    return _accuracy(results.right("authors"))


@metric("a classifier of the same kind, trained on source images: the lower bound", "")
def source_only_accuracy(results: "Results") -> Measured:
    return _accuracy(results.right("source_only"))


@metric("the same, trained on labelled target images: the reference classifier", "")
def target_only_accuracy(results: "Results") -> Measured:
    return _accuracy(results.right("target_only"))


@metric("of the reference classifier, on translated test digits")
def translated_accuracy(results: "Results") -> Measured:
    predicted = results.translated_predicted
    return _accuracy(None if predicted is None else predicted == results.labels)


@metric("adapted accuracy, from source-only (0) to target-only (1)")
def gap_recovered(results: "Results") -> Measured:
    rights = [results.right(name) for name in ("adapted", "source_only", "target_only")]
    if any(right is None for right in rights):
        return None
    _, lower, upper = map(np.mean, rights)
    return (scores.gap_recovered, *rights) if lower < upper else None


@metric("of the source-only classifier, on target images translated back")
def reverse_accuracy(results: "Results") -> Measured:
    back = results.back(results.target)
    if back is None or results.target_labels is None:
        return None
    return _accuracy(results.classify_source(back) == results.target_labels)


@metric("how far the classifier's probabilities are from how often it is right", "↓")
def calibration_error(results: "Results") -> Measured:
    right = results.right("calibrated")
    if right is None:
        return None
    return scores.calibration_error(results.probabilities["calibrated"].max(axis=1), right)


@metric("overlap of a translation, translated back, with its source digit; 1: the same")
def mask_consistency(results: "Results") -> Measured:
    back = results.back(results.translated)
    return None if back is None else scores.overlap(back, results.source)


@metric("of translations from target images, in the reference classifier's features", "↓")
def frechet_distance(results: "Results") -> Measured:
    if results.reference is None:
        return None
    translated, target = map(results.features, (results.translated, results.target))
    return scores.frechet_distance(translated, target)


@metric("spread of one digit's translations, in units of the target's", "")
def style_diversity(results: "Results") -> Measured:
    return scores.style_diversity(results.styled, results.target)


@metric("of translations from source digits, in units of the target's; near 0: not translated", "")
def change(results: "Results") -> Measured:
    return scores.change(results.source, results.translated, results.target)


@metric("a linear probe tells the domains by codes; 0.5: it cannot", "↓")
def domain_probe_accuracy(results: "Results") -> Measured:
    return _accuracy(results.codes and probes.domain_probe(*results.codes))


@metric("a linear probe of source codes and labels, on target codes")
def digit_probe_accuracy(results: "Results") -> Measured:
    if results.codes is None or results.target_labels is None:
        return None
    source, target = results.codes
    labels, target_labels = results.labels[: len(source)], results.target_labels[: len(target)]
    if len(np.unique(labels[::2])) < 2:  # those that the probe would be fitted to
        return None
    return _accuracy(probes.digit_probe(source, labels, target, target_labels))
