"""Where the images come from; every source ends in the same arrays."""

from pathlib import Path

import numpy as np

from adda.common.array_files import check_labels, read_array
from adda.common.errors import AddaError
from adda.common.params import DataParams
from adda.datasets.bsds500 import read_photographs
from adda.datasets.downloads import fetch
from adda.datasets.folders import read_domain
from adda.datasets.mnist import FILES, read_mnist
from adda.datasets.mnistm import make_mnistm
from adda.datasets.mnistm_pickle import published_images
from adda.datasets.packaged import packaged_digits, packaged_photographs
from adda.datasets.raw_files import Raw
from adda.datasets.safe_pickle import load_arrays

PICKLES = ("mnistm_data.pkl", "mnistm_data.pkl.gz", "keras_mnistm.pkl", "keras_mnistm.pkl.gz")


def load_source(params: DataParams, cache: Path) -> Raw:
    """Load or make both domains.

    Args:
        cache: a folder for downloads, kept between runs.

    Raises:
        AddaError: a file cannot be had, or is not what it should be.
    """
    if params.source == "packaged":
        mnist = packaged_digits(params.seed)
        mnistm = _make_both(mnist, packaged_photographs(), params.seed)
        return Raw(mnist, _label(mnistm, mnist), mnist["y_test"])
    if params.source == "folders":
        return _read_folders(params)

    names = (name for name, _, _ in FILES.values())
    hashes = dict(zip(names, params.mnist.hashes, strict=True))

    def find(name: str) -> Path:
        urls = [base.rstrip("/") + "/" + name for base in params.mnist.urls]
        return fetch(name, urls, hashes[name], params.directory, cache)

    mnist = read_mnist(find)
    if params.source == "build":
        archive = params.photographs
        path = fetch(archive.file, archive.urls, archive.hash, params.directory, cache)
        mnistm = _make_both(mnist, read_photographs(path, archive.splits), params.seed)
    else:
        path = _find_pickle(params, cache)
        mnistm = published_images(load_arrays(path), mnist, str(path))
    return Raw(mnist, _label(mnistm, mnist), _held_out_labels(params, mnist["y_test"]))


def _read_folders(params: DataParams) -> Raw:
    if params.directory is None:
        raise AddaError("data.source is folders, but data.directory names none; set it")
    source = read_domain(Path(params.directory), "source", "L")
    target = read_domain(Path(params.directory), "target", "RGB")
    images = {part: target[f"x_{part}"] for part in ("train", "test")}
    return Raw(source, _label(images, target), source["y_test"])


def _label(target: dict[str, np.ndarray], labelled: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The target with the labels of images in the same order: MNIST's, for MNIST-M."""
    return target | {f"{part}_labels": labelled[f"y_{part}"] for part in ("train", "test")}


def _make_both(
    mnist: dict[str, np.ndarray], photographs: list[np.ndarray], seed: int
) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {part: make_mnistm(mnist[f"x_{part}"], photographs, rng) for part in ("train", "test")}


def _find_pickle(params: DataParams, cache: Path) -> Path:
    if params.directory is not None:
        for name in PICKLES:
            if (Path(params.directory) / name).is_file():
                return Path(params.directory) / name
    return fetch(params.mnistm.file, params.mnistm.urls, params.mnistm.hash, None, cache)


def _held_out_labels(params: DataParams, published: np.ndarray) -> np.ndarray:
    """labels.npy of the user's folder, if it is there, else MNIST's own test labels."""
    if params.directory is None or not (path := Path(params.directory) / "labels.npy").is_file():
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
