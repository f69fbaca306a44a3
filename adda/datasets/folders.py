"""The data source "folders": any two domains of a user's own, the source with labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from skimage.filters import threshold_otsu

from adda.common.array_files import (
    MOST_CLASSES,
    check_images,
    check_labels,
    class_order,
    read_array,
)
from adda.common.errors import AddaError, reading, warn
from adda.datasets.downloads import Downloads
from adda.datasets.mnistm import SIZE
from adda.datasets.picture_files import (
    find_labelled,
    find_pictures,
    name_some,
    opaque,
    open_picture,
)
from adda.datasets.raw_files import Raw
from adda.datasets.safe_pickle import load_arrays, text_keys
from adda.datasets.source import DataParams, Source

PARTS = ("train", "test")


class Part(NamedTuple):
    """Images of one part of a domain, and their labels, if somebody labelled them."""

    images: np.ndarray
    labels: np.ndarray | None
    names: Sequence[str] = ()  # of the labels


def read_domain(
    directory: Path, name: str, mode: str, classes: Sequence[str] | None = None
) -> tuple[dict[str, Part], list[str]]:
    """Read a domain from directory/name, a folder, or from directory/name.pkl.

    The folder holds train and test, each with a folder for each class, whose pictures show it; or
    with pictures that nobody labelled right in it; or it holds train.npy and test.npy of those.
    Pictures are of any format that Pillow opens, and scaled to 28 x 28 pixels: grey ones are padded
    with black to a square, of those in colour the middle square is taken, as `classify` does. The
    pickle is a dictionary with x_train and x_test, and y_train and y_test, where there are labels.

    Args:
        mode: Pillow's name of the pixels' kind, "L" (grey) or "RGB".
        classes: those of the source, whose labels alone are needed; None: this is the source. In a
            target, images of other classes are labelled len(classes), with a warning.

    Returns:
        train and test, uint8 [n, 28, 28], or [n, 28, 28, 3] for "RGB", and labels, uint8 [n], the
        places of the classes. They are in a random order, always the same one. And the classes.

    Raises:
        AddaError: there is neither, or a picture or array is not of this form.
    """
    folder, pickled = directory / name, directory / f"{name}.pkl"
    if folder.is_dir():
        where, found = folder, _find_classes(folder) if classes is None else classes
        parts = {part: _read_folder(folder, part, mode, found, classes is None) for part in PARTS}
    elif pickled.is_file():
        where, parts = pickled, _read_pickle(pickled, mode)
        found = _count_classes(pickled, parts) if classes is None else classes
    else:
        raise AddaError(f"{directory} holds neither a folder {name} nor {name}.pkl; make one")
    domain = {}
    for part, (images, labels, names) in parts.items():
        if labels is None and classes is None:
            raise AddaError(f"{where}: nobody labelled {part}; the source needs labels")
        if labels is not None:
            others = [names[k] for k in np.unique(labels) if k >= len(found)]
            if labels.min() >= len(found):
                raise AddaError(
                    f"{where}: {part} shows {', '.join(others)}, and none of the source's classes, "
                    f"{', '.join(found)}; give the same class the same name, or no labels"
                )
            if others:
                warn(
                    f"{where}: {part} shows {', '.join(others)}, which the source lacks: each of "
                    "these images is an error of every classifier"
                )
                labels = np.minimum(labels, len(found))
            missing = [found[label] for label in sorted({*range(len(found))} - {*labels.tolist()})]
            if missing and classes is None:
                raise AddaError(
                    f"{where}: {part} shows no {missing[0]}; every part of the source needs every "
                    "class"
                )
            if missing:
                warn(f"{where}: {part} shows no {', '.join(missing)}: nothing is known of these")
        # Pictures of results show the first few images, which are to be of every class.
        order = np.random.default_rng(0).permutation(len(images))
        labels = None if labels is None else labels[order].astype(np.uint8)
        domain[part] = Part(images[order], labels)
    return domain, list(found)


def _find_classes(folder: Path) -> list[str]:
    """The names of the folders in a source's train; numbers by value, names by letter."""
    names = [path.name for path in _folders(folder / "train") if find_pictures(path)]
    if not 2 <= len(names) <= MOST_CLASSES:
        raise AddaError(
            f"{folder / 'train'} has {len(names)} folders with pictures; it needs one for each of "
            f"2 to {MOST_CLASSES} classes, named after it"
        )
    return sorted(names, key=class_order)


def _folders(place: Path) -> list[Path]:
    """The folders in a folder, but for hidden ones, as Jupyter's checkpoints are."""
    return [path for path in place.glob("*/") if not path.name.startswith(".")]


def _count_classes(pickled: Path, parts: dict[str, Part]) -> list[str]:
    """The classes of a pickle's labels: 0 to the highest."""
    labels = [part.labels for part in parts.values() if part.labels is not None]
    most = max((int(each.max()) for each in labels), default=1)
    if not most:
        raise AddaError(f"{pickled}: every label is 0; the source needs two classes or more")
    return [str(label) for label in range(most + 1)]


def _read_pickle(pickled: Path, mode: str) -> dict[str, Part]:
    arrays = load_arrays(pickled)
    if not isinstance(arrays, dict):
        raise AddaError(
            f"{pickled} is not a dictionary; it must hold x_train and x_test, and y_train and "
            "y_test"
        )
    arrays = text_keys(arrays)
    sides = (SIZE, SIZE, 3) if mode == "RGB" else (SIZE, SIZE)
    parts = {}
    for part in PARTS:
        images, labels = arrays.get(f"x_{part}"), arrays.get(f"y_{part}")
        if isinstance(labels, list) and all(type(each) is int for each in labels):
            labels = np.array(labels, np.int64)
        check_images(images, sides, f"{pickled}: x_{part}")
        if labels is not None:
            check_labels(labels, len(images), f"{pickled}: y_{part}", MOST_CLASSES)
        parts[part] = Part(images, labels, [str(label) for label in range(MOST_CLASSES)])
    return parts


def _read_folder(folder: Path, part: str, mode: str, classes: Sequence[str], source: bool) -> Part:
    place = folder / part
    loose = find_pictures(place)
    others = sorted(path.name for path in _folders(place) if path.name not in classes)
    if others and source:
        raise AddaError(
            f"{place / others[0]} is not a class of {folder / 'train'}; rename it or remove it"
        )
    names = [*classes, *others]
    labelled = find_labelled(place, names)
    if loose and labelled:
        raise AddaError(
            f"{place} holds pictures, {loose[0].name} for one, beside folders of classes; sort "
            "all of them into folders, or none"
        )
    if loose:
        return Part(_read_pictures(loose, mode, place)[0], None)
    if (stack := folder / f"{part}.npy").is_file():
        if labelled:
            raise AddaError(f"{stack} lies beside folders of classes in {place}; remove either")
        images = read_array(stack)
        check_images(images, (SIZE, SIZE, 3) if mode == "RGB" else (SIZE, SIZE), str(stack))
        return Part(images, None)
    if not labelled:
        raise AddaError(
            f"{place} holds no picture; put PNG or JPEG files into it, or into a folder for each "
            "class there"
        )
    images, good = _read_pictures([path for path, _ in labelled], mode, place)
    return Part(images, np.array([label for _, label in labelled])[good], names)


def _read_pictures(paths: Sequence[Path], mode: str, where: Path) -> tuple[np.ndarray, list[int]]:
    """Images, and the place among the paths of each; a warning names those that are left out."""
    images, good, bad, scaled = [], [], [], 0
    for place, path in enumerate(paths):
        try:
            with reading(path):
                image = opaque(open_picture(path)).convert(mode)
        except AddaError as error:
            bad.append(str(error))
            continue
        if image.size != (SIZE, SIZE):
            scaled += 1
            square = ImageOps.pad if mode == "L" else ImageOps.fit
            image = square(image, (SIZE, SIZE), Image.Resampling.BOX)
        images.append(np.asarray(image))
        good.append(place)
    if not images:
        raise AddaError(f"{where}: no picture can be read; of the first: {bad[0]}")
    if bad:
        some = name_some(bad, "; ")
        warn(f"{where}: {len(bad):,} of {len(paths):,} pictures are left out: {some}")
    if scaled:
        warn(f"{where}: {scaled:,} of {len(paths):,} pictures are scaled to {SIZE} x {SIZE} pixels")
    return np.stack(images), good


def cut_ink(images: np.ndarray) -> np.ndarray:
    """Set to 0 what is no ink by each image's own threshold (Otsu 1979): uint8 [n, 28, 28], both.

    An image of a single value has no ink.
    """
    return np.stack([np.where(each > threshold_otsu(each), each, np.uint8(0)) for each in images])


def load(params: DataParams, _downloads: Downloads) -> Raw:
    """Both domains from data.directory."""
    if params.directory is None:
        raise AddaError("data.source is folders, but data.directory is not set; set it")
    source, classes = read_domain(Path(params.directory), "source", "L")
    if params.binarise == "otsu":
        source = {name: part._replace(images=cut_ink(part.images)) for name, part in source.items()}
    target, _ = read_domain(Path(params.directory), "target", "RGB", classes)
    mnist, mnistm = {}, {}
    for part in PARTS:
        mnist |= {f"x_{part}": source[part].images, f"y_{part}": source[part].labels}
        mnistm[part] = target[part].images
        if target[part].labels is not None:
            mnistm[f"{part}_labels"] = target[part].labels
    return Raw(mnist, mnistm, source["test"].labels, classes)


FOLDERS = Source(
    load,
    ("the source", "the target"),
    "Two domains of the user's own, from data.directory.",
    "The user's own, from `data.directory`.",
    published=False,
)
