"""Train a classifier for target images on translated source digits, with the source's labels."""

from adda.classification.adaptation import (
    AdaptParams,
    confident,
    ensemble,
    in_halves,
    sample_translations,
)
from adda.classification.classifier import (
    ClassifierParams,
    fit_classifier,
    load_classifier,
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
from adda.inference.translation import styles
from adda.recipes.recipe import TranslatesBack
from adda.recipes.storage import load_model


def main() -> str:
    params = read_params(
        "params.yaml", adapt=AdaptParams, classifier=ClassifierParams, device=Device
    )
    print("device:", use_device(params.device))
    source = read_images("data/processed/images/source_train.npy")
    labels = read_labels("data/processed/labels/source_train.npy", len(source))
    target = read_images("data/processed/images/target_train.npy")
    test = read_images("data/processed/images/target_test.npy")
    model = load_model("data/model")
    # The same classifier, trained for as long, as those that it is compared with.
    classifier, adapt = params.classifier, params.adapt
    weights = [each.numpy() for network in model.networks.values() for each in network.variables]
    groups = [classifier.model_dump_json(), adapt.model_dump_json()]
    kept = CHECKPOINTS / run_key(groups, [source, labels, target, *weights])
    translations = model, source, labels, styles(model, target)
    sample = sample_translations(*translations, classifier.batch_size, classifier.seed)
    adapted = fit_classifier(sample, classifier, "adapted", Checkpoints(kept / "adapted"))
    arrays = {"probabilities": probabilities(adapted, test)}
    if isinstance(model, TranslatesBack):
        source_only = load_classifier("data/source_only")
        arrays["ensemble"] = ensemble(arrays["probabilities"], source_only, model, test)
    if adapt.self_training:
        likely = probabilities(adapted, target)
        sure, read = confident(likely, target, adapt.confidence)
        half = classifier.batch_size // 2
        sample = in_halves(
            sample_translations(*translations, half, classifier.seed),
            sample_labelled(sure, read, classifier.batch_size - half, classifier.seed + 1),
        )
        checkpoints = Checkpoints(kept / "self-trained")
        self_trained = fit_classifier(sample, classifier, "self-trained", checkpoints)
        arrays["self_trained"] = probabilities(self_trained, test)
        arrays["confident"] = likely.max(axis=1) >= adapt.confidence
    with whole("data/adapted") as directory:
        save_classifier(directory, adapted, classifier.width)
        for name, array in arrays.items():
            write_array(directory / f"{name}.npy", array)
    remove(kept)
    return f"data/adapted: {classifier.steps} steps"


if __name__ == "__main__":
    run_stage(main)
