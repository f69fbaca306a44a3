"""Show what the networks learned: translations, styles, masks, and how they came about."""

from pathlib import Path

import numpy as np

from adda.common.array_files import read_array, read_classes, read_images, read_labels
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import Device, use_device
from adda.evaluation.pictures import save_grid
from adda.evaluation.snapshots import read_snapshots
from adda.inference.translation import reconstruct, render, styles, translate_back
from adda.recipes.recipe import GivesMask, Reconstructs, TranslatesBack
from adda.recipes.storage import load_model

BETWEEN = 5  # digits that go from one style to the next


def main() -> str:
    params = read_params("params.yaml", device=Device)
    print("device:", use_device(params.device))
    model = load_model("data/model")
    names = read_classes("data/processed/classes.json")
    style = read_images("data/translated/styles.npy")
    styled = read_array("data/translated/styled.npy")
    columns = len(style)
    source = read_images("data/processed/images/source_test.npy")
    target = read_images("data/processed/images/target_test.npy")[-columns:]
    translated = read_images("data/translated/images.npy")
    labels = read_labels("data/translated/labels.npy", len(translated))
    save_grid(
        "metrics/translated.png",
        {"source": source[:columns], "translated": translated[:columns], "target": target},
        titles=[names[label] for label in labels[:columns]],
    )

    parts = {"target": target}
    if isinstance(model, TranslatesBack):
        parts["translated back"] = translate_back(model, target)
    if isinstance(model, GivesMask):
        parts["background"] = styles(model, target)
    if isinstance(model, Reconstructs):
        parts["reconstructed"] = reconstruct(model, target)
    save_grid("metrics/masks.png", parts)

    shown, one_of_each = np.unique(labels[: len(styled)], return_index=True)
    rows = {names[label]: styled[at] for label, at in zip(shown, one_of_each, strict=True)}
    save_grid("metrics/styles.png", {"style of": style, **rows})

    found = styles(model, style).astype(np.float32)
    share = np.linspace(0, 1, columns, dtype=np.float32)[:, None, None, None]
    few = one_of_each[:BETWEEN]
    mixed = [(1 - share) * found[row] + share * found[row + 1] for row in range(len(few))]
    between = render(
        model,
        source[few].repeat(columns, axis=0),
        np.concatenate(mixed).round().astype(np.uint8),
    )
    save_grid(
        "metrics/interpolation.png", dict(zip(rows, np.split(between, len(few)), strict=False))
    )

    snapshots = read_snapshots(Path("data/model/snapshots"))
    save_grid("metrics/training.png", {f"step {step}": row for step, row in snapshots.items()})
    return "metrics/*.png: translated, masks, styles, interpolation, training"


if __name__ == "__main__":
    run_stage(main)
