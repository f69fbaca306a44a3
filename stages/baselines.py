"""Train the two classifiers that accuracies are read between: source-only and target-only.

The first is the lower bound; the second, the upper bound, is the reference classifier.
"""

from adda.classification.classifier import (
    CLASSES_FILE,
    LABEL_SMOOTHING,
    ClassifierParams,
    fit_classifier,
    probabilities,
    sample_labelled,
    save_classifier,
)
from adda.common.array_files import (
    read_classes,
    read_images,
    read_optional_labels,
    write_array,
    write_classes,
)
from adda.common.outputs import atomic
from adda.common.params import read_params
from adda.common.runner import CHECKPOINTS, run_stage
from adda.engine.checkpoints import Checkpoints, alone_in, run_key
from adda.engine.devices import Device, use_device

# Smoothed labels make target-only the better upper bound, 0.976 for 0.970 on the real data, and
# source-only the worse lower bound, 0.342 for 0.503.
SMOOTHING = {"source": 0.0, "target": LABEL_SMOOTHING}


def main() -> str:
    params = read_params("params.yaml", classifier=ClassifierParams, device=Device)
    print("device:", use_device(params.device))
    test = read_images("data/processed/images/target_test.npy")
    names = read_classes("data/processed/classes.json")
    train = {}
    for domain in ("source", "target"):
        images = read_images(f"data/processed/images/{domain}_train.npy")
        labels = read_optional_labels(f"data/processed/labels/{domain}_train.npy", len(images))
        train[domain] = images, labels
    classifier = params.classifier.resolved()
    arrays = [array for pair in train.values() for array in pair if array is not None]
    progress = CHECKPOINTS / run_key([classifier.model_dump_json(), str(SMOOTHING)], arrays)
    trained = []
    with alone_in(progress):
        for domain, (images, labels) in train.items():
            with atomic(f"data/{domain}_only") as directory:
                directory.mkdir()
                if labels is None:  # nobody labelled these images; DVC warns of empty folders
                    write_classes(directory / CLASSES_FILE, names)
                    continue
                known = labels < len(names)  # the others are of no class of the source's
                if not known.all():
                    images, labels = images[known], labels[known]
                fitted = fit_classifier(
                    sample_labelled(images, labels, classifier.batch_size, classifier.seed),
                    len(names),
                    classifier,
                    f"{domain} only",
                    Checkpoints(progress / domain),
                    SMOOTHING[domain],
                    size=images.shape[1],
                )
                save_classifier(directory, fitted, classifier, names)
                write_array(directory / "probabilities.npy", probabilities(fitted, test))
            trained.append(f"data/{domain}_only")
    return f"{', '.join(trained)}: {classifier.steps} steps each"


if __name__ == "__main__":
    run_stage(main)
