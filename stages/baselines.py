"""Train the two classifiers that accuracies are read between: source-only and target-only.

The first is the lower bound; the second, the upper bound, is the reference classifier.
"""

from adda.classification.classifier import (
    ClassifierParams,
    fit_classifier,
    probabilities,
    sample_labelled,
    save_classifier,
)
from adda.common.array_files import read_images, read_labels, write_array
from adda.common.outputs import remove, whole
from adda.common.params import read_params
from adda.common.runner import CHECKPOINTS, run_stage
from adda.engine.checkpoints import Checkpoints, run_key
from adda.engine.devices import Device, use_device


def main() -> str:
    params = read_params("params.yaml", classifier=ClassifierParams, device=Device)
    print("device:", use_device(params.device))
    test = read_images("data/processed/images/target_test.npy")
    train = {}
    for domain in ("source", "target"):
        images = read_images(f"data/processed/images/{domain}_train.npy")
        labels = read_labels(f"data/processed/labels/{domain}_train.npy", len(images))
        train[domain] = images, labels
    classifier = params.classifier
    kept = CHECKPOINTS / run_key([classifier.model_dump_json()], sum(train.values(), ()))
    for domain, out in (("source", "data/source_only"), ("target", "data/target_only")):
        sample = sample_labelled(*train[domain], classifier.batch_size, classifier.seed)
        fitted = fit_classifier(sample, classifier, f"{domain} only", Checkpoints(kept / domain))
        with whole(out) as directory:
            save_classifier(directory, fitted, classifier.width)
            write_array(directory / "probabilities.npy", probabilities(fitted, test))
    remove(kept)
    return f"data/source_only, data/target_only: {classifier.steps} steps each"


if __name__ == "__main__":
    run_stage(main)
