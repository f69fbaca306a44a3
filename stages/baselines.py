"""Train the judge on labelled target images, and the same classifier on source images: the ends
of the scale that every later number is read against."""

from adda.classification.classifier import fit_classifier, labelled, predict_digits, save_classifier
from adda.common.array_files import read_images, read_labels
from adda.common.outputs import remove, write_json
from adda.common.params import read_params
from adda.common.runner import CHECKPOINTS, run_stage
from adda.engine.checkpoints import Checkpoints, run_key
from adda.engine.devices import use_device
from adda.evaluation.scores import accuracy


def main() -> str:
    params = read_params("params.yaml")
    print("device:", use_device(params.train.device))
    test_images = read_images("data/processed/images/target_test.npy")
    test_labels = read_labels("data/processed/labels/target_test.npy", len(test_images))
    train = {}
    for domain in ("source", "target"):
        images = read_images(f"data/processed/images/{domain}_train.npy")
        labels = read_labels(f"data/processed/labels/{domain}_train.npy", len(images))
        train[domain] = images, labels
    judge = params.judge
    kept = CHECKPOINTS / run_key([judge.model_dump_json()], sum(train.values(), ()))
    figures = {}
    for domain, directory in (("source", "data/source_only"), ("target", "data/judge")):
        draw = labelled(*train[domain], judge.batch_size, judge.seed)
        checkpoints = Checkpoints(kept / domain, params.train.checkpoint_seconds)
        classifier = fit_classifier(draw, judge, f"{domain} only", checkpoints)
        right = predict_digits(classifier, test_images) == test_labels
        figures |= accuracy(f"{domain}_only_accuracy", right)
        save_classifier(directory, classifier, judge.width)
    write_json("metrics/baselines.json", figures)
    remove(kept)
    return "metrics/baselines.json: " + ", ".join(
        f"{name} {figures[name]:.3f}" for name in ("source_only_accuracy", "target_only_accuracy")
    )


if __name__ == "__main__":
    run_stage(main)
