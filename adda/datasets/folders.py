"""The data source "folders": any two domains of digits, from a user's own folders or pickles."""

from pathlib import Path

import numpy as np

from adda.common.array_files import check_images, check_labels
from adda.common.errors import AddaError
from adda.datasets.downloads import Downloads
from adda.datasets.mnistm import SIZE, mnist_labels
from adda.datasets.picture_files import find_labelled, open_picture, reading
from adda.datasets.raw_files import Raw
from adda.datasets.safe_pickle import load_arrays, text_keys
from adda.datasets.source import DataParams, Source

PARTS = ("train", "test")
MODES = ("1", "L", "P", "RGB", "CMYK")  # Pillow's names of what converts without a loss of meaning
BLURRED = (".jpg", ".jpeg", ".jpe", ".jfif")


def read_domain(directory: Path, name: str, mode: str) -> dict[str, np.ndarray]:
    """Read a domain from directory/name, a folder of folders, or from directory/name.pkl.

    The folder holds train/0 to train/9 and test/0 to test/9, each with files of 28 x 28 pixels that
    show this digit, of any format that Pillow opens but, for grey, JPEG. The pickle is a dictionary
    of what is returned.

    Args:
        mode: Pillow's name of the pixels' kind, "L" (grey) or "RGB".

    Returns:
        x_train and x_test, uint8 [n, 28, 28], or [n, 28, 28, 3] for "RGB"; y_train and y_test,
        uint8 [n], 0 to 9. They are in a random order, always the same one.

    Raises:
        AddaError: there is neither, or a picture or array is not of this form.
    """
    folder, pickled = directory / name, directory / f"{name}.pkl"
    if folder.is_dir():
        where, parts = folder, {part: _read_folder(folder, part, mode) for part in PARTS}
    elif pickled.is_file():
        where, parts = pickled, _read_pickle(pickled, mode)
    else:
        raise AddaError(f"{directory} holds neither a folder {name} nor {name}.pkl; make one")
    domain = {}
    for part, (images, digits) in parts.items():
        if missing := sorted(set(range(10)) - set(digits.tolist())):
            raise AddaError(f"{where}: {part} shows no {missing[0]}; every part needs every digit")
        # Pictures of results show the first few images, which are to be of every digit.
        order = np.random.default_rng(0).permutation(len(images))
        domain |= {f"x_{part}": images[order], f"y_{part}": digits[order].astype(np.uint8)}
    return domain


def _read_pickle(pickled: Path, mode: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    arrays = load_arrays(pickled)
    if not isinstance(arrays, dict):
        raise AddaError(
            f"{pickled} is no dictionary; it must hold x_train, y_train, x_test, y_test"
        )
    arrays = text_keys(arrays)
    sides = (SIZE, SIZE, 3) if mode == "RGB" else (SIZE, SIZE)
    parts = {}
    for part in PARTS:
        images, digits = arrays.get(f"x_{part}"), arrays.get(f"y_{part}")
        if isinstance(digits, list) and all(type(each) is int for each in digits):
            digits = np.array(digits, np.int64)
        check_images(images, sides, f"{pickled}: x_{part}")
        check_labels(digits, len(images), f"{pickled}: y_{part}")
        parts[part] = images, digits
    return parts


def _read_folder(folder: Path, part: str, mode: str) -> tuple[np.ndarray, np.ndarray]:
    named = find_labelled(folder / part)
    if not named:
        raise AddaError(
            f"{folder / part} holds no picture; put PNG or JPEG files into its folders 0 to 9, "
            "one for each digit"
        )
    images = [_read_picture(path, mode) for path, _ in named]
    return np.stack(images), np.array([digit for _, digit in named])


def _read_picture(path: Path, mode: str) -> np.ndarray:
    with reading(path):
        if mode == "L" and path.suffix.lower() in BLURRED:
            raise ValueError("JPEG blurs what is ink, which is all above 0; give PNG")
        image = open_picture(path)
        if image.mode not in MODES or "transparency" in image.info:
            raise ValueError(f"it is {image.mode} or transparent, not grey or colour")
        if image.size != (SIZE, SIZE):
            raise ValueError(f"it is {image.width} x {image.height} pixels, not {SIZE} x {SIZE}")
        return np.asarray(image.convert(mode))


def load(params: DataParams, _downloads: Downloads) -> Raw:
    """Both domains from data.directory."""
    if params.directory is None:
        raise AddaError("data.source is folders, but data.directory names none; set it")
    source = read_domain(Path(params.directory), "source", "L")
    target = read_domain(Path(params.directory), "target", "RGB")
    images = {part: target[f"x_{part}"] for part in PARTS}
    return Raw(source, images | mnist_labels(target), source["y_test"])


FOLDERS = Source(
    load,
    "Two domains of the user's own, from data.directory.",
    "The user's own, from `data.directory`.",
    published=False,
)
