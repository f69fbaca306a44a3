"""The data sources "mnist-usps" and "usps-mnist": scanned digits from envelopes (Hull 1994).

USPS is grey, 16 x 16, its digits as large as the image; scaled to 28 x 28, as other work on domain
adaptation has it. Of a USPS source what is darker than half is ink, of an MNIST source whatever is
above zero, as for MNIST-M; a target stays grey.
"""

import hashlib
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from adda.common.array_files import SIZE, check_labels
from adda.common.errors import AddaError, reading
from adda.datasets.downloads import Downloads, fetch
from adda.datasets.gzipped import read_gzipped
from adda.datasets.mnist import MNIST_LICENCE, load_mnist
from adda.datasets.raw_files import Raw
from adda.datasets.source import DataParams, Source
from adda.datasets.splits import in_colour

SIDE = 16  # pixels
COUNTS = {"train": 7291, "test": 2007}
HDF5, HDF5_MD5 = "usps.h5", "355df6b942eb766252e0340bc019b0b9"
MAX_BYTES = 2**26  # of a text file; the larger holds 15 MB
LICENCE = "USPS: published for research by AT&T (Le Cun et al. 1990; Hastie et al., ESL)."


def load_usps(params: DataParams, downloads: Downloads) -> dict[str, np.ndarray]:
    """USPS from usps.h5 of data.directory, or from zip.train.gz and zip.test.gz.

    Returns:
        train, uint8 [7291, 28, 28], and test, uint8 [2007, 28, 28], 0 (paper) to 255; train_labels
        and test_labels, uint8, 0 to 9.

    Raises:
        AddaError: a file cannot be obtained, or is not USPS's.
    """
    given = Path(params.directory) / HDF5 if params.directory else None
    arrays = {}
    for part, count in COUNTS.items():
        if given and given.is_file():
            path, (values, labels) = given, _read_hdf5(given, part)
        else:
            name = f"zip.{part}.gz"
            urls = [base.rstrip("/") + "/" + name for base in downloads.usps.urls]
            path = fetch(name, urls, None, params.directory, downloads.cache)
            values, labels = _read_text(path)
        if values.shape != (count, SIDE * SIDE) or not (values.min() == 0 and values.max() == 1):
            raise AddaError(
                f"{path} is not USPS: {part} is {values.shape}, {values.min():g} to "
                f"{values.max():g}; it must be {(count, SIDE * SIDE)}, 0 to 1"
            )
        check_labels(labels, count, f"{path}: {part}")
        arrays |= {part: _scale(values), f"{part}_labels": labels.astype(np.uint8)}
    return arrays


def _read_hdf5(path: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Values [n, 256] in [0, 1], and labels [n]."""
    if hashlib.md5(path.read_bytes()).hexdigest() != HDF5_MD5:
        raise AddaError(f"{path} is not USPS: its md5 is not {HDF5_MD5}; copy it again")
    with reading(path), h5py.File(path) as file:
        return file[part]["data"][:], file[part]["target"][:]


def _read_text(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The same from lines of a label and 256 values in [-1, 1]."""
    lines = read_gzipped(path, MAX_BYTES).splitlines()
    with reading(path, "delete it and download it again"):
        rows = np.array([line.split() for line in lines], np.float64)
        return (rows[:, 1:] + 1) / 2, rows[:, 0].astype(int)


def _scale(values: np.ndarray) -> np.ndarray:
    """[n, 256] in [0, 1] to uint8 [n, 28, 28]."""
    small = (255 * values).round().astype(np.uint8).reshape(-1, SIDE, SIDE)
    bilinear = Image.Resampling.BILINEAR
    return np.stack([Image.fromarray(digit).resize((SIZE, SIZE), bilinear) for digit in small])


def _mnist_usps(params: DataParams, downloads: Downloads) -> Raw:
    mnist, usps = load_mnist(params, downloads), load_usps(params, downloads)
    return Raw(mnist, _coloured(usps))


def _usps_mnist(params: DataParams, downloads: Downloads) -> Raw:
    usps, mnist = load_usps(params, downloads), load_mnist(params, downloads)
    cut = {part: np.where(usps[part] > 127, usps[part], np.uint8(0)) for part in COUNTS}
    return Raw(usps | cut, _coloured(mnist))


def _coloured(target: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return target | {part: in_colour(target[part]) for part in COUNTS}


MNIST_USPS = Source(
    _mnist_usps,
    ("MNIST", "USPS"),
    "MNIST, checked against its published md5, and USPS, scaled to 28 x 28.",
    f"{MNIST_LICENCE} {LICENCE}",
    comparable=False,
)
USPS_MNIST = Source(
    _usps_mnist,
    ("USPS", "MNIST"),
    "USPS, scaled to 28 x 28, and MNIST, checked against its published md5.",
    f"{MNIST_LICENCE} {LICENCE}",
    comparable=False,
)
