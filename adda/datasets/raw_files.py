"""data/raw as *download* leaves it, whatever the source.

mnist/ holds the source domain, mnistm_data.pkl the target, and labels.npy the digits of the
held-out source images. The names are those of the pair of domains that this project is about.
Nothing is zipped: a zip archive of the same arrays differs between patch releases of Python.
"""

import pickle
from pathlib import Path
from typing import NamedTuple

import numpy as np

from adda.common.array_files import check_images, check_labels, read_array, read_labels, write_array
from adda.common.errors import AddaError
from adda.datasets.safe_pickle import load_arrays

MNIST_NAME = "mnist"
MNISTM_NAME = "mnistm_data.pkl"
LABELS_NAME = "labels.npy"
MNIST_ARRAYS = ("x_train", "y_train", "x_test", "y_test")


class Raw(NamedTuple):
    """Both domains.

    mnist: Keras' layout: x_train and x_test, uint8 [n, 28, 28]; y_train and y_test, uint8 [n].
    mnistm: the published layout: train and test, uint8 [n, 28, 28, 3]; and, since it has none,
        labels: train_labels and test_labels, uint8 [n].
    held_out_labels: uint8, the digit of each image of x_test.
    """

    mnist: dict[str, np.ndarray]
    mnistm: dict[str, np.ndarray]
    held_out_labels: np.ndarray


def write_raw(directory: Path, raw: Raw) -> None:
    """Write both domains into a new directory."""
    directory.mkdir()
    for name, array in raw.mnist.items():
        write_array(directory / MNIST_NAME / f"{name}.npy", array)
    with (directory / MNISTM_NAME).open("wb") as file:
        pickle.dump(raw.mnistm, file, protocol=4)
    write_array(directory / LABELS_NAME, raw.held_out_labels)


def read_raw(directory: Path) -> Raw:
    """Read what `write_raw` wrote, and check it.

    Raises:
        AddaError: a file is missing, unreadable, or holds other arrays than its layout says.
    """
    mnist = {name: read_array(directory / MNIST_NAME / f"{name}.npy") for name in MNIST_ARRAYS}
    mnistm = load_arrays(directory / MNISTM_NAME)
    if not isinstance(mnistm, dict):
        raise AddaError(f"{directory / MNISTM_NAME} holds no dictionary of arrays")
    for part in ("train", "test"):
        for domain, images, labels, shape in (
            (MNIST_NAME, mnist[f"x_{part}"], mnist[f"y_{part}"], (28, 28)),
            (MNISTM_NAME, mnistm.get(part), mnistm.get(f"{part}_labels"), (28, 28, 3)),
        ):
            name = f"{directory / domain}: {part}"
            check_images(images, shape, name)
            check_labels(labels, len(images), f"{name}: labels")
    return Raw(mnist, mnistm, read_labels(directory / LABELS_NAME, len(mnist["x_test"])))
