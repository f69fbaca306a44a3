"""The arrays that stages hand to each other: .npy files with one shape and one dtype each."""

from pathlib import Path
from typing import Any

import numpy as np

from adda.common.errors import AddaError, reading
from adda.common.outputs import whole


def read_array(path: str | Path) -> np.ndarray:
    """Read any .npy file but a pickled one.

    Raises:
        AddaError: the file is missing or unreadable.
    """
    if not Path(path).exists():
        raise AddaError(f"{path} is missing; run the stage that makes it: dvc repro")
    with reading(path, "delete it and run dvc repro"):
        # Mapping checks that the file holds as much as its header says, before memory is asked for.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray):
            raise ValueError("it is an archive of arrays")
        return np.array(array)


def read_images(path: str | Path) -> np.ndarray:
    """Read uint8 [n, 28, 28, 3] images, 0 to 255.

    Raises:
        AddaError: the file is missing or unreadable, or has another shape or dtype.
    """
    images = read_array(path)
    check_images(images, (28, 28, 3), str(path), "; run dvc repro to make it again")
    return images


def read_labels(path: str | Path, count: int) -> np.ndarray:
    """Read `count` digit labels, uint8 [count], 0 to 9.

    Raises:
        AddaError: the file is missing or unreadable, or has another shape, dtype or range.
    """
    labels = read_array(path)
    check_labels(labels, count, str(path))
    return labels.astype(np.uint8)


def check_images(images: Any, sides: tuple[int, ...], where: str, remedy: str = "") -> None:
    """Raise AddaError unless `images` are uint8 [n, *sides], n > 0; `where` names them."""
    if isinstance(images, np.ndarray):
        if images.dtype == np.uint8 and images.shape[1:] == sides and len(images):
            return
        found = f"{images.dtype} {images.shape}"
    else:
        found = "missing" if images is None else f"a {type(images).__name__}"
    expected = ", ".join(map(str, ("n", *sides)))
    raise AddaError(f"{where} is {found}; it must be uint8 [{expected}], n > 0{remedy}")


def check_labels(labels: Any, count: int, where: str) -> None:
    """Raise AddaError unless `labels` are `count` integers from 0 to 9; `where` names them."""
    if not isinstance(labels, np.ndarray):
        raise AddaError(f"{where} is missing; it must hold {count} integers")
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise AddaError(
            f"{where} is {labels.dtype} {labels.shape}; it must hold {count} integers, "
            "the digit of each image"
        )
    if labels.min() < 0 or labels.max() > 9:
        raise AddaError(f"{where} holds values outside 0 to 9; it must hold digits")


def write_array(path: str | Path, array: np.ndarray) -> None:
    """Write a .npy file that is either whole or absent."""
    with whole(path) as partial, partial.open("wb") as file:
        np.save(file, array)
