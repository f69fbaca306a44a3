"""What the networks learned, as rows for `save_grid`: uint8 [n, size, size, 3] by title."""

import numpy as np

from adda.inference.capabilities import GivesMask, Reconstructs, TranslatesBack, Writes
from adda.inference.translation import masks, reconstruct, render, styles, translate_back, written
from adda.recipes.recipe import Recipe

BETWEEN = 5  # digits that go from one style to the next

Rows = dict[str, np.ndarray]


def translations(
    model: Recipe, source: np.ndarray, style: np.ndarray, translated: np.ndarray
) -> Rows:
    """Source images on their way to translations in styles of target images, one each."""
    rows = {"source": source}
    if isinstance(model, Writes):
        rows["written"] = written(model, source, style)
    return rows | {"translated": translated}


def parts(model: Recipe, target: np.ndarray) -> Rows:
    """Target images taken apart, and put together again, as far as the recipe can."""
    rows = {"target": target}
    if isinstance(model, TranslatesBack):
        rows["translated back"] = translate_back(model, target)
    if isinstance(model, GivesMask):
        rows["mask"] = masks(model, target)
        rows["background"] = styles(model, target)[..., :3]
    if isinstance(model, Reconstructs):
        rows["reconstructed"] = reconstruct(model, target)
    return rows


def interpolated(model: Recipe, source: np.ndarray, style: np.ndarray, names: list[str]) -> Rows:
    """Source images on the way from one style to the next, a row each.

    Args:
        source: of different classes.
        style: target images; as many columns.
        names: of the rows.
    """
    source, columns = source[:BETWEEN], len(style)
    ends = styles(model, style).astype(np.float32)
    share = np.linspace(0, 1, columns, dtype=np.float32)[:, None, None, None]
    mixed = [(1 - share) * ends[row] + share * ends[row + 1] for row in range(len(source))]
    rendered = render(
        model, source.repeat(columns, axis=0), np.concatenate(mixed).round().astype(np.uint8)
    )
    return dict(zip(names, np.split(rendered, len(source)), strict=False))
