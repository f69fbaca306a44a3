"""Metrics that a run may not have."""

from types import SimpleNamespace

import numpy as np
import pytest

from adda.evaluation import metrics
from adda.evaluation.metrics import METRICS, compute_metrics


@pytest.mark.parametrize(
    ("source_only", "target_only", "present"),
    [(0.5, 0.9, True), (0.5, 0.5, False), (0.9, 0.5, False), (0.5, None, False)],
)
def test_where_there_is_no_gap_none_is_recovered(source_only, target_only, present):
    accuracies = {"adapted": 0.8, "source_only": source_only, "target_only": target_only}

    def right(name):
        return None if accuracies[name] is None else np.arange(10) < 10 * accuracies[name]

    found = METRICS["gap_recovered"].compute(SimpleNamespace(right=right))
    assert (found is not None) == present


def test_codes_of_one_class_have_no_digit_probe(rng):
    labels = np.array([0, 1] * 10)  # every second is for fitting
    results = SimpleNamespace(codes=rng.random((2, 20, 3)), labels=labels, target_labels=labels)
    assert METRICS["digit_probe_accuracy"].compute(results) is None
    results.labels = results.target_labels = np.repeat([0, 1], 10)
    assert METRICS["digit_probe_accuracy"].compute(results) is not None


@pytest.mark.filterwarnings("error")
def test_a_gap_that_resamples_close_has_no_interval(monkeypatch):
    def right(name):
        return np.arange(20) < {"adapted": 16, "source_only": 15, "target_only": 17}[name]

    monkeypatch.setattr(metrics, "METRICS", {"gap_recovered": METRICS["gap_recovered"]})
    values, intervals = compute_metrics(SimpleNamespace(right=right))
    assert values == {"gap_recovered": pytest.approx(0.5)}
    assert intervals.empty
