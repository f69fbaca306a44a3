"""Charts of the report."""

import pandas as pd
import pytest

from adda.reporting.charts import confusion_chart, loss_curves


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_curve_has_an_axis_and_no_axis_is_empty(count):
    rows = [
        {"step": step, "name": f"value{k}", "value": 1.0} for k in range(count) for step in (1, 2)
    ]
    assert loss_curves({"run": pd.DataFrame(rows)}).count('id="axes_') == count


def test_names_of_classes_are_written_as_they_are():
    chart = confusion_chart(pd.DataFrame({"actual": [r"$\a$", "b"], "predicted": ["b", "b"]}))
    assert r"$\a$" in chart
