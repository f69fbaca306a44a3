"""Which of the models that a training kept: the one whose translations source-only knows best.

No target label has a part in it. Over 555 moments of the original recipe, this accuracy has a rank
correlation of 0.92 with that of a classifier that knows the target (docs/original.md).
"""

from pathlib import Path

import keras
import numpy as np
import pandas as pd

from adda.engine.sampling import to_float, to_pixels
from adda.inference.batches import run_batches, uint8_function
from adda.inference.translation import sample_styles
from adda.recipes.storage import load_model, load_weights

TRANSLATED = 2000  # images, of which an accuracy of 0.9 is good to 0.013, at 95 %


def compare_models(
    folders: list[Path],
    source_only: keras.Model,
    source: np.ndarray,
    labels: np.ndarray,
    styles: np.ndarray,
) -> pd.DataFrame:
    """The accuracy of the source-only classifier on each model's translations.

    Args:
        folders: of models of one training, each named by its step.
        source: uint8 [n, size, size, 3], of the validation split.
        labels: uint8 [n].
        styles: uint8 [m, size, size, 3].

    Returns:
        A row for each model: `step`, and `source_only_accuracy`, empty for an only model.
    """
    table = pd.DataFrame({"step": [int(folder.name) for folder in folders]})
    if len(folders) == 1:
        return table.assign(source_only_accuracy=None)
    source, labels = source[:TRANSLATED], labels[:TRANSLATED]
    chosen = sample_styles(styles, len(source))
    model = load_model(folders[0])
    # Models differ in their weights alone, so what is traced for one serves for all.
    classify = uint8_function(
        lambda *pair: source_only(to_float(to_pixels(model.translate(*pair)))),
        model.image,
        model.image,
    )

    def accuracy(folder: Path) -> float:
        load_weights(folder, model)
        predicted = run_batches(classify, source, chosen).argmax(axis=1)
        return float((predicted == labels).mean())

    return table.assign(source_only_accuracy=[accuracy(folder) for folder in folders])


def best(table: pd.DataFrame) -> int:
    """The place of the best model; of equals, the one that was trained longest."""
    if len(table) == 1:
        return 0
    return int(table["source_only_accuracy"][::-1].idxmax())
