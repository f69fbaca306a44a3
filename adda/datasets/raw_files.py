"""data/raw as *download* leaves it, whatever the data source.

source/ and target/ hold the arrays of either domain, and classes.json the names of the classes,
whose places are the labels.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from adda.common.array_files import (
    DIGITS,
    SIZE,
    check_images,
    check_labels,
    read_array,
    read_classes,
    write_array,
    write_classes,
)

CLASSES_FILE = "classes.json"
PARTS = ("train", "test")


class Raw(NamedTuple):
    """Both domains.

    source: train and test, uint8 [n, size, size] or, in colour, [n, size, size, 3]; train_labels
        and test_labels, uint8 [n].
    target: train and test, uint8 [n, size, size, 3]; the labels, where somebody labelled them.
    classes: their names.
    """

    source: dict[str, np.ndarray]
    target: dict[str, np.ndarray]
    classes: Sequence[str] = DIGITS


def write_raw(directory: Path, raw: Raw) -> None:
    """Write both domains into a new directory."""
    for domain, arrays in (("source", raw.source), ("target", raw.target)):
        for name, array in arrays.items():
            write_array(directory / domain / f"{name}.npy", array)
    write_classes(directory / CLASSES_FILE, raw.classes)


def read_raw(directory: Path, size: int = SIZE, colour: bool = False) -> Raw:
    """Read what `write_raw` wrote, and check it.

    Args:
        size: pixels along each side of an image.
        colour: whether the source is in colour, too.

    Raises:
        AddaError: a file is missing, unreadable, or holds other arrays than its layout says.
    """
    classes = read_classes(directory / CLASSES_FILE)
    # A target may show what the source lacks, all of it labelled one past the classes.
    source = _read_domain(directory / "source", (size, size, 3)[: 2 + colour], len(classes))
    target = _read_domain(directory / "target", (size, size, 3), len(classes) + 1)
    return Raw(source, target, classes)


def _read_domain(folder: Path, shape: tuple[int, ...], classes: int) -> dict[str, np.ndarray]:
    arrays = {}
    for part in PARTS:
        arrays[part] = read_array(folder / f"{part}.npy")
        check_images(arrays[part], shape, str(folder / f"{part}.npy"))
        labels = folder / f"{part}_labels.npy"
        if labels.exists() or folder.name == "source":
            arrays[f"{part}_labels"] = read_array(labels)
            check_labels(arrays[f"{part}_labels"], len(arrays[part]), str(labels), classes)
    return arrays
