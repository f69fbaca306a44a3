"""Pictures of digits, for people."""

from pathlib import Path

import matplotlib
import numpy as np

from adda.files import whole

matplotlib.use("agg")
from matplotlib import pyplot as plt


def save_grid(path: str | Path, rows: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Draw a PNG with one row of images per entry.

    Args:
        rows: the name of each row, its images, uint8 [n, 28, 28, 3], and their labels, [n],
            written above each image. Every row has the same n.
    """
    columns = max(len(images) for images, _ in rows.values())
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(0.75 * columns + 1.4, 0.95 * len(rows)), squeeze=False
    )
    for row, (name, (images, labels)) in zip(axes, rows.items(), strict=True):
        for place, image, label in zip(row, images, labels, strict=True):
            place.imshow(image)
            place.set_title(label, fontsize=7, pad=2)
            place.set_xticks([])
            place.set_yticks([])
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    figure.tight_layout(pad=0.3)
    with whole(path) as partial:
        figure.savefig(partial, format="png", dpi=150)
    plt.close(figure)
