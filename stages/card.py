"""Write the model card from the run's own parameters and metrics."""

from adda.card import render_card
from adda.files import read_json, whole
from adda.params import read_params
from adda.stage import run_stage


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
