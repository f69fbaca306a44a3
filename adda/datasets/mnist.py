"""MNIST's four files, recognised by their contents whatever mirror or folder they came from."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from adda.common.errors import AddaError
from adda.datasets.downloads import Downloads, fetch
from adda.datasets.gzipped import read_gzipped
from adda.datasets.source import DataParams

MNIST_LICENCE = "MNIST: CC BY-SA 3.0, Yann LeCun and Corinna Cortes."

# Published md5 of the uncompressed files, and the length of the header before the pixels.
FILES = {
    "train": ("train-images-idx3-ubyte.gz", "6bbc9ace898e44ae57da46a324031adb", 16),
    "train_labels": ("train-labels-idx1-ubyte.gz", "a25bea736e30d166cdddb491f175f624", 8),
    "test": ("t10k-images-idx3-ubyte.gz", "2646ac647ad5339dbf082846283269ea", 16),
    "test_labels": ("t10k-labels-idx1-ubyte.gz", "27ae3e4e09519cfbb04c329615203637", 8),
}
MAX_BYTES = 2**26  # the largest file holds 47 MB
PLACES = ("", "MNIST/raw", "raw")  # of the user's folder; torchvision makes the second


def load_mnist(params: DataParams, downloads: Downloads) -> dict[str, np.ndarray]:
    """MNIST from data.directory or the mirrors, as `read_mnist` returns it."""
    names = (name for name, _, _ in FILES.values())
    hashes = dict(zip(names, downloads.mnist.hashes, strict=True))

    folder = Path(params.directory) if params.directory else None

    def find(name: str) -> Path:
        if folder and (path := _find_other_name(folder, name)):
            return path
        urls = [base.rstrip("/") + "/" + name for base in downloads.mnist.urls]
        return fetch(name, urls, hashes[name], params.directory, downloads.cache)

    return read_mnist(find)


def read_mnist(find: Callable[[str], Path]) -> dict[str, np.ndarray]:
    """Read MNIST.

    Args:
        find: gives the path of a file by its published name, "train-images-idx3-ubyte.gz".

    Returns:
        train, uint8 [60000, 28, 28], and test, uint8 [10000, 28, 28], 0 to 255; train_labels and
        test_labels, uint8, 0 to 9.

    Raises:
        AddaError: a file is unreadable or is not, byte for byte, what was published.
    """
    arrays = {}
    for key, (name, md5, header) in FILES.items():
        path = find(name)
        data = read_gzipped(path, MAX_BYTES)
        if hashlib.md5(data).hexdigest() != md5:
            raise AddaError(
                f"{path} is not MNIST's {name}: the md5 of its contents is not the published "
                f"{md5}; delete it and download it again"
            )
        pixels = np.frombuffer(data, np.uint8, offset=header)
        arrays[key] = pixels.reshape(-1, 28, 28) if header == 16 else pixels
    return arrays


def _find_other_name(folder: Path, name: str) -> Path | None:
    """A file under the names that torchvision, 7-Zip and unpacking give it; None: there is none."""
    plain = name.removesuffix(".gz")
    dotted = plain.replace("-idx", ".idx")
    paths = (
        folder / place / (base + ending)
        for place in PLACES
        for base in (plain, dotted)
        for ending in (".gz", "")
    )
    return next((path for path in paths if path.is_file()), None)
