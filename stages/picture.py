"""Draw what the networks learned: translations, styles, contents, and how they came about."""

from pathlib import Path

import numpy as np

from adda.common.array_files import read_array, read_images, read_labels
from adda.common.params import read_params
from adda.common.runner import run_stage
from adda.engine.devices import use_device
from adda.evaluation.pictures import save_grid
from adda.inference.translation import contents, reconstruct, styles, translate
from adda.recipes.split import SplitCode
from adda.recipes.storage import load_model
from adda.training.snapshots import load_progress

BETWEEN = 5  # digits that go from one style to the next


def main() -> str:
    print("device:", use_device(read_params("params.yaml").train.device))
    model = load_model("data/model")
    style = read_images("data/translated/styles.npy")
    styled = read_array("data/translated/styled.npy")
    columns = len(style)
    source = read_images("data/processed/images/source_test.npy")
    target = read_images("data/processed/images/target_test.npy")[-columns:]
    translated = read_images("data/translated/images.npy")
    digits = read_labels("data/translated/labels.npy", len(translated))

    split = isinstance(model, SplitCode)
    apart = {"content": contents(model, target), "style": styles(model, target)} if split else {}
    taken_apart = {"target": target, **apart, "reconstructed": reconstruct(model, target)}
    save_grid(
        "metrics/translated.png",
        {"source": source[:columns], "translated": translated[:columns], "target": target},
        titles=digits[:columns],
    )
    save_grid("metrics/contents.png", taken_apart)

    drawn, one_of_each = np.unique(digits[: len(styled)], return_index=True)
    rows = {f"digit {digit}": styled[at] for digit, at in zip(drawn, one_of_each, strict=True)}
    save_grid("metrics/styles.png", {"style of": style, **rows})

    grounds = styles(model, style).astype(np.float32)
    share = np.linspace(0, 1, columns, dtype=np.float32)[:, None, None, None]
    few = one_of_each[:BETWEEN]
    mixed = [(1 - share) * grounds[row] + share * grounds[row + 1] for row in range(len(few))]
    between = translate(
        model,
        source[few].repeat(columns, axis=0),
        np.concatenate(mixed).round().astype(np.uint8),
    )
    save_grid(
        "metrics/interpolation.png", dict(zip(rows, np.split(between, len(few)), strict=False))
    )

    progress = load_progress(Path("data/model/progress"))
    save_grid("metrics/training.png", {f"step {step}": row for step, row in progress.items()})
    return "metrics/*.png: translated, contents, styles, interpolation, training"


if __name__ == "__main__":
    run_stage(main)
