"""Pictures of digits, for people."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rcParams
from matplotlib.figure import Figure

from adda.common.outputs import atomic

rcParams["text.parse_math"] = False  # a class may have dollar signs in its name

GAP = 2  # pixels between images


def save_grid(
    path: str | Path, rows: dict[str, np.ndarray], titles: Sequence[object] | None = None
) -> None:
    """Write a PNG with one row of images per entry.

    Args:
        rows: the name of each row and its images, uint8 [n, size, size, 3], the same n in each.
        titles: what to write above each column, if anything.
    """
    stacked = np.stack(list(rows.values()))  # [rows, columns, height, width, 3]
    count, columns, height, width, _ = stacked.shape
    # One image in all: matplotlib takes longer for a hundred small axes than networks for a stage.
    spaced = np.pad(stacked, [(0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)], constant_values=255)
    sheet = spaced.swapaxes(1, 2).reshape(count * (height + GAP), columns * (width + GAP), 3)
    figure = Figure(figsize=(0.75 * columns + 1.4, 0.75 * count + 0.3))
    place = figure.subplots()
    place.imshow(sheet[:-GAP, :-GAP])
    place.set_yticks(np.arange(count) * (height + GAP) + height / 2, list(rows), fontsize=9)
    place.set_xticks([])
    if titles is not None:
        at = np.arange(len(titles)) * (width + GAP) + width / 2
        place.set_xticks(at, list(titles), fontsize=7)
        place.xaxis.tick_top()
    place.tick_params(length=0)
    place.spines[:].set_visible(False)
    with atomic(path) as partial:
        # "tight" makes room for names of any length.
        figure.savefig(partial, format="png", dpi=150, bbox_inches="tight", pad_inches=0.05)
