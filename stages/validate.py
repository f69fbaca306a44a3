"""Say how good the adapted classifier is, without a target label: every validator there is."""

import tensorflow as tf

from adda.classification.adapted import load_adapted
from adda.classification.classifier import features, load_classifier, probabilities
from adda.common.array_files import read_images, read_labels
from adda.common.errors import warn
from adda.common.outputs import write_json
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import Device, use_device
from adda.evaluation.validators import Validation, doubt, validate
from adda.inference.batches import apply
from adda.inference.translation import sample_styles, translate
from adda.recipes.storage import load_model


def main() -> str:
    params = read_params("params.yaml", device=Device)
    print("device:", use_device(params.device))
    target = read_images("data/processed/images/target_valid.npy")
    source = read_images("data/processed/images/source_valid.npy")
    adapted = load_adapted("data/adapted")
    source_only = load_classifier("data/source_only")
    styles = sample_styles(target, len(source), seed=0)
    translated = translate(load_model("data/model"), source, styles)
    views = apply(lambda images: tf.stack(adapted.views(images), axis=1), target)
    found = validate(
        Validation(
            probabilities=adapted.probabilities(target),
            features=features(adapted.classifier, target),
            views=list(views.swapaxes(0, 1)),
            source_only=probabilities(source_only, target),
            translated=adapted.probabilities(translated),
            translated_source_only=probabilities(source_only, translated),
            labels=read_labels("data/processed/labels/source_valid.npy", len(source)),
        )
    )
    write_json("metrics/validation.json", found)
    if reason := doubt(found):
        warn(f"the adapted classifier is not to be trusted: {reason}")
    return "metrics/validation.json: " + ", ".join(
        f"{name} {value:.3f}" for name, value in found.items()
    )


if __name__ == "__main__":
    run_stage(main)
