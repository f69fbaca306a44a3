"""MNIST's four files, recognised by their contents whatever mirror or folder they came from."""

import gzip
import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from adda.common.array_files import check_labels, read_array
from adda.common.errors import AddaError
from adda.datasets.downloads import fetch
from adda.datasets.source import DataParams

MNIST_LICENCE = "MNIST: CC BY-SA 3.0, Yann LeCun and Corinna Cortes."

# Published md5 of the uncompressed files, and the length of the header before the pixels.
FILES = {
    "x_train": ("train-images-idx3-ubyte.gz", "6bbc9ace898e44ae57da46a324031adb", 16),
    "y_train": ("train-labels-idx1-ubyte.gz", "a25bea736e30d166cdddb491f175f624", 8),
    "x_test": ("t10k-images-idx3-ubyte.gz", "2646ac647ad5339dbf082846283269ea", 16),
    "y_test": ("t10k-labels-idx1-ubyte.gz", "27ae3e4e09519cfbb04c329615203637", 8),
}
MAX_BYTES = 2**26  # the largest file holds 47 MB


def load_mnist(params: DataParams, cache: Path) -> dict[str, np.ndarray]:
    """MNIST from data.directory or the mirrors, as `read_mnist` returns it."""
    names = (name for name, _, _ in FILES.values())
    hashes = dict(zip(names, params.mnist.hashes, strict=True))

    def find(name: str) -> Path:
        urls = [base.rstrip("/") + "/" + name for base in params.mnist.urls]
        return fetch(name, urls, hashes[name], params.directory, cache)

    return read_mnist(find)


def read_mnist(find: Callable[[str], Path]) -> dict[str, np.ndarray]:
    """Read MNIST.

    Args:
        find: gives the path of a file by its published name, "train-images-idx3-ubyte.gz".

    Returns:
        The arrays of Keras' mnist.npz: x_train, uint8 [60000, 28, 28], and x_test, uint8
        [10000, 28, 28], 0 to 255; y_train and y_test, uint8, 0 to 9.

    Raises:
        AddaError: a file is unreadable or is not, byte for byte, what was published.
    """
    arrays = {}
    for key, (name, md5, header) in FILES.items():
        path = find(name)
        data = _uncompressed(path)
        if hashlib.md5(data).hexdigest() != md5:
            raise AddaError(
                f"{path} is not MNIST's {name}: the md5 of its contents is not the published "
                f"{md5}; delete it and download it again"
            )
        pixels = np.frombuffer(data, np.uint8, offset=header)
        arrays[key] = pixels.reshape(-1, 28, 28) if header == 16 else pixels
    return arrays


def _uncompressed(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(MAX_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise AddaError(
            f"{path} cannot be read ({error}); delete it and download it again"
        ) from None


def held_out_labels(directory: str | None, published: np.ndarray) -> np.ndarray:
    """labels.npy of the user's folder, if it is there, else MNIST's own test labels."""
    if directory is None or not (path := Path(directory) / "labels.npy").is_file():
        return published
    labels = read_array(path)
    if labels.dtype.kind in "biuf" and np.isin(labels, (0, 1)).all():
        raise AddaError(
            f"{path} holds only zeros and ones: these are domain labels, which the original "
            "project writes under this name; put the digit of each held-out image there, or "
            "remove the file to use MNIST's"
        )
    check_labels(labels, len(published), str(path))
    return labels.astype(np.uint8)
