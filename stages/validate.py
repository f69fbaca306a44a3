"""Say how good the adapted classifier is, without a target label: every validator there is."""

from adda.classification.adapted import load_adapted
from adda.classification.classifier import features, load_classifier, probabilities
from adda.common.array_files import read_images, read_labels
from adda.common.errors import warn
from adda.common.outputs import write_json
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import Device, use_device
from adda.evaluation.validators import Validation, doubt, validate
from adda.inference.translation import sample_styles, translate, translate_back
from adda.recipes.recipe import TranslatesBack
from adda.recipes.storage import load_model


def main() -> str:
    params = read_params("params.yaml", device=Device)
    print("device:", use_device(params.device))
    target = read_images("data/processed/images/target_valid.npy")
    source = read_images("data/processed/images/source_valid.npy")
    model = load_model("data/model")
    adapted = load_adapted("data/adapted").classifier
    source_only = load_classifier("data/source_only")
    translated = translate(model, source, sample_styles(target, len(source), seed=0))
    back = translate_back(model, target) if isinstance(model, TranslatesBack) else None
    found = validate(
        Validation(
            adapted=probabilities(adapted, target),
            features=features(adapted, target),
            source_only=probabilities(source_only, target),
            back=None if back is None else probabilities(source_only, back),
            translated=probabilities(adapted, translated),
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
