"""Snapshots that a training left: read here, so that reading them again trains nothing."""

from pathlib import Path

import numpy as np

from adda.common.array_files import read_array
from adda.common.errors import AddaError


def read_snapshots(directory: Path) -> dict[int, np.ndarray]:
    """The translations, uint8 [n, 28, 28, 3], by the number of steps that led to them.

    Raises:
        AddaError: a file is missing or damaged, or one does not fit the other.
    """
    steps, images = (read_array(directory / f"{name}.npy") for name in ("steps", "images"))
    if steps.shape != images.shape[:1]:
        raise AddaError(
            f"{directory}: steps {steps.shape} do not fit images {images.shape}; "
            "delete it and run dvc repro"
        )
    return dict(zip(steps.tolist(), images, strict=True))
