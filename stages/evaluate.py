"""Score the run: metrics, validators, the latent space, the model card. Nothing is trained here.

Metrics are listed in adda/evaluation/metrics.py, validators in adda/evaluation/validators.py.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from adda.classification.adapted import load_adapted
from adda.classification.classifier import CLASSES_FILE, load_classifier
from adda.common.array_files import (
    OTHER,
    read_array,
    read_classes,
    read_images,
    read_labels,
    read_optional_labels,
)
from adda.common.errors import warn
from adda.common.outputs import atomic, read_json, write_csv, write_json
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import Device, use_device
from adda.evaluation.embedding import flatten, sample_points, save_scatter
from adda.evaluation.metrics import compute_metrics
from adda.evaluation.results import Results
from adda.evaluation.validators import doubt, validate
from adda.recipes.storage import load_model
from adda.reporting.card import ends, render_card

PROBABILITIES = {
    "source_only": Path("data/source_only/probabilities.npy"),
    "adapted": Path("data/adapted/probabilities.npy"),
    "calibrated": Path("data/adapted/calibrated.npy"),
}
OPTIONAL = {
    "target_only": Path("data/target_only/probabilities.npy"),  # where there are labels
    "authors": Path("data/adapted/authors.npy"),  # where the recipe's authors adapt otherwise
}
SUMMARY = ("adapted_accuracy", "translated_accuracy", "source_only_accuracy", "information")


def main() -> str:
    # The stages that use the groups of the card have checked them.
    params = read_params(
        "params.yaml",
        adaptation=dict,
        classifier=dict,
        data=dict,
        device=Device,
        loss=dict,
        model=dict,
        split=dict,
        train=dict,
    )
    print("device:", use_device(params.device))
    classes = read_classes(f"data/source_only/{CLASSES_FILE}")
    names = np.array([*classes, OTHER])
    results = read_results()

    metrics, intervals = compute_metrics(results)
    write_json("metrics/evaluation.json", metrics)
    write_csv("metrics/intervals.csv", intervals)
    predicted = results.predicted("adapted")
    adapted = confusions(names, results.target_labels, predicted)
    write_csv("metrics/adapted.csv", adapted)
    translated = confusions(names, results.labels, results.translated_predicted)
    write_csv("metrics/confusion.csv", translated)

    source = read_images("data/processed/images/source_valid.npy")
    labels = read_labels("data/processed/labels/source_valid.npy", len(source))
    target = read_images("data/processed/images/target_valid.npy")
    seen = results.show_validation(load_adapted("data/adapted"), target, source, labels)
    validation = validate(seen)
    write_json("metrics/validation.json", validation)
    if reason := doubt(validation):
        warn(f"the adapted classifier is not to be trusted: {reason}")

    images, points = sample_points(results, names)
    save_scatter("metrics/embedding.png", flatten(results.codes_or_pixels(images)), points)

    groups = vars(params) | {"model": params.model | read_json("data/model/model.json")}
    training = read_json("metrics/train.json")
    models = len(pd.read_csv("metrics/choice.csv"))
    known = metrics | validation | ends(intervals)
    card = render_card(groups, training, known, classes, adapted, models)
    with atomic("metrics/model_card.md") as partial:
        partial.write_text(card, encoding="utf-8")
    return "metrics/evaluation.json: " + ", ".join(
        f"{name} {known[name]:.3f}" for name in SUMMARY if name in known
    )


def read_results() -> Results:
    translated = read_images("data/translated/images.npy")
    target = read_images("data/processed/images/target_test.npy")
    paths = PROBABILITIES | {name: path for name, path in OPTIONAL.items() if path.exists()}
    if Path("data/adapted/translator").exists():  # the second view
        paths["ensemble"] = PROBABILITIES["calibrated"]
    return Results(
        source=read_images("data/processed/images/source_test.npy"),
        labels=read_labels("data/translated/labels.npy", len(translated)),
        translated=translated,
        styled=read_array("data/translated/styled.npy"),
        target=target,
        target_labels=read_optional_labels("data/processed/labels/target_test.npy", len(target)),
        probabilities={name: read_array(path) for name, path in paths.items()},
        model=load_model("data/model"),
        source_only=load_classifier("data/source_only"),
        reference=load_classifier("data/target_only") if "target_only" in paths else None,
    )


def confusions(
    names: np.ndarray, actual: np.ndarray | None, predicted: np.ndarray | None
) -> pd.DataFrame:
    """The class of each image, and what it was taken for; empty where either is not known."""
    known = actual is not None and predicted is not None
    pairs = (names[actual], names[predicted]) if known else ([], [])
    return pd.DataFrame(dict(zip(("actual", "predicted"), pairs, strict=True)))


if __name__ == "__main__":
    run_stage(main)
