"""The data source "folders": any two domains of a user's own, the source with labels."""

import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from skimage.filters import threshold_otsu

from adda.common.array_files import MOST_CLASSES, OTHER, SIZE, class_order
from adda.common.errors import AddaError, counted, warn
from adda.datasets.downloads import Downloads
from adda.datasets.picture_formats import (
    count_pages,
    find_labelled,
    find_pictures,
    name_some,
    read_square,
)
from adda.datasets.raw_files import PARTS, Raw
from adda.datasets.source import DataParams, Source

FAINT = 32  # of 255: of MNIST's ink a tenth is fainter, of digits saved as JPEG half

Read = Callable[[Path], tuple[np.ndarray, int]]  # `read_square` with all its options chosen


def read_source(
    folder: Path, size: int = SIZE, mode: str = "L"
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read the source: train and test, each with a folder for each class, whose pictures show it.

    Pictures are of any format that Pillow opens. They become grey, or stay in colour with the mode
    "RGB"; are padded with black to a square, and scaled to `size` pixels along each side.

    Returns:
        train and test, uint8 [n, size, size] or [n, size, size, 3], and train_labels and
        test_labels, uint8 [n], in a random order, always the same one; and the names of the
        classes, whose places are the labels.

    Raises:
        AddaError: it is not of this form, or no picture of a part can be read.
    """
    classes = _find_classes(folder / "train")
    read = partial(read_square, size=size, mode=mode, pad=True)
    domain = {}
    for part in PARTS:
        place = folder / part
        if others := _other_folders(place, classes):
            raise AddaError(
                f"{place / others[0]} is not a class of {folder / 'train'}; rename it or remove it"
            )
        images, labels = _read_part(place, classes, read)
        if labels is None:
            raise AddaError(f"{place}: nobody labelled these pictures; the source needs labels")
        if missing := _missing(labels, classes):
            raise AddaError(
                f"{place} shows no {missing[0]}; every part of the source needs every class"
            )
        domain |= {part: images, f"{part}_labels": labels.astype(np.uint8)}
    return domain, classes


def read_target(folder: Path, classes: Sequence[str], size: int = SIZE) -> dict[str, np.ndarray]:
    """Read the target: as the source, or pictures that nobody labelled right in train or test.

    Of pictures the middle square is taken, in colour, as `classify` does. Those of classes that the
    source lacks are labelled len(classes), with a warning.

    Args:
        classes: of the source.

    Returns:
        As `read_source`, images uint8 [n, size, size, 3]; labels where somebody labelled a part.

    Raises:
        AddaError: it is not of this form, or no picture of a part can be read, or none is of a
            class of the source.
    """
    read = partial(read_square, size=size)
    domain = {}
    for part in PARTS:
        place = folder / part
        names = [*classes, *_other_folders(place, classes)]
        _check_alike(place, names)
        images, labels = _read_part(place, names, read)
        if labels is not None:
            others = ", ".join(names[label] for label in np.unique(labels) if label >= len(classes))
            if labels.min() >= len(classes):
                raise AddaError(
                    f"{place} shows {others}, and none of the source's classes, "
                    f"{', '.join(classes)}; give the same class the same name, or no labels"
                )
            if others:
                if OTHER in classes:
                    raise AddaError(
                        f"{place} shows {others}, which the source lacks: they count as {OTHER}, "
                        "and the source has a class of that name; rename it"
                    )
                warn(
                    f"{place} shows {others}, which the source lacks: each of these images is an "
                    "error of every classifier"
                )
            domain[f"{part}_labels"] = np.minimum(labels, len(classes)).astype(np.uint8)
            if missing := _missing(labels, classes):
                warn(f"{place} shows no {', '.join(missing)}: nothing is known of these")
        domain[part] = images
    return domain


def _find_classes(place: Path) -> list[str]:
    """The names of the folders with pictures; numbers by value, names by letter."""
    names = [path.name for path in _folders(place) if find_pictures(path)]
    if not 2 <= len(names) <= MOST_CLASSES:
        raise AddaError(
            f"{place} has {len(names)} folders with pictures; it needs one for each of 2 to "
            f"{MOST_CLASSES} classes, named after it"
        )
    _check_alike(place, names)
    return sorted(names, key=class_order)


def _check_alike(place: Path, names: Sequence[str]) -> None:
    """Raise AddaError where names of classes look the same, as "cat" and "Cat ", or are no text."""
    seen: dict[str, str] = {}
    for name in names:
        if name != name.encode(errors="ignore").decode():
            raise AddaError(f"{place}: the name {name!a} is not of UTF-8; rename the folder")
        other = seen.setdefault(unicodedata.normalize("NFC", name).strip().casefold(), name)
        if other != name:
            raise AddaError(
                f"{place}: the classes {other!a} and {name!a} differ by case, space or the "
                "coding of an accent alone; give the same class the same name"
            )


def _folders(place: Path) -> list[Path]:
    """The folders in a folder, but for hidden ones, as Jupyter's checkpoints are."""
    return [path for path in place.glob("*/") if not path.name.startswith(".")]


def _other_folders(place: Path, classes: Sequence[str]) -> list[str]:
    return sorted(path.name for path in _folders(place) if path.name not in classes)


def _missing(labels: np.ndarray, classes: Sequence[str]) -> list[str]:
    shown = set(labels.tolist())
    return [name for label, name in enumerate(classes) if label not in shown]


def _read_part(
    place: Path, names: Sequence[str], read: Read
) -> tuple[np.ndarray, np.ndarray | None]:
    """Pictures right in a folder, unlabelled, or in folders of classes, in a random order."""
    loose = [(path, None) for path in find_pictures(place)]
    labelled = find_labelled(place, names)
    if loose and labelled:
        raise AddaError(
            f"{place} holds pictures, {loose[0][0].name} for one, beside folders of classes; sort "
            "all of them into folders, or none"
        )
    if not loose and not labelled:
        raise AddaError(
            f"{place} holds no picture; put PNG or JPEG files into it, or into a folder for each "
            "class there"
        )
    images, labels = _read_pictures(loose or labelled, place, read)
    # Pictures of results show the first few images, which are to be of every class.
    order = np.random.default_rng(0).permutation(len(images))
    return images[order], labels[order] if labelled else None


def _read_pictures(
    pictures: Sequence[tuple[Path, int | None]], where: Path, read: Read
) -> tuple[np.ndarray, np.ndarray]:
    """Images, and the label of each; a warning names pictures that are left out."""
    found, problems = [], []
    for path, label in pictures:
        try:
            found.append((path, label, *read(path)))
        except AddaError as error:
            problems.append(str(error))
    if not found:
        raise AddaError(f"{where}: no picture can be read; of the first: {problems[0]}")
    paths, labels, images, sides = zip(*found, strict=True)
    size, count = len(images[0]), f"{len(pictures):,}"
    if problems:
        some = name_some(problems, "; ")
        warn(f"{where}: {len(problems):,} of {count} pictures are left out: {some}")
    if several := [path for path in paths if count_pages(path) > 1]:
        warn(
            f"{where}: of {counted(len(several), 'file')} with several pictures the first is read: "
            f"{name_some(several, ', ')}"
        )
    if scaled := sum(side != size for side in sides):
        blown_up = sum(side < size for side in sides)
        more = f"; {blown_up:,} of them are smaller, see data.size" if blown_up else ""
        warn(f"{where}: {scaled:,} of {count} pictures are scaled to {size} x {size} pixels{more}")
    return np.stack(images), np.array(labels)


def load(params: DataParams, _downloads: Downloads) -> Raw:
    """Both domains from data.directory."""
    if params.directory is None:
        raise AddaError("data.source is folders, but data.directory is not set; set it")
    for name in ("source", "target"):
        if not (folder := Path(params.directory) / name).is_dir():
            raise AddaError(f"{folder} is not a folder; make one, or correct data.directory")
    mode = "RGB" if params.binarise == "colour" else "L"
    source, classes = read_source(Path(params.directory) / "source", params.size, mode)
    if params.binarise == "otsu":
        # By each image's own threshold (Otsu 1979); an image of a single value has no ink.
        for part in PARTS:
            source[part] = np.stack(
                [np.where(x > threshold_otsu(x), x, np.uint8(0)) for x in source[part]]
            )
    ink = source["train"][source["train"] > 0]
    if params.binarise == "zero" and (ink < FAINT).sum() > len(ink) / 3:
        warn(
            "a third of the source's ink can hardly be seen, as JPEG's noise, and all above zero "
            "counts as ink; set data.binarise to otsu"
        )
    target = read_target(Path(params.directory) / "target", classes, params.size)
    return Raw(source, target, classes)


FOLDERS = Source(
    load,
    ("the source", "the target"),
    "Two domains of the user's own, from data.directory.",
    "The user's own, from `data.directory`.",
    comparable=False,
)
