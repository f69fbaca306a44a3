"""Score the translations: can the judge read them, and do they look like the target?"""

import pandas as pd

from adda.classification.classifier import features, load_classifier, predict_digits
from adda.common.array_files import read_array, read_images, read_labels
from adda.common.outputs import write_csv, write_json
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import use_device
from adda.evaluation.scores import (
    accuracy,
    colour_distance,
    frechet_distance,
    overlap,
    style_diversity,
)
from adda.inference.translation import contents
from adda.recipes.split import SplitCode
from adda.recipes.storage import load_model


def main() -> str:
    print("device:", use_device(read_params("params.yaml").train.device))
    translated = read_images("data/translated/images.npy")
    labels = read_labels("data/translated/labels.npy", len(translated))
    target = read_images("data/processed/images/target_test.npy")
    judge = load_classifier("data/judge")
    predicted = predict_digits(judge, translated)
    test = features(judge, target)
    valid = features(judge, read_images("data/processed/images/target_valid.npy"))
    figures = {
        **accuracy("translated_accuracy", predicted == labels),
        "frechet_distance": frechet_distance(features(judge, translated), test),
        "frechet_distance_reference": frechet_distance(valid, test),
        "style_diversity": style_diversity(read_array("data/translated/styled.npy"), target),
        "colour_distance": colour_distance(translated, target),
    }
    model = load_model("data/model")
    if isinstance(model, SplitCode):  # the other way round: what digit is in a target image?
        digits = read_labels("data/processed/labels/target_test.npy", len(target))
        read = predict_digits(load_classifier("data/source_only"), contents(model, target))
        source = read_images("data/processed/images/source_test.npy")
        figures |= accuracy("reverse_accuracy", read == digits)
        figures["content_consistency"] = overlap(contents(model, translated), source)
    write_csv("metrics/confusion.csv", pd.DataFrame({"actual": labels, "predicted": predicted}))
    write_json("metrics/evaluation.json", figures)
    return f"metrics/evaluation.json: translated_accuracy {figures['translated_accuracy']:.3f}"


if __name__ == "__main__":
    run_stage(main)
