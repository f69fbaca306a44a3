"""Score the run: every metric that adda/evaluation/metrics.py lists. No network is trained here."""

from pathlib import Path

import numpy as np
import pandas as pd

from adda.classification.classifier import CLASSES_FILE, load_classifier
from adda.common.array_files import (
    OTHER,
    read_array,
    read_classes,
    read_images,
    read_labels,
    read_optional_labels,
)
from adda.common.outputs import write_csv, write_json
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import Device, use_device
from adda.evaluation.metrics import compute_metrics
from adda.evaluation.results import Results
from adda.recipes.storage import load_model

PROBABILITIES = {
    "source_only": Path("data/source_only/probabilities.npy"),
    "adapted": Path("data/adapted/probabilities.npy"),
    "calibrated": Path("data/adapted/calibrated.npy"),
}
OPTIONAL = {
    "target_only": Path("data/target_only/probabilities.npy"),  # where there are labels
    "published": Path("data/adapted/published.npy"),  # where the recipe's authors adapt otherwise
}
SUMMARY = ("adapted_accuracy", "translated_accuracy", "source_only_accuracy")


def main() -> str:
    params = read_params("params.yaml", device=Device)
    print("device:", use_device(params.device))
    translated = read_images("data/translated/images.npy")
    target = read_images("data/processed/images/target_test.npy")
    found = PROBABILITIES | {name: path for name, path in OPTIONAL.items() if path.exists()}
    if Path("data/adapted/translator").exists():  # the second view
        found["ensemble"] = PROBABILITIES["calibrated"]
    names = np.array([*read_classes(f"data/source_only/{CLASSES_FILE}"), OTHER])
    results = Results(
        source=read_images("data/processed/images/source_test.npy"),
        labels=read_labels("data/translated/labels.npy", len(translated)),
        translated=translated,
        styled=read_array("data/translated/styled.npy"),
        target=target,
        target_labels=read_optional_labels("data/processed/labels/target_test.npy", len(target)),
        probabilities={name: read_array(path) for name, path in found.items()},
        model=load_model("data/model"),
        source_only=load_classifier("data/source_only"),
        reference=load_classifier("data/target_only") if "target_only" in found else None,
    )
    metrics, intervals = compute_metrics(results)
    for path, actual, predicted in (
        ("metrics/confusion.csv", results.labels, results.translated_predicted),
        ("metrics/adapted.csv", results.target_labels, results.predicted("adapted")),
    ):
        known = actual is not None and predicted is not None
        pairs = (names[actual], names[predicted]) if known else ([], [])
        write_csv(path, pd.DataFrame(dict(zip(("actual", "predicted"), pairs, strict=True))))
    write_csv("metrics/intervals.csv", intervals)
    write_json("metrics/evaluation.json", metrics)
    return "metrics/evaluation.json: " + ", ".join(
        f"{name} {metrics[name]:.3f}" for name in SUMMARY if name in metrics
    )


if __name__ == "__main__":
    run_stage(main)
