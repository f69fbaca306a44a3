"""Write the model card from the run's own parameters and metrics."""

from adda.common.outputs import read_json, whole
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.reporting.card import render_card


def main() -> str:
    params = read_params("params.yaml").model_dump()
    params["model"] |= read_json("data/model/model.json")  # given weights have sizes of their own
    metrics = {}
    for path in (
        "metrics/baselines.json",
        "metrics/train.json",
        "metrics/evaluation.json",
        "metrics/adaptation.json",
        "metrics/embedding.json",
    ):
        metrics |= read_json(path)
    with whole("metrics/model_card.md") as partial:
        partial.write_text(render_card(params, metrics), encoding="utf-8")
    return "metrics/model_card.md"


if __name__ == "__main__":
    run_stage(main)
