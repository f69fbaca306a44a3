"""Score the run: every metric that adda/evaluation/metrics.py lists. No network is trained here."""

from pathlib import Path

import pandas as pd

from adda.classification.classifier import load_classifier
from adda.common.array_files import read_array, read_images, read_labels
from adda.common.outputs import write_csv, write_json
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import Device, use_device
from adda.evaluation.metrics import compute_metrics
from adda.evaluation.results import Results
from adda.recipes.storage import load_model

PROBABILITIES = {
    "source_only": "data/source_only/probabilities.npy",
    "target_only": "data/target_only/probabilities.npy",
    "adapted": "data/adapted/probabilities.npy",
}
ENSEMBLE = Path("data/adapted/ensemble.npy")  # where the recipe translates back
SUMMARY = ("adapted_accuracy", "translated_accuracy", "source_only_accuracy")


def main() -> str:
    params = read_params("params.yaml", device=Device)
    print("device:", use_device(params.device))
    translated = read_images("data/translated/images.npy")
    target = read_images("data/processed/images/target_test.npy")
    found = PROBABILITIES | ({"ensemble": ENSEMBLE} if ENSEMBLE.exists() else {})
    results = Results(
        source=read_images("data/processed/images/source_test.npy"),
        labels=read_labels("data/translated/labels.npy", len(translated)),
        translated=translated,
        styled=read_array("data/translated/styled.npy"),
        target=target,
        target_labels=read_labels("data/processed/labels/target_test.npy", len(target)),
        target_valid=read_images("data/processed/images/target_valid.npy"),
        probabilities={name: read_array(path) for name, path in found.items()},
        model=load_model("data/model"),
        source_only=load_classifier("data/source_only"),
        reference=load_classifier("data/target_only"),
    )
    metrics, intervals = compute_metrics(results)
    for path, actual, predicted in (
        ("metrics/confusion.csv", results.labels, results.translated_predicted),
        ("metrics/adapted.csv", results.target_labels, results.predicted("adapted")),
    ):
        write_csv(path, pd.DataFrame({"actual": actual, "predicted": predicted}))
    write_csv("metrics/intervals.csv", intervals)
    write_json("metrics/evaluation.json", metrics)
    return "metrics/evaluation.json: " + ", ".join(
        f"{name} {metrics[name]:.3f}" for name in SUMMARY
    )


if __name__ == "__main__":
    run_stage(main)
