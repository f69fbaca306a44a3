"""The data source "pictures": MNIST, and MNIST-M as picture files with their labels."""

from pathlib import Path

import numpy as np

from adda.common.array_files import DIGITS
from adda.common.errors import AddaError
from adda.datasets.build import BSDS500_LICENCE
from adda.datasets.downloads import Downloads
from adda.datasets.mnist import MNIST_LICENCE, load_mnist
from adda.datasets.picture_formats import find_labelled, read_square
from adda.datasets.raw_files import Raw
from adda.datasets.source import DataParams, Source

NAMES = {"train": ("train", "training"), "test": ("test", "testing")}  # of folders of classes


def read_pictures(directory: Path) -> dict[str, np.ndarray]:
    """Read MNIST-M from picture files, in either of two layouts.

    Ganin's own archive: mnist_m_train/ and mnist_m_test/, folders of 32 x 32 PNG files, each with a
    list beside it, mnist_m_train_labels.txt, whose lines hold a file's name and its digit. And
    folders of classes: train/0 to train/9 (or training/) and test/0 to test/9 (or testing/). Either
    may lie in the directory itself or in mnist_m/ in it.

    Returns:
        train and test, uint8 [n, 28, 28, 3], other sizes scaled to 28 x 28; train_labels and
        test_labels, uint8 [n], 0 to 9. The order of a list is kept; folders of classes are
        shuffled, always alike.

    Raises:
        AddaError: neither layout is there, or a list or picture is not of this form.
    """
    arrays = {}
    for part in NAMES:
        named = _find(directory, part)
        images = [read_square(path)[0] for path, _ in named]
        arrays[part] = np.stack(images)
        arrays[f"{part}_labels"] = np.array([digit for _, digit in named], np.uint8)
        if missing := sorted(set(range(10)) - {digit for _, digit in named}):
            raise AddaError(f"{directory}: {part} shows no {missing[0]}; it must hold every digit")
    return arrays


def _find(directory: Path, part: str) -> list[tuple[Path, int]]:
    """The picture files of a part, each with its digit."""
    for folder in (directory, directory / "mnist_m"):
        listed = folder / f"mnist_m_{part}_labels.txt"
        if listed.is_file():
            return _read_list(listed, folder / f"mnist_m_{part}")
        for name in NAMES[part]:
            if labelled := find_labelled(folder / name, DIGITS):
                order = np.random.default_rng(0).permutation(len(labelled))
                return [labelled[index] for index in order]
    raise AddaError(
        f"{directory} holds neither mnist_m_{part}_labels.txt nor pictures in {part}/0 to "
        f"{part}/9; docs/data.md says how MNIST-M must lie there"
    )


def _read_list(listed: Path, folder: Path) -> list[tuple[Path, int]]:
    named = []
    for number, line in enumerate(listed.read_text(errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        name, _, digit = line.strip().rpartition(" ")
        if not name or digit not in set("0123456789"):
            raise AddaError(f"{listed}, line {number}: {line!r} is not a file's name and a digit")
        named.append((folder / name.strip(), int(digit)))
    if not named:
        raise AddaError(f"{listed} is empty; each line must hold a file's name and its digit")
    return named


def load(params: DataParams, downloads: Downloads) -> Raw:
    """MNIST, and the pictures of data.directory."""
    if params.directory is None:
        raise AddaError("data.source is pictures, but data.directory is not set; set it")
    mnist = load_mnist(params, downloads)
    target = read_pictures(Path(params.directory))
    return Raw(mnist, target)


PICTURES = Source(
    load,
    ("MNIST", "MNIST-M"),
    "MNIST, checked against its published md5, and MNIST-M from picture files with their labels.",
    f"{MNIST_LICENCE} Photographs under MNIST-M: {BSDS500_LICENCE}",
    comparable=True,
)
