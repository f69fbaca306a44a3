"""Train a classifier for target images on translated source digits, with the source's labels."""

from adda.classification.adaptation import AdaptationParams, adapt, as_trained_on
from adda.classification.adapted import Adapted, save_adapted
from adda.classification.classifier import (
    CLASSES_FILE,
    ClassifierParams,
    load_classifier,
    probabilities,
)
from adda.common.array_files import read_classes, read_images, read_labels, write_array
from adda.common.outputs import atomic
from adda.common.params import read_params
from adda.common.runner import CHECKPOINTS, run_stage
from adda.engine.checkpoints import Checkpoints, alone_in, run_key
from adda.engine.devices import Device, use_device
from adda.recipes.storage import load_model


def main() -> str:
    params = read_params(
        "params.yaml", adaptation=AdaptationParams, classifier=ClassifierParams, device=Device
    )
    print("device:", use_device(params.device))
    source = read_images("data/processed/images/source_train.npy")
    labels = read_labels("data/processed/labels/source_train.npy", len(source))
    target = read_images("data/processed/images/target_train.npy")
    test = read_images("data/processed/images/target_test.npy")
    model = load_model("data/model")
    # The same network, trained for as long, as those that it is compared with.
    classifier, adaptation = params.classifier.resolved(), params.adaptation
    networks = model.networks.values()
    weights = [variable.numpy() for network in networks for variable in network.variables]
    groups = [classifier.model_dump_json(), adaptation.model_dump_json()]
    progress = CHECKPOINTS / run_key(groups, [source, labels, target, *weights])
    names = read_classes(f"data/source_only/{CLASSES_FILE}")
    source_only = load_classifier("data/source_only")

    def fit(how: AdaptationParams, name: str) -> Adapted:
        checkpoints = Checkpoints(progress / name)
        return adapt(model, source_only, source, labels, target, how, classifier, checkpoints)

    with alone_in(progress):
        adapted = fit(adaptation, "adapted")
        predictions = {"probabilities": probabilities(adapted.classifier, test)}
        if model.authors_share is not None:
            # Beside it, for comparison alone, a classifier as the recipe's authors train it.
            shown = {"translated_share": model.authors_share, "self_training_weight": 0, "move": 0}
            authors = adaptation.model_copy(update=shown)
            theirs = adapted if authors == adaptation else fit(authors, "authors")
            predictions["authors"] = probabilities(theirs.classifier, test)
        valid = read_images("data/processed/images/source_valid.npy")
        valid_labels = read_labels("data/processed/labels/source_valid.npy", len(valid))
        scales = adapted.calibrate(as_trained_on(model, valid, target, adaptation), valid_labels)
        predictions["calibrated"] = adapted.probabilities(test)
        with atomic("data/adapted") as directory:
            save_adapted(directory, adapted, classifier, names)
            for name, array in predictions.items():
                write_array(directory / f"{name}.npy", array)
    views = ("the image", "the image translated back")
    weighed = " and ".join(
        f"{scale:.2f} ({view})" for view, scale in zip(views, scales, strict=False)
    )
    return f"data/adapted: {classifier.steps} steps, weights of its views: {weighed}"


if __name__ == "__main__":
    run_stage(main)
