"""The data source "pickle": MNIST-M as others published it, without labels, in MNIST's order."""

from pathlib import Path

import numpy as np
import pooch

from adda.common.array_files import check_images
from adda.common.errors import AddaError
from adda.datasets.build import BSDS500_LICENCE
from adda.datasets.downloads import Downloads, fetch
from adda.datasets.mnist import MNIST_LICENCE, load_mnist
from adda.datasets.mnistm_blend import blend
from adda.datasets.raw_files import Raw
from adda.datasets.safe_pickle import load_arrays
from adda.datasets.source import DataParams, Source

PICKLES = ("mnistm_data.pkl", "mnistm_data.pkl.gz", "keras_mnistm.pkl", "keras_mnistm.pkl.gz")
SAMPLE = 2000  # images, evenly spaced, on which the order is proved
DECOYS = 4  # other digits that each image is tried with
REQUIRED = 0.9  # share of the sample that its own digit must explain best; by chance: 1/5


def published_images(
    parts: dict[str, np.ndarray], mnist: dict[str, np.ndarray], where: str
) -> dict[str, np.ndarray]:
    """Bring a published pickle into the layout train and test, in MNIST's order, and prove it.

    Two layouts are known: train and test of 60,000 and 10,000 images; and train, valid and test
    of 55,000, 5,000 and 10,000, in the order of TensorFlow's old tutorial reader, whose valid set
    was the first 5,000 images of MNIST's training file and whose train set was the rest.

    Args:
        parts: what `load_arrays` returned.
        mnist: as `read_mnist` returns it.
        where: names the pickle in errors.

    Returns:
        train and test, uint8 [n, 28, 28, 3].

    Raises:
        AddaError: another layout, or images that are not in MNIST's order.
    """
    for name in ("train", "valid", "test"):
        if name not in parts and name == "valid":
            continue
        check_images(parts.get(name), (28, 28, 3), f"{where}: {name}")
    train = parts["train"]
    if "valid" in parts:
        train = np.concatenate([parts["valid"], train])
    images = {"train": train, "test": parts["test"]}
    for name, part in images.items():
        count = len(mnist[name])
        if len(part) != count:
            raise AddaError(
                f"{where}: {name} has {len(part):,} images (valid included) and MNIST {count:,}; "
                "use the published pickle"
            )
        check_order(mnist[name], part, f"{where}: {name}")
    return images


def check_order(digits: np.ndarray, images: np.ndarray, where: str) -> None:
    """Prove on the pixels that image i was blended with digit i.

    Blending with the same digit again undoes the blend and leaves a photograph, which is smooth;
    with another digit it leaves the outlines of both. So on a sample each image's own digit must
    leave a smoother picture than the decoys, digits from elsewhere in the set.

    Args:
        digits: uint8 [n, 28, 28].
        images: uint8 [n, 28, 28, 3].

    Raises:
        AddaError: too few images are explained by their own digit.
    """
    sample = np.linspace(0, len(images) - 1, min(SAMPLE, len(images))).astype(int)
    with_own_digit = _roughness(blend(digits[sample], images[sample]))
    others = [
        _roughness(blend(digits[np.roll(sample, shift)], images[sample]))
        for shift in range(1, DECOYS + 1)
    ]
    explained = (with_own_digit < np.min(others, axis=0)).mean()
    if explained < REQUIRED:
        raise AddaError(
            f"{where} is not in MNIST's order, or was not blended from digits cut at zero: only "
            f"{explained:.0%} of a sample of its images show their own digit, so its labels are "
            "unknown; use a pickle in the published order"
        )


def _roughness(images: np.ndarray) -> np.ndarray:
    """Mean absolute difference between neighbouring pixels of each image, [n]."""
    images = images.astype(np.int16)
    down, right = np.diff(images, axis=1), np.diff(images, axis=2)
    return np.abs(down).mean(axis=(1, 2, 3)) + np.abs(right).mean(axis=(1, 2, 3))


def load(params: DataParams, downloads: Downloads) -> Raw:
    """MNIST, and the pickle of data.directory or the one that data/downloads.yaml names."""
    mnist = load_mnist(params, downloads)
    path = _find_pickle(params, downloads)
    target = mnist | published_images(load_arrays(path), mnist, str(path))
    return Raw(mnist, target)


def _find_pickle(params: DataParams, downloads: Downloads) -> Path:
    file = downloads.mnistm
    for name in (file.file, *PICKLES) if params.directory is not None else ():
        path = Path(params.directory) / name
        if not path.is_file():
            continue
        if name == file.file and file.hash:
            algorithm, _, digest = file.hash.partition(":")
            if pooch.file_hash(str(path), algorithm) != digest:
                raise AddaError(
                    f"{path} has another {algorithm} than data/downloads.yaml says; "
                    "correct one of them"
                )
        return path
    return fetch(file.file, file.urls, file.hash, params.directory, downloads.cache)


PICKLE = Source(
    load,
    ("MNIST", "MNIST-M"),
    "MNIST, checked against its published md5, and a published pickle of MNIST-M.",
    f"{MNIST_LICENCE} Photographs under MNIST-M: {BSDS500_LICENCE}",
    comparable=True,
)
