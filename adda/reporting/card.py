"""The model card of a run, and how a metric is written."""

from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from adda.datasets.all_sources import SOURCES
from adda.evaluation.metrics import METRICS
from adda.evaluation.validators import VALIDATORS, doubt

CONFUSED = 3  # pairs of classes that the card names


def render_card(
    params: dict[str, Any],
    training: dict[str, Any],
    metrics: dict[str, float],
    classes: list[str],
    adapted: pd.DataFrame,
    models: int,
) -> str:
    """The model card (Mitchell et al. 2019, arXiv:1810.03993), as Markdown.

    Args:
        params: groups of params.yaml, `model` with what model.json says.
        training: metrics/train.json.
        metrics: of evaluation and validation, by name.
        classes: their names.
        adapted: what the adapted classifier makes of target test images: `actual` and `predicted`,
            a row each; none where nobody labelled them.
        models: how many the training kept, of which one was chosen.
    """
    template = templates(autoescape=False).get_template("model_card.md")
    source = SOURCES[params["data"]["source"]]
    wrong = adapted[adapted["actual"] != adapted["predicted"]]
    confused = wrong.value_counts(["actual", "predicted"], sort=True).head(CONFUSED)
    return template.render(
        **params,
        training=training,
        models=models,
        origin=source,
        metrics=metrics,
        known=METRICS,
        validators=VALIDATORS,
        describe=describe,
        doubt=doubt(metrics),
        classes=classes,
        confused=[(*pair, count) for pair, count in confused.items()],
    )


def templates(autoescape: bool) -> Environment:
    """The templates of this package; a name that is not given is an error."""
    return Environment(
        loader=PackageLoader("adda.reporting"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def ends(intervals: pd.DataFrame) -> dict[str, float]:
    """The ends of the intervals of metrics/intervals.csv as `NAME_low` and `NAME_high`."""
    return {
        f"{row.metric}_{end}": float(getattr(row, end))
        for row in intervals.itertuples()
        for end in ("low", "high")
    }


def describe(name: str, metrics: dict[str, float]) -> str:
    """A metric with its interval, "0.950 (0.935 to 0.964)", or a hyphen."""
    if name not in metrics:
        return "-"
    text = f"{metrics[name]:.3f}"
    if {f"{name}_low", f"{name}_high"} <= set(metrics):
        text += f" ({metrics[f'{name}_low']:.3f} to {metrics[f'{name}_high']:.3f})"
    return text
