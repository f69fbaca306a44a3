"""Pictures of digits, for people."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np

from adda.common.outputs import whole

matplotlib.use("agg")
from matplotlib import pyplot as plt


def save_grid(
    path: str | Path, rows: dict[str, np.ndarray], titles: Sequence[object] | None = None
) -> None:
    """Write a PNG with one row of images per entry.

    Args:
        rows: the name of each row and its images, uint8 [n, 28, 28, 3]; every row has the same n.
        titles: what to write above each column, if anything.
    """
    columns = max(map(len, rows.values()))
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(0.75 * columns + 1.4, 0.85 * len(rows) + 0.1), squeeze=False
    )
    for row, (name, images) in zip(axes, rows.items(), strict=True):
        for place, image in zip(row, images, strict=True):
            place.imshow(image)
            place.set_xticks([])
            place.set_yticks([])
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for place, title in zip(axes[0], titles if titles is not None else [], strict=False):
        place.set_title(title, fontsize=7, pad=2)
    figure.tight_layout(pad=0.3)
    with whole(path) as partial:
        figure.savefig(partial, format="png", dpi=150)
    plt.close(figure)
