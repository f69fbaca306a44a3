"""Metrics that a run may not have."""

from types import SimpleNamespace

import numpy as np
import pytest

from adda.evaluation.metrics import METRICS


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
