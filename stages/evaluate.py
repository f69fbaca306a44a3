"""Score the translations: can the judge read them, and do they look like the target to it?"""

import pandas as pd
from sklearn.metrics import accuracy_score

from adda.arrays import read_images, read_labels
from adda.classifier import features, load_classifier, predict_digits
from adda.device import use_device
from adda.errors import run_stage
from adda.files import write_csv, write_json
from adda.params import read_params
from adda.scores import frechet_distance


def main() -> str:
    print("device:", use_device(read_params("params.yaml").train.device))
    translated = read_images("data/translated/images.npy")
    labels = read_labels("data/translated/labels.npy", len(translated))
    judge = load_classifier("data/judge")
    predicted = predict_digits(judge, translated)
    test = features(judge, read_images("data/processed/images/target_test.npy"))
    valid = features(judge, read_images("data/processed/images/target_valid.npy"))
    figures = {
        "translated_accuracy": float(accuracy_score(labels, predicted)),
        "frechet_distance": frechet_distance(features(judge, translated), test),
        "frechet_distance_reference": frechet_distance(valid, test),
    }
    write_csv("metrics/confusion.csv", pd.DataFrame({"actual": labels, "predicted": predicted}))
    write_json("metrics/evaluation.json", figures)
    return f"metrics/evaluation.json: translated_accuracy {figures['translated_accuracy']:.3f}"


if __name__ == "__main__":
    run_stage(main)
