"""The arrays that stages hand to each other: .npy files with one shape and one dtype each."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adda.common.errors import AddaError, reading
from adda.common.outputs import atomic

SIZE = 28  # pixels along each side of an image, where nothing else is said
SIZES = range(16, 97, 4)  # networks halve an image twice
DIGITS = tuple("0123456789")  # the classes of MNIST
OTHER = "other"  # of target images: any class that the source lacks, labelled one past its last
MOST_CLASSES = 255  # of the source: with "other", as many as 8 bits can tell apart


def read_array(path: str | Path) -> np.ndarray:
    """Read any .npy file but a pickled one; it stays in the file until it is used.

    Raises:
        AddaError: the file is missing or unreadable.
    """
    if not Path(path).exists():
        raise AddaError(f"{path} is missing; run the stage that makes it: dvc repro")
    with reading(path, "delete it and run dvc repro"):
        # Mapping checks that the file holds as much as its header says. "c": changes stay here.
        array = np.load(path, mmap_mode="c", allow_pickle=False)
        if not isinstance(array, np.ndarray):
            raise ValueError("it is an archive of arrays")
        return np.asarray(array)


def read_images(path: str | Path) -> np.ndarray:
    """Read uint8 [n, size, size, 3] images, 0 to 255, of any of `SIZES`.

    Raises:
        AddaError: the file is missing or unreadable, or has another shape or dtype.
    """
    images = read_array(path)
    size = next((size for size in SIZES if images.shape[1:] == (size, size, 3)), SIZE)
    check_images(images, (size, size, 3), str(path), "; run dvc repro to make it again")
    return images


def read_labels(path: str | Path, count: int) -> np.ndarray:
    """Read `count` labels, uint8 [count]: each the place of a class in the list of classes.

    Raises:
        AddaError: the file is missing or unreadable, or has another shape, dtype or range.
    """
    labels = read_array(path)
    check_labels(labels, count, str(path), MOST_CLASSES + 1)
    return labels.astype(np.uint8)


def read_optional_labels(path: str | Path, count: int) -> np.ndarray | None:
    """The same, or None where the file is empty: nobody labelled these images."""
    return read_labels(path, count) if len(read_array(path)) else None


def read_classes(path: str | Path) -> list[str]:
    """Read the names of the classes, in the order of their labels.

    Raises:
        AddaError: the file is missing or damaged.
    """
    with reading(path, "make it again with dvc repro"):
        names = json.loads(Path(path).read_text(encoding="utf-8"))
        if not (isinstance(names, list) and names and all(isinstance(n, str) for n in names)):
            raise ValueError("it is not a list of names")
        return names


def write_classes(path: str | Path, names: Sequence[str]) -> None:
    """Write what `read_classes` reads."""
    with atomic(path) as partial:
        partial.write_text(json.dumps(list(names), ensure_ascii=False) + "\n", encoding="utf-8")


def class_order(name: str) -> tuple[bool, int, str]:
    """The key that sorts names of classes: numbers by value, then names by letter."""
    number = name.isdecimal()
    return not number, int(name) if number else 0, name


def check_images(images: Any, sides: tuple[int, ...], where: str, remedy: str = "") -> None:
    """Raise AddaError unless `images` are uint8 [n, *sides], n > 0; `where` names them."""
    if isinstance(images, np.ndarray):
        if images.dtype == np.uint8 and images.shape[1:] == sides and len(images):
            return
        given = f"{images.dtype} {images.shape}"
    else:
        given = "missing" if images is None else f"a {type(images).__name__}"
    expected = ", ".join(map(str, ("n", *sides)))
    raise AddaError(f"{where} is {given}; it must be uint8 [{expected}], n > 0{remedy}")


def check_labels(labels: Any, count: int, where: str, classes: int = len(DIGITS)) -> None:
    """Raise AddaError unless `labels` are `count` integers in [0, classes); `where` names them."""
    if not isinstance(labels, np.ndarray):
        raise AddaError(f"{where} is missing; it must hold {count} integers")
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise AddaError(
            f"{where} is {labels.dtype} {labels.shape}; it must hold {count} integers, the class "
            "of each image"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise AddaError(f"{where} holds values outside 0 to {classes - 1}; correct it")


def write_array(path: str | Path, array: np.ndarray) -> None:
    """Write a .npy file that is either whole or absent."""
    with atomic(path) as partial, partial.open("wb") as file:
        np.save(file, array)
