"""data/raw as *download* leaves it, whatever the source.

mnist/ holds the source domain, mnistm_data.pkl the target, labels.npy the classes of the held-out
source images, and classes.json the names of the classes, whose places are the labels. The names of
the files are those of the pair of domains that this project is about.
Nothing is zipped: a zip archive of the same arrays differs between patch releases of Python.
"""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from adda.common.array_files import (
    DIGITS,
    check_images,
    check_labels,
    read_array,
    read_classes,
    read_labels,
    write_array,
    write_classes,
)
from adda.common.errors import AddaError
from adda.datasets.safe_pickle import load_arrays

MNIST_NAME = "mnist"
MNISTM_NAME = "mnistm_data.pkl"
LABELS_NAME = "labels.npy"
CLASSES_NAME = "classes.json"
MNIST_ARRAYS = ("x_train", "y_train", "x_test", "y_test")


class Raw(NamedTuple):
    """Both domains.

    mnist: Keras' layout: x_train and x_test, uint8 [n, 28, 28]; y_train and y_test, uint8 [n].
    mnistm: the published layout: train and test, uint8 [n, 28, 28, 3]; and, since it has none,
        labels: train_labels and test_labels, uint8 [n], where somebody labelled them.
    held_out_labels: uint8, the class of each image of x_test.
    classes: their names.
    """

    mnist: dict[str, np.ndarray]
    mnistm: dict[str, np.ndarray]
    held_out_labels: np.ndarray
    classes: Sequence[str] = DIGITS


def write_raw(directory: Path, raw: Raw) -> None:
    """Write both domains into a new directory."""
    directory.mkdir()
    for name, array in raw.mnist.items():
        write_array(directory / MNIST_NAME / f"{name}.npy", array)
    with (directory / MNISTM_NAME).open("wb") as file:
        pickle.dump(raw.mnistm, file, protocol=4)
    write_array(directory / LABELS_NAME, raw.held_out_labels)
    write_classes(directory / CLASSES_NAME, raw.classes)


def read_raw(directory: Path) -> Raw:
    """Read what `write_raw` wrote, and check it.

    Raises:
        AddaError: a file is missing, unreadable, or holds other arrays than its layout says.
    """
    classes = read_classes(directory / CLASSES_NAME)
    mnist = {name: read_array(directory / MNIST_NAME / f"{name}.npy") for name in MNIST_ARRAYS}
    mnistm = load_arrays(directory / MNISTM_NAME)
    if not isinstance(mnistm, dict):
        raise AddaError(
            f"{directory / MNISTM_NAME} does not hold a dictionary; run dvc repro -f download"
        )
    for part in ("train", "test"):
        for domain, images, labels, shape in (
            (MNIST_NAME, mnist[f"x_{part}"], mnist[f"y_{part}"], (28, 28)),
            (MNISTM_NAME, mnistm.get(part), mnistm.get(f"{part}_labels"), (28, 28, 3)),
        ):
            name = f"{directory / domain}: {part}"
            check_images(images, shape, name)
            if labels is not None or domain == MNIST_NAME:
                # A target may show what the source lacks, all of it labelled one past the classes.
                known = len(classes) + (domain == MNISTM_NAME)
                check_labels(labels, len(images), f"{name}: labels", known)
    held_out_labels = read_labels(directory / LABELS_NAME, len(mnist["x_test"]))
    return Raw(mnist, mnistm, held_out_labels, classes)
