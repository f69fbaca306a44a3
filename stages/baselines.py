"""Train the judge on labelled target images, and the same classifier on source images: the ends
of the scale that every later number is read against."""

from sklearn.metrics import accuracy_score

from adda.arrays import read_images, read_labels
from adda.classifier import fit_classifier, predict_digits, save_classifier
from adda.device import use_device
from adda.errors import run_stage
from adda.files import write_json
from adda.params import read_params


def main() -> str:
    params = read_params("params.yaml")
    print("device:", use_device(params.train.device))
    test_images = read_images("data/processed/images/target_test.npy")
    test_labels = read_labels("data/processed/labels/target_test.npy", len(test_images))
    accuracy = {}
    for domain in ("source", "target"):
        images = read_images(f"data/processed/images/{domain}_train.npy")
        labels = read_labels(f"data/processed/labels/{domain}_train.npy", len(images))
        classifier = fit_classifier(images, labels, params.judge, title=f"{domain} only")
        predicted = predict_digits(classifier, test_images)
        accuracy[f"{domain}_only_accuracy"] = float(accuracy_score(test_labels, predicted))
    save_classifier("data/judge", classifier, params.judge.width)  # the target-only classifier
    write_json("metrics/baselines.json", accuracy)
    return "metrics/baselines.json: " + ", ".join(
        f"{name} {value:.3f}" for name, value in accuracy.items()
    )


if __name__ == "__main__":
    run_stage(main)
