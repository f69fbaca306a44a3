"""Write the model card from the run's own parameters and metrics."""

import pandas as pd

from adda.common.array_files import read_classes
from adda.common.outputs import read_json, whole
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.reporting.card import ends, render_card


def main() -> str:
    # Whoever uses these groups has checked them.
    params = read_params(
        "params.yaml",
        adaptation=dict,
        classifier=dict,
        data=dict,
        loss=dict,
        model=dict,
        split=dict,
        train=dict,
    )
    groups = {
        "adaptation": params.adaptation,
        "classifier": params.classifier,
        "data": params.data,
        "split": params.split,
        "loss": params.loss,
        "train": params.train,
        # Given weights have sizes of their own.
        "model": params.model | read_json("data/model/model.json"),
    }
    metrics = read_json("metrics/train.json") | read_json("metrics/evaluation.json")
    metrics |= read_json("metrics/validation.json")
    metrics |= ends(pd.read_csv("metrics/intervals.csv"))
    kept = len(pd.read_csv("metrics/choice.csv"))
    classes = read_classes("data/adapted/classes.json")
    adapted = pd.read_csv("metrics/adapted.csv", dtype=str, keep_default_na=False)
    with whole("metrics/model_card.md") as partial:
        partial.write_text(render_card(groups, metrics, classes, adapted, kept), encoding="utf-8")
    return "metrics/model_card.md"


if __name__ == "__main__":
    run_stage(main)
