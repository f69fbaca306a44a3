"""Translate the held-out source digits into the target's style."""

import numpy as np

from adda.common.array_files import read_images, read_labels, write_array
from adda.common.outputs import whole
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import Device, use_device
from adda.inference.translation import sample_styles, translate, translate_at_random
from adda.recipes.storage import load_model

SEED = 0  # the same styles in every experiment: two differ by their networks alone
DIGITS, STYLES = 100, 10  # of the set that shows how much style changes


def main() -> str:
    params = read_params("params.yaml", device=Device)
    print("device:", use_device(params.device))
    source = read_images("data/processed/images/source_test.npy")
    labels = read_labels("data/processed/labels.npy", len(source))
    target = read_images("data/processed/images/target_train.npy")
    model = load_model("data/model")
    translated = translate_at_random(model, source, target, SEED)
    styles = sample_styles(target, STYLES, SEED)
    few = source[:DIGITS]
    styled = translate(model, few.repeat(STYLES, axis=0), np.tile(styles, (len(few), 1, 1, 1)))
    with whole("data/translated") as directory:
        write_array(directory / "images.npy", translated)
        write_array(directory / "labels.npy", labels)
        write_array(directory / "styles.npy", styles)
        write_array(directory / "styled.npy", styled.reshape(len(few), STYLES, 28, 28, 3))
    return f"data/translated: {len(translated):,} images"


if __name__ == "__main__":
    run_stage(main)
