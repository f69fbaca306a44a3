"""Say how good the adapted classifier is, without a target label: every validator there is."""

from adda.classification.adapted import load_adapted
from adda.classification.classifier import load_classifier
from adda.common.array_files import read_images, read_labels
from adda.common.errors import warn
from adda.common.outputs import write_json
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import Device, use_device
from adda.evaluation.validation import look
from adda.evaluation.validators import doubt, validate
from adda.recipes.storage import load_model


def main() -> str:
    params = read_params("params.yaml", device=Device)
    print("device:", use_device(params.device))
    source = read_images("data/processed/images/source_valid.npy")
    seen = look(
        load_adapted("data/adapted"),
        load_classifier("data/source_only"),
        load_model("data/model"),
        read_images("data/processed/images/target_valid.npy"),
        source,
        read_labels("data/processed/labels/source_valid.npy", len(source)),
    )
    found = validate(seen)
    write_json("metrics/validation.json", found)
    if reason := doubt(found):
        warn(f"the adapted classifier is not to be trusted: {reason}")
    return "metrics/validation.json: " + ", ".join(
        f"{name} {value:.3f}" for name, value in found.items()
    )


if __name__ == "__main__":
    run_stage(main)
